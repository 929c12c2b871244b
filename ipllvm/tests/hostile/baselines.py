"""Baselines that are cut, swollen, forged or not what they say: one line, and nothing is measured."""

import copy
import json
import os
import zlib
from base64 import b85encode
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from ipllvm import claims
from ipllvm.gate import answers, baseline
from ipllvm.tests.hostile import damage
from ipllvm.tests.hostile.options import CHECK, ESCAPES, HUGE, LONG
from ipllvm.tests.hostile.row import Row

Change = Callable[[dict[str, Any]], object]
SAMPLES = 60
DAMAGED, NOT_ONE = "a damaged baseline", "not a baseline"


@cache
def _whole() -> str:
    """The text of a baseline of one claim, as a run writes it."""
    claim = claims.load()["permutation"]
    ids = [f"s{i}" for i in range(SAMPLES)]
    row = {
        "property": "permutation_invariance",
        "benchmark": "scenes",
        "claim": {name: getattr(claim, name) for name in claim.__slots__},
        "settings": {"draws": 1, "seed": 0, "prompt": "checkpoint"},
        "samples": ids,
        "clusters": ids,
        "values": [0.0] * SAMPLES,
        "bound": 1.0,
        "lattice": 1.0,
        "draws": 1,
        "n_error": 0,
        "floor": None,
        "weighted": False,
        "said": {},
    }
    return baseline.dumps({"versions": {"python": "3.11"}}, [row])


def _write(folder: Path, bad: bytes) -> None:
    (folder / "good.json").write_text(_whole())
    (folder / "bad.json").write_bytes(bad)


def _row(name: str, make: Callable[[Path], object], line: str, *, fast: bool = False) -> Row:
    words = ("compare", "good.json", "bad.json")
    return Row(f"baseline {name}", words, 4, line, make, fast, lines=1, seconds=30)


def _text(name: str, bad: str | bytes, line: str = NOT_ONE, *, fast: bool = False) -> Row:
    """A file with this content."""
    made = bad if isinstance(bad, bytes) else bad.encode()
    return _row(name, partial(_write, bad=made), line, fast=fast)


def _part(name: str, share: float, fast: bool = False) -> Row:
    """A file that is cut off."""

    def make(folder: Path) -> None:
        text = _whole().encode()
        _write(folder, text[: int(share * len(text))])

    return _row(name, make, NOT_ONE, fast=fast)


def _changed(name: str, change: Change, line: str = DAMAGED, *, fast: bool = False) -> Row:
    """A whole file of which one thing was changed."""

    def make(folder: Path) -> None:
        found = json.loads(_whole())
        change(found)
        _write(folder, json.dumps(found).encode())

    return _row(name, make, line, fast=fast)


def _entry(key: str, value: object) -> Change:
    return lambda found: found["entries"][0].update({key: value})


def _part_of(key: str, value: object) -> Change:
    return lambda found: found.update({key: value})


def _without(key: str) -> Change:
    return lambda found: found["entries"][0].pop(key)


def _claim(**changed: object) -> Change:
    return lambda found: found["entries"][0]["claim"].update(changed)


def _paired(**changed: object) -> Change:
    """What an entry has by sample, changed."""
    ids = [f"s{i}" for i in range(SAMPLES)]
    whole = {"samples": ids, "clusters": ids, "values": [0.0] * SAMPLES, "perturbed": {}}
    return _entry("paired", answers.pack({**whole, **changed}))


def _bomb() -> str:
    """Two megabytes that unpack to two gigabytes."""
    packer, parts = zlib.compressobj(9), []
    for _ in range(2048):
        parts.append(packer.compress(bytes(1 << 20)))
    return b85encode(b"".join([*parts, packer.flush()])).decode()


def _twice(found: dict[str, Any]) -> None:
    found["entries"] *= 2


def _clean_observed(found: dict[str, Any]) -> None:
    clean = copy.deepcopy(found["entries"][0])
    clean["claim"].update(
        name="clean_score", quantity="clean_score", kind="observation", direction="at_least"
    )
    found["entries"].append(clean)


def _fifo(folder: Path) -> None:
    _write(folder, b"")
    (folder / "bad.json").unlink()
    os.mkfifo(folder / "bad.json")


