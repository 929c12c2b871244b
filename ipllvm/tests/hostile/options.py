"""Values of options that can't be used: told before anything is collected."""

import os
from collections.abc import Callable
from pathlib import Path

from ipllvm.tests.hostile import damage
from ipllvm.tests.hostile.row import Row, nothing

CHECK = ("check", "planted:invariant", "-k", "test_clean_score", "--benchmark=planted", "--samples=4", "-q")
"""A run of a second, should an option be accepted that can't be used."""
WHOLE = "give a whole number of at least"
HUGE = "9" * 5_000
LONG = "x" * 5_000
ESCAPES = "\x1b]0;pwned\x07\n::error::pwned\u202e"


def _row(
    option: str, line: str, make: Callable[[Path], object] = nothing, *, name: str = "", fast: bool = False
) -> Row:
    """A row of `check` with an option that can't be used: one line, status 4."""
    return Row(f"option {name or option}", (*CHECK, option), 4, line, make, fast, lines=1)


def _loop(folder: Path) -> None:
    """Two links that lead to each other."""
    (folder / "loop").symlink_to("pool")
    (folder / "pool").symlink_to("loop")


def _denied(folder: Path) -> None:
    (folder / "file").write_text("")


BEYOND = f"1 false alarm per {HUGE} checkpoints"
LABELS = {
    "a label that is true": '{"id": "a", "label": true}',
    "a label above 1": '{"id": "a", "label": 1.5}',
    "an infinite label": '{"id": "a", "label": 1e999}',
    "an id twice": '{"id": "a", "label": 1}\n{"id": "a", "label": 0}',
    "an id that is a number": '{"id": 1, "label": 1}',
    "a label in words": '{"id": "a", "label": "1"}',
}
WHOLES = {"samples": 1, "draws": 1, "seed": 0, "batch-size": 1, "counterexamples": 0}
NO_NUMBERS = ("", " ", "-1", "1.5", "1e3", "one", "0x10", "١", "²", "1_000", "nan", "+1", "--", LONG)
ROWS = [
    Row("run without pytest's cache", (*CHECK, "-p", "no:cacheprovider"), 0, "report: "),
    *(
        _row(f"--{name}={text}", f"--{name} ", name=f"--{name}={text[:9]!r}", fast=name == "samples")
        for name in WHOLES
        for text in NO_NUMBERS
    ),
    *(_row(f"--{name}={HUGE}", "digits", name=f"--{name} of 5,000 digits", fast=True) for name in WHOLES),
    *(_row(f"--{name}={least - 1}", WHOLE) for name, least in WHOLES.items() if least),
    *(
        _row(f"--max-errors={text}", "--max-errors ", name=f"--max-errors={text[:9]!r}")
        for text in ("-1", "1.5", "nan", "inf", "", "x", "0.5.5", LONG)
    ),
    _row(f"--max-errors={HUGE}", "digits", name="--max-errors of 5,000 digits"),
    *(
        _row(f"--{name}={ESCAPES}", "pwned\\x07\\n::error", name=f"--{name} of escapes")
        for name in (
            "benchmark",
            "dtype",
            "prompt",
            "noise",
            "device",
            "profile",
            "scope",
            "target",
            "undecided",
        )
    ),
    *(
        _row(f"--{name}={LONG}", "", name=f"--{name} too long")
        for name in ("benchmark", "dtype", "device", "generator", "captioner", "claims", "report-dir")
    ),
    _row("--model=", "--model ''", fast=True),
    _row("--judge=", "--judge ''"),
    _row("--report-dir=", "--report-dir ''"),
    Row("option --adapter of a planted model", (*CHECK, "--adapter=absent"), 7, "is planted", lines=8),
    Row("calibrate without workers", ("calibrate", "--quick", "--workers=0"), 4, "give at least 1", lines=1),
    *(
        Row(
            f"calibrate into a file that is {what}",
            ("calibrate", "--quick", "--json=mine.json"),
            4,
            "mine.json: no results",
            make,
            lines=1,
        )
        for what, make in damage.all_of("mine.json").items()
        if what in ("no text", "a list", "a pipe", "nested deep", "a folder")
    ),
    _row("--benchmark=scene", "did you mean 'scenes'?", fast=True),
    _row("--device=cuda:" + HUGE, "--device", name="--device of 5,000 digits"),
    _row("--device=cuda:x", "unknown --device"),
    _row("--report-dir=~nouser/x", "nouser", fast=True),
    _row("--report-dir=loop/x", "loop", _loop, name="--report-dir through links in a circle", fast=True),
    _row("--report-dir=file/below", "file", _denied, fast=True),
    _row("--report-dir=\0", "null", name="--report-dir with a NUL"),
    _row("--claims=~nouser/x", "nouser"),
    _row("--claims=loop", "loop", _loop, name="--claims that is a link in a circle"),
    _row("--claims=.", "", name="--claims that is a folder"),
    _row("--claims=pipe", "regular file", lambda at: os.mkfifo(at / "pipe"), name="--claims=FIFO", fast=True),
    _row("--claims=/dev/zero", "regular file", fast=True),
    _row("--captioner=~nouser", "nouser"),
    _row("--captioner=no-such", "unknown model"),
    _row("--saliency=no-such", "no-such", fast=True),
    _row("--encoder=no-such", "no-such", fast=True),
    _row("--judge=no-such", "no-such", fast=True),
    _row("--language-model=no-such", "no-such", fast=True),
    _row("--saliency=./absent", "absent"),
    _row("--encoder=./absent", "absent"),
    _row("--judge=./absent", "absent"),
    _row("--language-model=./absent", "absent"),
    _row(
        "--judge=http://user:pass@127.0.0.1:9#m",
        "key",
        name="--judge with a password in its address",
        fast=True,
    ),
    _row(
        "--judge=http://127.0.0.1:9/?api_key=sk-1#m",
        "key",
        name="--judge with a key in its address",
        fast=True,
    ),
    _row("--judge=ftp://x#m", "--judge"),
    _row("--judge=http://127.0.0.1:9/v1#m", "can't be reached", name="--judge that is not there"),
    _row("--judge=#m", "URL#MODEL", name="--judge without a place"),
    _row("--judge=replay:absent.jsonl", "No such file"),
    _row("--judge-price=2.5", "such as 2.5/10"),
    _row("--model-price=free", "such as 2.5/10"),
    _row("--judge-price=1/2", "give --judge too"),
    _row("--model-price=1/2", "is served"),
    _row("--benchmark=mmvet", "a judge grades it", name="--benchmark that only a judge can grade"),
    _row("--judge=http://127.0.0.1:9", "URL#MODEL", name="--judge without a model"),
    _row("--judge=http://[::1#m", "--judge", name="--judge with half a bracket"),
    _row("--judge=http://127.0.0.1:99999/#m", "--judge", name="--judge with a port too high"),
    _row("--judge=http://exa mple/#m", "--judge", name="--judge with a space"),
    _row("--save-baseline=../../climbed", "--save-baseline", fast=True),
    _row("--save-baseline=..", "--save-baseline"),
    _row("--save-baseline=latest", "the name of the newest run", fast=True),
    _row("--save-baseline=" + LONG, "--save-baseline", name="--save-baseline too long"),
    _row("--baseline=" + LONG, "", name="--baseline too long"),
    *(
        _row(
            f"--{option}",
            "give --baseline too",
            name=f"--{option[:20]} without a baseline",
            fast="fail" in option,
        )
        for option in ("fail-on=worse", "variants=8", "budget=1 false alarm per 100 checkpoints")
    ),
    _row("--catch=1", "give --plan too"),
    *(
        _row(f"--budget={text}", "--budget", name=f"--budget={text[:30]!r}", fast=text == BEYOND)
        for text in (
            "",
            "1",
            "0 false alarms per 9 checkpoints",
            "2 false alarms per 1 checkpoint",
            "nan % of alarms false",
            "١ false alarm per 9 checkpoints",
            "100 % of alarms false",
            "-1 % of alarms false",
            BEYOND,
            ESCAPES,
        )
    ),
    *(
        _row(f"--{option}", f"--{option.partition('=')[0]}", name=f"--{option[:24]}")
        for option in (
            "power=8_0",
            "power=inf",
            "power=101",
            "power=٨٠",
            "catch=0",
            "catch=1e1",
            "catch= 1",
            "variants=٣",
            "variants=0",
            f"variants={HUGE}",
            "max-errors=0.5_5",
            "max-errors= 1",
            "max-errors=٠.٥",
            "parameter=x",
            "parameter==",
            "parameter=a b=c",
            "device=cuda:²",
            "device=cuda:-1",
            "top-up=0",
            "exact=magic",
            "evidence=luck",
            "exit=softly",
            "fail-on=anything",
            "protocol=own",
            "answer=guess",
        )
    ),
    _row("--save-baseline=release-1.budget", "--save-baseline", name="--save-baseline over a budget"),
    _row("--save-baseline=release-1.json", "--save-baseline", name="--save-baseline with its ending"),
    Row(
        "option --parameter=nothing=1",
        (*CHECK, "--parameter=nothing=1"),
        4,
        "unknown --parameter 'nothing'",
        lines=2,
    ),
    *(
        _row(
            "--labels=labels",
            "--labels",
            damage.all_of("labels")[what],
            name=f"--labels that is {what}",
            fast=what == "a pipe",
        )
        for what in damage.all_of("labels")
    ),
    *(
        _row(
            "--labels=labels",
            "--labels",
            damage.written("labels", text.encode()),
            name=f"--labels with {what}",
        )
        for what, text in LABELS.items()
    ),
    _row("--final-look", "give --sequential too"),
    _row("--margin-floor", "give --noise-floor too"),
]
