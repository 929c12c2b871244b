"""Every command that a page shows is run, with stand-ins for what a user puts in, or says why it is not."""

import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from ipllvm.models.sources import embedded_folder
from ipllvm.tests.benchmarks.published import rows
from ipllvm.tests.commands.test_score import right, written
from ipllvm.tests.docs.commands import DOCS, GUIDES, README, script, shown
from ipllvm.tests.docs.surroundings import surroundings
from ipllvm.tests.docs.test_docs import run, shell
from ipllvm.tests.gate.test_logs import inspect_packed, lm_eval

shell = shell  # the fixture
NOT_RUN: Final = {
    "--benchmark=lmms:": "needs lmms-eval; a task made by the tests runs in its own",
    "speed --synthetic llava": "needs a GPU; the same on small shapes is run",
}
"""Parts of commands that are not run, and why."""
NEEDED: Final = {
    "--ray": ("ray",),
    "--log mlflow": ("mlflow", "tensorboard"),
    "--log tensorboard": ("tensorboard",),
}
"""Parts of commands that are run where packages are installed, which the project does not require."""
QUICK: Final = ["-k", "image_use", "--benchmark=planted", "--samples=24"]
MODEL: Final = "planted:invariant"
STAND_INS: Final = {
    **dict.fromkeys(("MODEL", "llava-ov", "/models/old", "/models/new"), MODEL),
    **dict.fromkeys(
        ("--model=MODEL", "--model=llava-ov", "--model=/path/to/checkpoint", "--model=/old", "--model=/new"),
        f"--model={MODEL}",
    ),
    **dict.fromkeys(("RUN", "REPORT", "reports/RUN", "reports/2026-11-26T20-00-00Z", "A"), "$ONE"),
    **dict.fromkeys(("reports/OTHER", "B"), "$TWO"),
    "PROPERTY": "image_use", "SAMPLE": "$SAMPLE", "[SAMPLE]": "", "NAME": "image_use",
    "questions.jsonl": "planted", "--benchmark=questions.jsonl": "--benchmark=planted",
    "--benchmark=NAME": "--benchmark=mmvp", "ROWS": "rows.jsonl", "RESPONSES": "responses.jsonl",
    **dict.fromkeys(("[--protocol", "P]", "[--rule", "R]", "[--judge", "J]", "[--out", "SCORES.jsonl]"), ""),
    **dict.fromkeys(("[--format", "json]"), ""),
    "--shard=1/8": "--shard=1/2", **{f"part-{number}": "" for number in range(3, 9)}, "DIR...": "$PARTS",
    "ARGUMENTS": f"--model={MODEL}", "/models/candidate": MODEL, "parts/*": "$(echo parts/*)",
    "--benchmark=hub:ORG/NAME:CONFIG@SPLIT": "--benchmark=hub:ORG/NAME:default@test",
}  # fmt: skip
"""What is put in for a word of a page."""
OF_COMMANDS: Final[dict[str, dict[str, str]]] = {
    "paper": {"llava-1.5": "llava-tiny", "llava-next": "vit-tiny"},
    "data": {"NAME": "chartqa"},
    "history": {"reports": "steps"},
}
"""The same for a command's own words."""
ADDED: Final = {
    "data get": ["--accept-licence"],
    "view": ["--bundle", "pages"],
    "calibrate --rivals": ["--quick", "--only", "gate"],
    "paper table1": ["--samples=4", "--draws=1"],
}
ADDRESSES: Final = ("http://localhost:8000/v1", "https://api.openai.com/v1", "https://api.example.com/v1")
OTHER_PROCESS: Final = ("data get", "hub:", "--log", "--ray")
"""Commands that read the environment when packages are imported: no fork of one that has imported them."""
OWN: Final = "--property=test_mirror.py"
FIRST: Final = """
set -- reports/2*
ONE=$1 TWO=$2 PARTS="part-1 part-2"
SAMPLE=$(grep -o '"sample": *"[^"]*"' $ONE/report.json | head -n 1 | cut -d'"' -f4)
ipllvm check planted:invariant -k image_use --benchmark=planted --samples=24 --shard=2/2 --report-dir=part-2
mkdir FOLDER
may() { "$@" || case $? in 1|6|7) ;; *) echo "$@"; exit 9;; esac; }
for step in 500 1000; do
    cp -r $TINY step-$step
    may ipllvm check step-$step -k image_use --benchmark=scenes --samples=8 --report-dir=steps
done
"""
"""Two runs by name; a claim that is violated or open, or a comparison that lacks some, is an answer too."""


def named_only(words: list[str]) -> bool:
    """Whether a page names a command without the arguments that it needs."""
    needs = ("report", "score", "compare", "replay", "view", "plan", "check", "calibrate", "speed", "paper")
    bare = len(words) == 2 and words[1] in (*needs, "history", "data", "gate", "store")
    return bare or words[1:] in (["store", "merge"], ["report", "--merge"], ["store", "verify"])


