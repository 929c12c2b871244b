"""Claims and copies of data of somebody else."""

import json
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from ipllvm.tests.hostile import damage
from ipllvm.tests.hostile.row import Row

SHORT = ("-k", "test_clean_score", "--samples=4", "-q", "--offline")
CLAIMS = ("check", "planted:invariant", *SHORT, "--benchmark=planted", "--claims=mine.toml")
ESCAPES = "\x1b]0;pwned\x07\n::error::pwned\u202e##[error]x"
DATA = {"IPLLVM_DATA": "data"}
TOML = {
    "lists nested deep": "a = " + "[" * 5_000,
    "tables nested deep": "[" + ".".join("a" * 900) + "]\nb = 1",
    "a number of 5,000 digits": "[permutation]\nmargin = " + "1" * 5_000,
    "an infinite margin": "[permutation]\nmargin = inf",
    "a margin that is not a number": "[permutation]\nmargin = nan",
    "a margin of words": '[permutation]\nmargin = "two"',
    "a claim that is a list": "permutation = [1]",
    "a key of escapes": '[permutation]\n"\\u001b]0;x\\u0007\\n::error::x" = 1',
    "a claim of escapes": '["\\n::error::x"]\nmargin = 1',
    "a text of 2 MB": '[permutation]\ntext = "' + "x" * (2 << 20) + '"',
    "half a table": "[permutation",
    "a NUL": "[permutation]\ntext = '\0'",
    "a date for a margin": "[permutation]\nmargin = 2020-01-01",
    "an unknown key": "[permutation]\nmargn = 1",
    "a direction of no kind": '[permutation]\ndirection = "sideways"',
}
ROW = {"question": "How many?", "answer": "#### 3"}
JSONL = {
    "a row that is a list": "[1]",
    "a row of numbers": "1",
    "a row nested deep": "[" * 100_000,
    "a row without an answer": json.dumps({"question": "x"}),
    "an answer without a number": json.dumps({**ROW, "answer": "three"}),
    "an answer of a list": json.dumps({**ROW, "answer": [1]}),
    "a number of 5,000 digits": '{"question": ' + "1" * 5_000 + "}",
    "half a row": '{"question": "x',
    "no rows": "\n\n",
    "escapes": json.dumps({**ROW, "answer": ESCAPES}),
    "null": "null",
    "a question of 30 MB": json.dumps({**ROW, "question": "x" * 30_000_000}),
    "a question of escapes": json.dumps({**ROW, "question": ESCAPES * 9_000}),
}
CSV = {
    "no columns": "1\n2\n",
    "an empty table": "",
    "a question without options": "Index,Question,Options,Correct Answer\n1,q,none,(a)\n",
    "an answer of no option": "Index,Question,Options,Correct Answer\n1,q,(a) x (b) y,(z)\n",
    "escapes": f'Index,Question,Options,Correct Answer\n1,"{ESCAPES}","(a) x",(a)\n',
    "a field of 1 MB": "Index,Question,Options,Correct Answer\n1," + "x" * (1 << 20) + ",(a) x (b) y,(a)\n",
    "no text": "\udcff\udcfe",
    "a NUL": "Index,Question,Options,Correct Answer\n1,\0,(a) x,(a)\n",
}
HEAD = "Index,Question,Options,Correct Answer\n"


def _data(name: str, text: str) -> Callable[[Path], None]:
    return damage.written(name, text.encode("utf-8", "surrogateescape"))


def _pictures(put: Callable[[Path], object]) -> Callable[[Path], None]:
    """A copy of mmvp with four questions, whose pictures are put there by `put`."""

    def make(folder: Path) -> None:
        pictures = folder / "data" / "mmvp" / "MMVP Images"
        pictures.mkdir(parents=True)
        rows = "".join(f"{n},q?,(a) x (b) y,(a)\n" for n in range(1, 5))
        (folder / "data" / "mmvp" / "Questions.csv").write_text(HEAD + rows)
        for number in range(1, 5):
            put(pictures / f"{number}.jpg")

    return make


def _huge(path: Path) -> None:
    """A small file that says it is a picture of 144 million pixels."""
    Image.new("1", (12_000, 12_000)).save(path, "PNG")


PICTURES: dict[str, Callable[[Path], object]] = {
    "of 144 million pixels": _huge,
    "that are strips of 30,000 pixels": lambda path: Image.new("1", (30_000, 1)).save(path, "PNG"),
    "that are no pictures": lambda path: path.write_bytes(b"no picture"),
    "that are cut short": lambda path: path.write_bytes(b"\xff\xd8\xff\xe0" + bytes(64)),
    "that are missing": lambda path: None,
    "that are pipes": lambda path: damage.piped(path.name)(path.parent),
    "that are devices": lambda path: path.symlink_to("/dev/zero"),
    "that are folders": lambda path: path.mkdir(),
    "that are a terabyte": lambda path: damage.sparse(path.name)(path.parent),
    "that are links to themselves": lambda path: path.symlink_to(path.name),
}
LLAVA = ("check", "llava-tiny", *SHORT, "--device=cpu", "--batch-size=4", "--benchmark=mmvp")
PLANTED = ("check", "planted:invariant", *SHORT)
MATHS = ("check", "llava-tiny", "-k", "text_only_math", "--samples=4", "--offline", "--benchmark=gsm8k")
ROWS = [
    *(
        Row(
            f"claims with {what}",
            CLAIMS,
            4,
            "mine.toml",
            damage.written("mine.toml", text.encode()),
            "deep" in what,
            1,
        )
        for what, text in TOML.items()
    ),
    *(
        Row(f"claims {what}", CLAIMS, 4, "mine.toml", make, what == "a pipe", 1)
        for what, make in damage.all_of("mine.toml").items()
        if what != "empty"
    ),
    *(
        Row(
            f"gsm8k with {what}",
            MATHS,
            7,
            "gsm8k",
            _data("data/gsm8k/test.jsonl", text),
            fast="deep" in what,
            variables=DATA,
        )
        for what, text in JSONL.items()
    ),
    *(
        Row(
            f"gsm8k {what}",
            MATHS,
            7,
            "gsm8k",
            make,
            variables=DATA,
            fast=what == "a pipe",
        )
        for what, make in damage.all_of("data/gsm8k/test.jsonl").items()
        if what
        in ("a pipe", "a device", "huge", "a folder", "missing", "a link to itself", "no text", "empty")
    ),
    *(
        Row(
            f"mmvp with {what}",
            (*PLANTED, "--benchmark=mmvp"),
            7,
            "mmvp",
            _data("data/mmvp/Questions.csv", text),
            fast=what == "escapes",
            variables=DATA,
        )
        for what, text in CSV.items()
    ),
    *(
        Row(f"mmvp's table {what}", (*PLANTED, "--benchmark=mmvp"), 7, "mmvp", make, variables=DATA)
        for what, make in damage.all_of("data/mmvp/Questions.csv").items()
        if what in ("a pipe", "a device", "huge", "a folder", "a link to itself", "no text", "empty")
    ),
    *(
        Row(f"mmvp with pictures {what}", LLAVA, 7, "4 of 4 samples failed", _pictures(put), variables=DATA)
        for what, put in PICTURES.items()
    ),
]
