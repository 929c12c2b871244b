"""Every command that a page shows is run, with stand-ins for what a user puts in, or says why it is not."""

import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from ipllvm.tests.benchmarks.published import rows
from ipllvm.tests.commands.test_score import right, written
from ipllvm.tests.docs.commands import DOCS, GUIDES, README, script, shown
from ipllvm.tests.docs.test_docs import run, shell
from ipllvm.tests.gate.test_logs import inspect_packed, lm_eval

shell = shell  # the fixture
NOT_RUN: Final = {
    "data get": "downloads",
    "data check mme": "needs a copy of the set; own files are checked in own-data.md",
    "data check NAME": "needs a copy of the set",
    "--by=step": "needs checkpoints named by their step; has tests of its own",
    "--benchmark=mme": "needs a copy of the set",
    "--benchmark=chartqa": "needs a copy of the set",
    "--benchmark=mmvet": "needs a judge; judges have local ones in their own tests",
    "--benchmark=hub:": "downloads",
    "--benchmark=lmms:": "needs lmms-eval",
    "http": "asks an address; served models have a local server in their own tests",
    "--ray": "needs Ray (make ray)",
    "--profile=paper": "days on a model of 7B; its plan is run",
    "paper --models": "days on models of 7B; its plan is run",
    "speed --synthetic": "is make gpu-check",
    "calibrate --rivals": "minutes; has tests of its own",
    "--log": "needs a tracker's package; trackers have made-up ones in their own tests",
    "report --merge 'parts/*'": "is the merge that shards.md shows, of other folders",
}  # fmt: skip
"""Parts of commands that are not run, and why."""
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
    "ARGUMENTS": f"--model={MODEL}",
}  # fmt: skip
"""What is put in for a word of a page."""
OWN: Final = "--property=test_mirror.py"
FIRST: Final = """
set -- reports/2*
ONE=$1 TWO=$2 PARTS="part-1 part-2"
SAMPLE=$(grep -o '"sample": *"[^"]*"' $ONE/report.json | head -n 1 | cut -d'"' -f4)
ipllvm check planted:invariant -k image_use --benchmark=planted --samples=24 --shard=2/2 --report-dir=part-2
may() { "$@" || case $? in 1|6|7) ;; *) echo "$@"; exit 9;; esac; }
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
    name = "check" if words[0] == "pytest" else words[1]
    stand_ins = {} if name == "paper" else STAND_INS  # a plan of true sizes
    given = [stand_ins.get(word, word) for word in words[2:] if not word.startswith("--samples")]
    if name in ("check", "audit", "plan"):
        given += QUICK[2:] if "-k" in given or OWN in given else QUICK
    given += ["--bundle", "pages"] if name == "view" else []
    if name == "verify":
        given[0] = "latest"  # the audit of the line before
    quoted = [word if word.startswith("$") else shlex.quote(word) for word in given if word]
    return " ".join(["may ipllvm", name, *quoted])


def test_what_is_not_run_is_little_and_says_why() -> None:
    every = {shlex.join(words): words for page in (*GUIDES, README) for words in shown(page)}
    whole = [words for words in every.values() if not named_only(words)]
    left = [words for words in whole if reason(words)]
    assert [part for part in NOT_RUN if not any(part in line for line in every)] == []
    assert len(left) < 0.27 * len(whole), f"{len(left)} of {len(whole)}"


@pytest.mark.slow
@pytest.mark.process
def test_the_commands_of_the_pages_run(shell: Path) -> None:
    """On a planted model and few questions."""
    written(shell / "rows.jsonl", rows("mmvp"))
    written(shell / "responses.jsonl", right("mmvp"))
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
    run(shell, "\n".join([*made, FIRST, *commands]))


def make_key(place: Path) -> None:
    """A key pair, as ssh-keygen makes it."""
    from cryptography.hazmat.primitives import serialization as forms
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private = (forms.Encoding.PEM, forms.PrivateFormat.OpenSSH, forms.NoEncryption())
    place.write_bytes(key.private_bytes(*private))
    public = key.public_key().public_bytes(forms.Encoding.OpenSSH, forms.PublicFormat.OpenSSH)
    place.with_suffix(".pub").write_bytes(public)
