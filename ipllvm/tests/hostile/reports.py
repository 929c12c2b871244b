"""Reports, manifests and baselines of somebody else: read by `report`, `verify`, `replay` and `compare`."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from ipllvm.gate import baseline
from ipllvm.records import Decision
from ipllvm.tests.hostile import damage
from ipllvm.tests.hostile.row import Row
from ipllvm.tests.reporting.reports import report, result

USAGE = (4,)
CHECK = ("check", "planted:invariant", "-k", "test_clean_score", "--benchmark=planted", "--samples=4", "-q")
ESCAPES = "\x1b]0;pwned\x07\n::error::pwned\u202e##[error]x"


def _report(change: Callable[[Any], object]) -> Callable[[Path], None]:
    """A report that was valid before the change."""

    def make(folder: Path) -> None:
        made = json.loads(json.dumps(deepcopy(report(result(Decision.VIOLATED)))))
        change(made)
        (folder / "run").mkdir()
        (folder / "run" / "report.json").write_text(json.dumps(made))

    return make


def _manifest(files: object, schema: str = "ipllvm-manifest/1") -> Callable[[Path], None]:
    text = json.dumps({"schema": schema, "files": files}).encode()
    return damage.written("run/manifest.json", text)


def _set(*path: str | int, value: object) -> Callable[[Any], None]:
    """Another value at a place of a report."""

    def change(made: Any) -> None:
        for step in path[:-1]:
            made = made[step]
        made[path[-1]] = value

    return change


def _all_null(made: Any) -> None:
    open_ = {"decision": "UNDECIDED", "p_holds": 1.0, "p_violated": 1.0}
    for row in made["results"]:
        row["verdict"] |= open_
        row["standing"] |= open_
        for found in row["estimates"].values():
            found |= dict.fromkeys(("value", "low", "high"))


def _links(folder: Path) -> None:
    """The views and the pictures' folder of a report are links to what is not in it."""
    _report(lambda made: None)(folder)
    (folder.parent / "elsewhere").mkdir()
    for name in ("report.html", "report.md", "junit.xml"):
        (folder / "run" / name).symlink_to(folder.parent / "victim")


def _linked_figures(folder: Path) -> None:
    _links(folder)
    (folder / "run" / "figures").symlink_to(folder.parent / "elsewhere")


def _passed_off(made: Any) -> None:
    """A violation that is said to hold, and the run with it."""
    made["results"][0]["verdict"]["decision"] = made["results"][0]["standing"]["decision"] = "HOLDS"
    made["run"]["exit_status"] = 0


def _more(made: Any) -> None:
    """Of a result's samples more than its own figures come to."""
    made["results"][0]["estimates"]["clean"] |= {"n": 300, "extra": {"deff": 1.25, "n_effective": 160.0}}


def _other_weights(folder: Path) -> None:
    """The answers beside a report name other weights than it does."""
    _report(lambda made: None)(folder)
    about = {"model": {"fingerprint": "f" * 64}}
    (folder / "run" / "baseline.json").write_text(json.dumps({"about": about, "entries": []}))


