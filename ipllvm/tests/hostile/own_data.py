"""Rows and answers of somebody else: read by `data check` and `score`, neither of which needs a model."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from ipllvm.tests.benchmarks.copies import png
from ipllvm.tests.hostile import damage
from ipllvm.tests.hostile.damage import both
from ipllvm.tests.hostile.row import Row

ESCAPES = "\x1b]0;pwned\x07\n::error::pwned\u202e##[error]x"
LONG = "x" * 5_000
PLAIN = {"image": "a.png", "question": "How many?", "answer": "3"}
CHOICES = {**PLAIN, "choices": ["red", "blue"], "answer": "red"}
Make = Callable[[Path], object]


def lines(*rows: Any, name: str = "mine.jsonl") -> Make:
    """A file of rows, given as values or as text, beside a picture and a link that leads out."""

    def make(folder: Path) -> None:
        (folder / "a.png").write_bytes(png(1))
        (folder / "out.png").symlink_to(folder.parent / "victim")
        text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
        (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))

    return make


CELLS: dict[str, tuple[dict[str, Any], str]] = {
    "a picture outside": ({"image": "../victim"}, "leads out of"),
    "a picture from the root": ({"image": "/etc/hostname"}, "leads out of"),
    "a picture behind a link": ({"image": "out.png"}, "leads out of"),
    "a picture outside in a table": ({"image": {"path": "../victim"}}, "leads out of"),
    "a picture elsewhere": ({"image": "https://example.org/a.png"}, "is an address"),
    "a picture of a NUL": ({"image": "a\0.png"}, "it is not a path"),
    "a picture's name too long": ({"image": LONG + "."}, "it is not a path"),
    "a picture that is a number": ({"image": 5}, "base64 is needed"),
    "a picture that is not base64": ({"image": "A" * 65}, "not base64"),
    "a picture in lists": ({"image": [["a.png"]]}, "base64 is needed"),
    "no pictures": ({"image": []}, "there is no picture"),
    "a picture that is not there": ({"image": "b.png" + ESCAPES}, "there is no picture"),
    "no question": ({"question": None}, "column 'question'"),
    "a question that is a list": ({"question": ["x"]}, "column 'question'"),
    "no answers": ({"answer": []}, "column 'answer'"),
    "a blank answer": ({"answer": [" "]}, "column 'answer'"),
    "an answer that is a table": ({"answer": {"a": 1}}, "column 'answer'"),
    "an infinite answer": ({"answer": float("inf")}, "column 'answer'"),
    "an answer that is not a number": ({"answer": float("nan")}, "column 'answer'"),
    "a cluster that is a list": ({"cluster": [1]}, "column 'cluster'"),
    "an id that is a table": ({"id": {}}, "column 'id'"),
    "one choice": ({"choices": ["3"]}, "column 'choices'"),
    "choices that are alike": ({"choices": ["3", "3"]}, "column 'choices'"),
    "thirty choices": ({"choices": [*map(str, range(30))]}, "column 'choices'"),
    "choices that are a number": ({"choices": 7}, "column 'choices'"),
    "an answer of no choice": ({"choices": ["red", "blue"]}, "neither one of the choices"),
    "two answers to choices": ({"choices": ["red", "blue"], "answer": ["red", "blue"]}, "one answer"),
}
FILES: dict[str, tuple[Make, str]] = {
    "a row that is a list": (lines([1]), "one JSON value"),
    "a row nested deep": (lines("[" * 100_000), "deep"),
    "a name twice in a row": (
        lines('{"image": "a.png", "question": "x", "answer": "3", "answer": "4"}'),
        "the name 'answer' stands twice",
    ),
    "an id twice": (lines({**PLAIN, "id": 1}, {**PLAIN, "id": 1}), "is row 1's too"),
    "two answers to one question": (
        lines({**PLAIN, "id": 1}, {**PLAIN, "id": 2, "answer": "4"}),
        "row 2 asks the same of the same picture as row 1, and their answers differ ('3', '4')",
    ),
    "no column for the answer": (lines({"image": "a.png", "question": "x"}), "no column for answer"),
    "no rows": (lines(""), "no rows"),
    "answers in two columns": (
        lines({**PLAIN, "Answer": "4"}),
        "'answer' and 'Answer' could both be the answer",
    ),
    "a space at a column's end": (lines({**PLAIN, "question ": "y"}), "could both be the question"),
    "capitals in a later row": (
        lines(PLAIN, {**PLAIN, "question": "y", "IMAGE": "b.png"}),
        "'image' and 'IMAGE'",
    ),
    "a row without what the first one has": (lines(PLAIN, {"image": "a.png", "answer": "3"}), "row 2"),
}
TOML = {
    "an unknown key": 'scorers = "x"',
    "an unknown scorer": 'scorer = "exact_mach"',
    "tokens without end": "max_new_tokens = 1000000000000",
    "no tokens": "max_new_tokens = 0",
    "tokens in words": 'max_new_tokens = "all"',
    "a column that is not there": 'answer = "anser"',
    "escapes for a column": 'answer = "\\u001b]0;x\\u0007\\n::error::x"',
    "lists nested deep": "a = " + "[" * 5_000,
    "a folder of nobody": 'pictures = "mine/~nouser"',
}
TABLES = {
    "columns twice": "image,question,answer,answer\na.png,q,1,2\n",
    "columns twice but for capitals": "image,question,answer,ANSWER\na.png,q,1,2\n",
    "a quote that never ends": 'image,answer,question\na.png,1,"q\na.png,2,r\n',
    "a row too short": "image,question,answer\na.png,q\n",
    "a row too long": "image,question,answer\na.png,q,1,2\n",
    "no rows": "image,question,answer\n",
    "nothing": "",
    "no text": "\udcff\udcfe",
    "escapes for a header": f'"{ESCAPES}",b,c\n1,2,3\n',
}
TABLES["a hundred thousand columns"] = (
    "image," + ",".join(f"c{n}" for n in range(100_000)) + "\n" + "," * 100_000
)
CHECK = ("data", "check")
NAMED = {
    "of a path too long": (LONG + ".jsonl", "there is no such file"),
    "of a home of nobody": ("~nouser/x.jsonl", "there is no such file"),
    "of a NUL": ("a\0.jsonl", ""),
    "of a hub address that climbs": ("hub:../x", "give hub:ORG/NAME"),
    "of a hub address of escapes": (f"hub:{ESCAPES}/x", "give hub:ORG/NAME"),
    "of no task": ("lmms:", "give a task"),
    "of a protocol of no kind": ("mme@papr", "did you mean 'paper'"),
    "of a protocol that it can not have": ("scenes@paper", "scenes"),
    "of a published set misspelt": ("chartq", "did you mean 'chartqa'"),
}
MME = {"question_id": "code/0001.png", "question": "Is it?", "answer": "Yes", "category": "code_reasoning"}
SAID = {"id": "code/0001.png", "response": "Yes"}
SCORE = ("score", "--benchmark=mme", "rows.jsonl", "said.jsonl")


def scored(*said: Any, rows: tuple[Any, ...] = (MME,)) -> Make:
    """Rows of MME and what was answered."""
    return both(lines(*rows, name="rows.jsonl"), partial(_said, said=said))


def _said(folder: Path, said: tuple[Any, ...]) -> None:
    text = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in said)
    (folder / "said.jsonl").write_text(text)


ANSWERS: dict[str, tuple[Make, str]] = {
    "without an id": (scored({"response": "Yes"}), "line 1 has no 'id'"),
    "without a response": (scored({"id": "x"}), "line 1 has no 'response'"),
    "whose id is a list": (scored({**SAID, "id": []}), "column 'id'"),
    "whose response is a table": (scored({**SAID, "response": {}}), "column 'response'"),
    "whose response is true": (scored({**SAID, "response": True}), "column 'response'"),
    "to no row": (scored({**SAID, "id": ESCAPES}), "none of the 1 responses belongs to a row"),
    "that contradict": (scored(SAID, {**SAID, "response": "No"}), "--duplicates"),
    "nested deep": (scored('{"id": ' + "[" * 100_000), "deep"),
    "of none": (scored("\n"), "holds no responses"),
    "with a number of 5,000 digits": (scored('{"id": 1, "response": ' + "1" * 5_000 + "}"), "digits"),
    "to a row without an answer": (scored(SAID, rows=({**MME, "answer": None},)), "row 1"),
    "to rows that are lists": (scored(SAID, rows=([],)), "one JSON value"),
}
ODD = ("a pipe", "a device", "a folder", "a link to itself", "missing", "no text", "nested deep")


def _without(folder: Path, name: str) -> None:
    (folder / name).unlink()


def _linked_scores(folder: Path) -> None:
    scored(SAID)(folder)
    (folder / "scores.jsonl").symlink_to(folder.parent / "victim")


def _moving(folder: Path) -> None:
    lines(PLAIN)(folder)
    first, second = (Image.new("RGB", (32, 32), color) for color in ("red", "blue"))
    first.save(folder / "a.png", "PNG", save_all=True, append_images=[second])


MOVING = ("check", "llava-tiny", "-k", "image_use", "--benchmark=mine.jsonl", "--device=cpu", "--offline")
MOVES = "mine.jsonl: 1 of 1 pictures holds several (frames or pages): the first of each is shown"
ROWS = [
    *(
        Row(f"own rows with {what}", (*CHECK, "mine.jsonl"), 4, line, lines({**PLAIN, **cells}), lines=1,
            fast=what in ("a picture behind a link", "an infinite answer"))
        for what, (cells, line) in CELLS.items()
    ),
    *(
        Row(f"own rows with {what}", (*CHECK, "mine.jsonl"), 4, line, make, lines=1)
        for what, (make, line) in FILES.items()
    ),
    Row("own rows with a picture that moves", MOVING, 0, MOVES, _moving),
    *(
        Row(f"own rows beside a TOML with {what}", (*CHECK, "mine.jsonl"), 4, "mine", lines=1,
            make=both(lines(PLAIN), damage.written("mine.toml", text.encode())), fast="without end" in what)
        for what, text in TOML.items()
    ),
    *(
        Row(f"own rows beside a TOML that is {what}", (*CHECK, "mine.jsonl"), 4, "mine.toml", lines=1,
            make=both(lines(PLAIN), make))
        for what, make in damage.all_of("mine.toml").items()
        if what in ("a pipe", "a device", "a folder", "a link to itself", "no text", "huge")
    ),
    *(
        Row(f"own table {suffix} with {what}", (*CHECK, f"mine.{suffix}"), 4, f"mine.{suffix}", lines=1,
            make=lines(text if suffix == "csv" else text.replace(",", "\t"), name=f"mine.{suffix}"),
            fast=suffix == "csv" and "never ends" in what)
        for suffix in ("csv", "tsv")
        for what, text in TABLES.items()
    ),
    *(
        Row(f"own {suffix} that is {what}", (*CHECK, f"mine.{suffix}"), 4, f"mine.{suffix}", make, lines=1)
        for suffix in ("parquet", "csv", "jsonl")
        for what, make in damage.all_of(f"mine.{suffix}").items()
        if what in (*ODD, "empty", "cut short")
    ),
    *(
        Row(f"copy {what}", (*CHECK, name), 4, line, lines=1)
        for what, (name, line) in NAMED.items()
        if name.startswith("hub:") or name.endswith(".jsonl")
    ),
    *(
        Row(f"run on a benchmark {what}", ("check", "planted:invariant", f"--benchmark={name}"), 4, line,
            lines=1, fast="too long" in what)
        for what, (name, line) in NAMED.items()
    ),
    *(
        Row(f"responses {what}", SCORE, 4, line, make, lines=1, fast=what == "to no row")
        for what, (make, line) in ANSWERS.items()
    ),
    *(
        Row(f"{name} to score that is {what}", SCORE, 4, name, lines=1,
            make=both(scored(SAID), partial(_without, name=name), make))
        for name in ("rows.jsonl", "said.jsonl")
        for what, make in damage.all_of(name).items()
        if what in ODD
    ),
    Row("scores into a link", (*SCORE, "--out=scores.jsonl"), 0, "accuracy", _linked_scores, fast=True),
    Row("scores into a folder", (*SCORE, "--out=."), 4, "can't be written", scored(SAID), lines=1),
    Row("scores into nowhere", (*SCORE, "--out=no/such/file"), 4, "can't be written", scored(SAID), lines=1),
    Row("scores by no rule", (*SCORE, "--rule=offical"), 4, "did you mean", scored(SAID), lines=1),
]  # fmt: skip