def reason(words: list[str]) -> str:
    """Why a command is not run; empty for one that is."""
    line = shlex.join(words)
    for part, packages in NEEDED.items():
        lost = [name for name in packages if find_spec(name) is None]
        if part in line and lost:
            return f"needs {', '.join(lost)}"
    return next((why for part, why in NOT_RUN.items() if part in line), "")


def to_run() -> Iterator[list[str]]:
    """The commands that no page runs from top to bottom, each once."""
    done = {line.split(" || ")[0] for page in GUIDES for line in script(page).splitlines()}
    for page in (*GUIDES, README):
        for words in shown(page):
            line = shlex.join(words)
            if line not in done and not named_only(words) and not reason(words) and "--options" not in line:
                done.add(line)
                yield words


def put_in(words: list[str]) -> str:
    """A command of a page as it can be run here."""
    name, line = "check" if words[0] == "pytest" else words[1], shlex.join(words)
    stand_ins = OF_COMMANDS.get(name, {}) if name == "paper" else STAND_INS | OF_COMMANDS.get(name, {})
    given = [stand_ins.get(word, word) for word in words[2:] if not word.startswith("--samples")]
    if name in ("check", "audit", "plan"):
        given += [] if "-k" in given or OWN in given else QUICK[:2]
        given += ["--samples=2"] if "--benchmark=" in shlex.join(given) else QUICK[2:]
    given += [word for part, added in ADDED.items() if part in line for word in added]
    if name == "score" and "mmvet" in line:
        given = [f"mmvet-{word}" if word.endswith(".jsonl") else word for word in given]
    if name == "verify":
        given[0] = "latest"  # the audit of the line before
    program = "env $HUB python -m ipllvm" if any(part in line for part in OTHER_PROCESS) else "ipllvm"
    command = " ".join(["may", program, name, *map(quoted, filter(None, given))])
    parts = '"--shard=1/2 --report-dir=parts/1" "--shard=2/2 --report-dir=parts/2"'
    return f"for part in {parts}; do {command}; done" if "$part" in given else command


def quoted(word: str) -> str:
    """A word for the shell, variables and the server's address put in."""
    for address in ADDRESSES:
        word = word.replace(address, "$SERVED")
    if "$SERVED" in word:
        return f'"{word}"'
    return word if word.startswith("$") else shlex.quote(word)


def test_what_is_not_run_is_little_and_says_why() -> None:
    every = {shlex.join(words): words for page in (*GUIDES, README) for words in shown(page)}
    whole = [words for words in every.values() if not named_only(words)]
    left = [words for words in whole if reason(words)]
    assert [part for part in (*NOT_RUN, *NEEDED) if not any(part in line for line in every)] == []
    assert len(left) < 0.06 * len(whole), f"{len(left)} of {len(whole)}"


@pytest.mark.slow
@pytest.mark.process
def test_the_commands_of_the_pages_run(shell: Path) -> None:
    """On a planted model and few questions."""
    for benchmark, before in (("mmvp", ""), ("mmvet", "mmvet-")):
        written(shell / f"{before}rows.jsonl", rows(benchmark))
        written(shell / f"{before}responses.jsonl", right(benchmark))
    for name, scores in (("old", [1.0] * 40), ("new", [1.0] * 30 + [0.0] * 10)):
        lm_eval(shell / name / "samples", scores)
        inspect_packed(shell / name, scores)
    made_by_page = script(DOCS / "own-property.md").split("<<'END'\n")[1].split("\nEND\n")[0]
    (shell / "test_mirror.py").write_text(made_by_page)
    commands = [put_in(words) for words in to_run()]
    if find_spec("cryptography") is None:
        commands = [line for line in commands if "release-key" not in line]
    else:
        make_key(shell / "release-key")
    made = [f"ipllvm check {MODEL} {shlex.join(QUICK)} --report-only --save-baseline={name}"
            for name in ("release-1", "candidate-a", "candidate-b")]  # fmt: skip
    with surroundings(shell) as there:
        run(shell, "\n".join([*made, FIRST, *commands]), TINY=str(embedded_folder("llava-tiny")), **there)


def make_key(place: Path) -> None:
    """A key pair, as ssh-keygen makes it."""
    from cryptography.hazmat.primitives import serialization as forms
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private = (forms.Encoding.PEM, forms.PrivateFormat.OpenSSH, forms.NoEncryption())
    place.write_bytes(key.private_bytes(*private))
    public = key.public_key().public_bytes(forms.Encoding.OpenSSH, forms.PublicFormat.OpenSSH)
    place.with_suffix(".pub").write_bytes(public)