COUNTS = {
    "fewer trials than samples": (
        _report(lambda made: made["results"][0].update(trials=1)),
        "1 trials gave 300 clean answers",
    ),
    "other trials than were there before": (
        _report(lambda made: made["results"][0]["settings"].update(reused="9 of 9 outcomes")),
        "2,100 trials, of which it says 9 of 9 outcomes were there already",
    ),
    "more samples than they are worth": (
        _report(_more),
        "clean is of 300 samples, worth 160.0 at a design effect of 1.25",
    ),
    "other weights than the answers beside it": (
        _other_weights,
        "it and the baseline.json beside it are of different runs: the weights of",
    ),
}
READERS = {
    "report": ("report", "run"),
    "replay": ("replay", "run", "permutation_invariance"),
    "history": ("history", "run", "run"),
    "report --merge": ("report", "--merge", "."),
}
ENTRY = {"file": "a", "bytes": 1, "sha256": "0"}
CHANGES = {
    "a model of no list": _set("results", 0, "model", value="no-such"),
    "a benchmark of no list": _set("results", 0, "benchmark", value="no-such"),
    "a later version": _set("schema", value="ipllvm-report/99"),
    "results of a wrong type": _set("results", value="many"),
    "a result of a wrong type": _set("results", 0, value=[]),
    "models left out": _set("models", value=[]),
    "a run without options": _set("run", "options", value=None),
    "a number in words": _set("results", 0, "claim", "margin", value="two"),
    "a verdict of no kind": _set("results", 0, "verdict", "decision", value="PERHAPS"),
    "a text of 10 MB for a number": _set("results", 0, "claim", "margin", value="x" * 10_000_000),
}
ROWS = [
    *(
        Row(
            f"report {what}",
            ("report", "run"),
            USAGE,
            "run",
            make,
            what in ("nested deep", "a pipe"),
            1,
        )
        for what, make in damage.all_of("run/report.json").items()
    ),
    *(
        Row(
            f"manifest {what}",
            ("verify", "run"),
            USAGE,
            "manifest",
            make,
            what in ("nested deep", "a device"),
            1,
        )
        for what, make in damage.all_of("run/manifest.json").items()
    ),
    *(
        Row(
            f"compare {what}",
            ("compare", "old.json", "old.json"),
            USAGE,
            "old.json",
            make,
            what in ("huge",),
            1,
        )
        for what, make in damage.all_of("old.json").items()
    ),
    *(
        Row(f"replay of a report {what}", ("replay", "run", "x"), USAGE, "run", make, lines=1)
        for what, make in damage.all_of("run/report.json").items()
    ),
    *(
        Row(
            f"report with {what}",
            ("report", "run"),
            USAGE,
            "report.json",
            _report(change),
            lines=1,
            fast="list" in what,
        )
        for what, change in CHANGES.items()
    ),
    *(
        Row(
            f"{reader} of a violation that was altered",
            words,
            USAGE,
            "it contradicts itself: permutation_invariance on easyvqa: HOLDS with p = 0.4",
            _report(_passed_off),
            lines=1,
            fast=reader == "report",
        )
        for reader, words in READERS.items()
    ),
    *(
        Row(
            f"merge of a part that is shard {shard!r}",
            ("report", "--merge", "."),
            USAGE,
            "its report says it is shard",
            _report(_set("run", "options", "shard", value=shard)),
            lines=1,
            fast=shard == [2, 2],
        )
        for shard in (
            [2, 2],
            "1/2",
            {"number": "two", "count": 2},
            {"number": 3, "count": 2},
            {"number": True, "count": 2},
            {"number": 1, "count": 10**30},
        )
    ),
    *(
        Row(
            f"{reader} of a report of {what}",
            words,
            USAGE,
            line,
            make,
            lines=1,
            fast=(reader, what) == ("history", "more samples than they are worth"),
        )
        for reader, words in READERS.items()
        for what, (make, line) in COUNTS.items()
    ),
    Row(
        "runs of a violation that was altered",
        ("runs", "--report-dir=."),
        0,
        "it contradicts itself",
        _report(_passed_off),
    ),
    Row(
        "report of numbers that are all null",
        ("report", "run"),
        USAGE,
        "it contradicts itself",
        _report(_all_null),
        fast=True,
    ),
    Row("report whose views are links", ("report", "run"), 0, "report.html", _links, fast=True),
    Row(
        "report whose figures are a link",
        ("report", "run"),
        USAGE,
        "it is a link",
        _linked_figures,
        fast=True,
    ),
    Row(
        "report with escapes",
        ("report", "run", "--md"),
        0,
        "report.md",
        _report(_set("results", 0, "verdict", "reason", value=ESCAPES)),
    ),
    Row("report of a folder that is not there", ("report", ESCAPES), USAGE, "pwned", fast=True),
    Row("manifest without files", ("verify", "run"), USAGE, "lists no files", _manifest([]), True, 1),
    *(
        Row(
            f"manifest whose entry has {what}",
            ("verify", "run"),
            USAGE,
            "not an ipllvm",
            _manifest([entry]),
            lines=1,
        )
        for what, entry in {
            "no name": {**ENTRY, "file": ""},
            "a list for a name": {**ENTRY, "file": []},
            "words for a size": {**ENTRY, "bytes": "many"},
            "a NUL in its name": {**ENTRY, "file": "a\0b"},
            "a number for a checksum": {**ENTRY, "sha256": 1},
            "an endless name": {**ENTRY, "file": "x/" * 9_999},
        }.items()
    ),
    *(
        Row(
            f"manifest that names {what}",
            ("verify", "run"),
            1,
            line,
            _manifest([{**ENTRY, "file": name}]),
            lines=2,
        )
        for what, name, line in (
            ("a file outside", "../../victim", "leads out of the folder"),
            ("an absolute path", "/etc/passwd", "leads out of the folder"),
            ("a file that is not there", "absent", "missing"),
            ("a name too long", "x" * 400, "missing"),
            ("escapes", ESCAPES, "missing"),
        )
    ),
    Row("verify of nothing", ("verify", "absent"), USAGE, "manifest.json", lines=1),
    *(
        Row(
            f"check where {name} in its report folder is {what}",
            (*CHECK, "--report-dir=reports", "--save-baseline=b"),
            USAGE,
            f"reports/{name}: can't be written",
            damage.all_of(f"reports/{name}")[what],
            fast=(name, what) in (("looks.jsonl", "huge"), ("outcomes", "a pipe")),
            lines=2,
        )
        for name, kinds in (
            ("looks.jsonl", ("a pipe", "a device", "huge", "a folder", "a link to itself")),
            ("outcomes", ("a pipe", "a device", "huge", "a link to itself")),
            ("baselines", ("a pipe", "a device", "huge", "a link to itself")),
            ("baselines/b.json", ("a pipe", "a device", "a folder", "a link to itself")),
        )
        for what in kinds
    ),
]


def _baseline(change: Callable[[Any], object]) -> Callable[[Path], None]:
    """A baseline of the right schema, otherwise as `change` makes it."""

    def make(folder: Path) -> None:
        made = {"schema": baseline.SCHEMA, "about": {}, "entries": [], "asked": {}}
        change(made)
        (folder / "old.json").write_text(json.dumps(made))

    return make


ROWS += [
    Row(
        f"compare with {what}",
        ("compare", "old.json", "old.json"),
        USAGE,
        "old.json",
        _baseline(change),
        lines=1,
    )
    for what, change in {
        "an entry of a wrong type": _set("entries", value=[1]),
        "entries of a wrong type": _set("entries", value={"a": 1}),
        "an empty entry": _set("entries", value=[{}]),
        "answers of a wrong type": _set("asked", value=[1]),
        "packed answers that are none": _set("asked", value={"scenes": "!"}),
        "packed answers that are numbers": _set("asked", value={"scenes": 7}),
    }.items()
]