def _link(target: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        _write(folder, b"")
        (folder / "bad.json").unlink()
        (folder / "bad.json").symlink_to(target)

    return make


def _empty_folder(folder: Path) -> None:
    _write(folder, b"")
    (folder / "bad.json").unlink()
    (folder / "bad.json").mkdir()


def _large(folder: Path) -> None:
    _write(folder, b"")
    with (folder / "bad.json").open("wb") as file:
        file.truncate(1 << 32)


KEYS = ("property", "benchmark", "claim", "settings", "bound", "lattice", "draws", "n_error", "paired")
WRONG: dict[str, tuple[object, ...]] = {
    "property": (3, "", "../climbed", ESCAPES, "a" * 5_000, "a b"),
    "benchmark": (None, "", "../x", ESCAPES, LONG),
    "settings": ([], {"draws": [1]}, {"draws": {"a": 1}}),
    "bound": (0, -1.0, "1", 1e308, True),
    "lattice": (-0.5, "0"),
    "draws": (0, 1.5, "5"),
    "n_error": (-3, 1e30, "0"),
    "weighted": ("no", 1),
    "floor": ("x", -1.0),
    "share": (3.0, -0.1),
    "paired": ("", "no base85 \u00e9", 7, None),
    "over_bound": (0.0,),
    "unheard of": ("field",),
    "unknown": ("field", [1.0], [0.0, "0"]),
    "failed": ("field", [["s"]], [["s", "c", 1.0, 0.0]], [["s", "c", 0.0, "0"]], [["s", "c", 0.0, 1.0]]),
    "analyses": ("2", [[1]], [[5, 4]], [[1, 2], [1, 2]], [[0, 0]] * 9),
    "planned": (-1, "3"),
}
CLAIMS: dict[str, tuple[object, ...]] = {
    "alpha": (7, 0, -0.05, "0.05", None),
    "kind": ("wish", 1),
    "direction": ("up",),
    "quantity": ("loveliness",),
    "margin": (1e9, "two", True),
    "regression_margin": (-1.0, 0, 500),
    "agg": ("median", "max"),
    "primary": ("yes",),
    "exact": ("magic",),
    "name": (5, ESCAPES, LONG),
    "another": (1,),
}
GATED = {"checkpoint": "a", "measured": "b", "level": 0.01, "p": 0.5, "alarm": False}
BUDGETS = {
    what: json.dumps({"schema": "ipllvm-budget/1", "gates": gates})
    for what, gates in {
        "has a level in words": [{**GATED, "level": "0.05"}],
        "has a level of 7": [{**GATED, "level": 7}],
        "has a level below 0": [{**GATED, "level": -0.1}],
        "has an alarm in words": [{**GATED, "alarm": "no"}],
        "has evidence that is a number": [{**GATED, "evidence": 1}],
        "has evidence in words": [{**GATED, "evidence": {"a": "b"}}],
        "has gates that are lists": [[]],
        "is no list": {},
        "has more gates than there are levels": [GATED] * 10_001,
    }.items()
}


def _budget(folder: Path, text: str) -> None:
    """A good baseline beside whose budget something is wrong."""
    _write(folder, b"")
    (folder / "good.budget.json").write_text(text)


NO_ENTRIES: tuple[object, ...] = (None, {}, [], [3], [[]], "x")
ROWS = [
    _text("empty", "", fast=True),
    _text("of one byte", "{"),
    _part("cut at a quarter", 0.25),
    _part("cut at half", 0.5, fast=True),
    _part("cut at nine tenths", 0.9),
    _text("that is binary", bytes(range(256)) * 20),
    _text("in another encoding", '{"schema": "é"}'.encode("utf-16")),
    _text("of null bytes", b"\0" * 1000),
    _text("nested 5,000 deep", "[" * 5_000 + "]" * 5_000, fast=True),
    _text("nested 100,000 deep", '{"a":' * 100_000 + "1" + "}" * 100_000),
    _text("with a number of 5,000 digits", f'{{"schema": {HUGE}}}'),
    _text("with NaN", '{"schema": NaN}'),
    _text("with a number beyond all numbers", '{"schema": 1e999}'),
    *(_text(f"that is {text}", text) for text in ("[]", '"text"', "3", "null", "true", "{}")),
    _text("of a later schema", '{"schema": "ipllvm-baseline/9"}', "save it again"),
    _text("of a name twice", '{"schema": "ipllvm-baseline/1", "schema": "x"}', "stands twice", fast=True),
    *(
        replace(_changed(f"with {name}", change, line, fast=True), status=7, lines=60)
        for name, change, line in (
            ("errors of no sample", _entry("n_error", 9), "9 samples are said to have failed"),
            ("samples of other clusters", _paired(clusters=["one"] * SAMPLES), "of other clusters"),
        )
    ),
    _text("with a list for a schema", '{"schema": []}'),
    _text("that is a report", '{"schema": "ipllvm-report/1", "results": []}'),
    *(_changed(f"with {value!r} for entries", _part_of("entries", value)) for value in NO_ENTRIES),
    *(_changed(f"without {key}", _without(key), fast=key == "paired") for key in KEYS),
    *(
        _changed(f"with {key} {str(value)[:20]!r}", _entry(key, value))
        for key, values in WRONG.items()
        for value in values
    ),
    *(
        _changed(f"with a claim's {key} {str(value)[:20]!r}", _claim(**{key: value}), fast=value == 7)
        for key, values in CLAIMS.items()
        for value in values
    ),
    _changed("with an entry twice", _twice),
    _changed("whose clean score is an observation", _clean_observed),
    _changed("with a list about itself", lambda found: found.update(about=[])),
    _changed("with versions that are none", lambda found: found["about"].update(versions={"torch": [1]})),
    _changed("with questions that are none", lambda found: found.update(asked={"scenes": answers.pack([1])})),
    _changed("with more than it should have", lambda found: found.update(extra=1)),
    _changed("with a bomb for an entry", lambda found: _entry("paired", _bomb())(found)),
    _changed("with a bomb for questions", lambda found: found.update(asked={"scenes": _bomb()})),
    _changed(
        "that is cut where it is packed",
        lambda found: found["entries"][0].update(paired=found["entries"][0]["paired"][:40]),
    ),
    _changed("with a list by sample", _entry("paired", answers.pack([1, 2]))),
    _changed("with numbers for samples", _paired(samples=list(range(SAMPLES)))),
    _changed("with a sample twice", _paired(samples=["s0"] * SAMPLES)),
    _changed("with fewer clusters", _paired(clusters=["c"])),
    _changed("with fewer values", _paired(values=[0.0])),
    _changed("with texts for values", _paired(values=["0"] * SAMPLES)),
    _changed("with values out of range", _paired(values=[5.0] * SAMPLES)),
    _changed("with null for values", _paired(values=[None] * SAMPLES)),
    _changed("with fewer denominators", _paired(over=[1.0])),
    _changed("with denominators out of range", _paired(over=[9.0] * SAMPLES)),
    _changed("with answers that are none", _paired(perturbed={"s0": "yes"})),
    _row("that is a pipe", _fifo, "it is not a regular file", fast=True),
    _row("that is an endless device", _link("/dev/zero"), "it is not a regular file"),
    _row("that leads nowhere", _link("nowhere"), "no such file"),
    _row("that leads to itself", _link("bad.json"), "no such file"),
    _row("that is a folder of something else", _empty_folder, "the folder holds no baseline.json"),
    _row("of four gigabytes", _large, "more than"),
    *(
        Row(f"gate on {name}", (*CHECK, f"--baseline={value}"), 4, line, fast=fast, lines=1)
        for name, value, line, fast in (
            ("a baseline that is not there", "release-7", "no such baseline", True),
            ("a path that climbs", "../../climbed", "no such file", False),
            ("a name too long", LONG, "no such file", False),
            ("a device", "/dev/zero", "it is not a regular file", False),
            ("terminal escapes", ESCAPES, "no such file", False),
            ("an unknown user's folder", "~nouser/base.json", "no such file", False),
        )
    ),
    Row(
        "gate on a baseline that is cut",
        (*CHECK, "--baseline=bad.json"),
        4,
        NOT_ONE,
        partial(_write, bad=b'{"schema": "ipllvm-baseline/1", "entries": ['),
        fast=True,
        lines=1,
    ),
    *(
        Row(
            f"gate whose budget {what}",
            (*CHECK, "--baseline=good.json", "--budget=5 % of alarms false"),
            4,
            "good.budget.json",
            partial(_budget, text=text),
            lines=1,
            fast="level" in what,
        )
        for what, text in BUDGETS.items()
    ),
    *(
        Row(
            f"gate whose budget is {what}",
            (*CHECK, "--baseline=good.json", "--budget=5 % of alarms false"),
            4,
            "good.budget.json",
            damage.both(partial(_write, bad=b""), make),
            lines=1,
        )
        for what, make in damage.all_of("good.budget.json").items()
        if what not in ("missing", "a link to itself")
    ),
    Row(
        "compare with variants of 5,000 digits",
        ("compare", "good.json", "good.json", f"--variants={HUGE}"),
        4,
        "digits",
        partial(_write, bad=b""),
        lines=1,
    ),
    Row(
        "compare with variants in other digits",
        ("compare", "good.json", "good.json", "--variants=٣"),
        4,
        "--variants",
        partial(_write, bad=b""),
        lines=1,
    ),
    *(
        Row(
            f"gate with --setup-{what}, which compares nothing",
            (*CHECK, "--baseline=good.json", f"--setup-{what}"),
            4,
            f"--setup-{what}: it measures nothing",
            partial(_write, bad=b""),
            lines=1,
            fast=what == "plan",
        )
        for what in ("plan", "only")
    ),
    *(
        Row(
            f"gate of which the environment makes {name}",
            (*CHECK, "--baseline=good.json"),
            4,
            f"{added}: PYTEST_ADDOPTS or a settings file",
            partial(_write, bad=b""),
            lines=1,
            fast=added == "--collect-only",
            variables={"PYTEST_ADDOPTS": added},
        )
        for name, added in (
            ("a list", "--collect-only"),
            ("a plan", "--plan"),
            ("a list of fixtures", "--fixtures"),
            ("a version", "--version"),
            ("a help text", "--help"),
        )
    ),
    Row(
        "gate that makes its own baseline in CI",
        (*CHECK, "--baseline=new", "--baseline-if-missing=create"),
        4,
        "CI is set",
        fast=True,
        lines=1,
        variables={"CI": "true"},
    ),
]
