"""A run as one document: what was measured, by what, and what could not be told."""

import json
import platform
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ipllvm.claims import tables
from ipllvm.errors import UsageError, first_line
from ipllvm.reporting.folders import ensure_writable, replace_file
from ipllvm.reporting.schema import VERSION, Report, Row, builtins
from ipllvm.reporting.standings import multiplicity, standing
from ipllvm.reporting.views import VIEWS
from ipllvm.scorers import READINGS
from ipllvm.verdicts import release

if TYPE_CHECKING:
    from ipllvm.verdicts.statements import Statement

PACKAGES: Final = (
    "ipllvm",
    "torch",
    "transformers",
    "tokenizers",
    "pillow",
    "torchvision",
    "numpy",
    "scipy",
    "pytest",
    "hypothesis",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WithoutResult:
    """A test of a property that gave no result: skipped, failed, not measured, or a law that holds.

    `primary` counts it in the model's Holm family, `law` says that it is checked without tolerance, `phase`
    is that of pytest in which it ended, empty for one that was never run.
    """

    test: str = ""
    property: str = ""
    model: str = ""
    benchmark: str = ""
    reason: str = ""
    replay: str = ""
    law: bool = False
    primary: bool = False
    seconds: float | None = None
    phase: str = "setup"


ABOUT: Final = {
    "not_tested": ("property", "model", "benchmark", "reason", "test"),
    "not_measured": ("test", "reason", "property", "model", "benchmark", "primary", "seconds", "phase"),
    "failed": ("test", "property", "model", "benchmark", "law", "reason", "replay", "seconds"),
    "passed_laws": ("test", "property", "model", "seconds"),
}
"""What each list of a report says of such a test."""


@dataclass(frozen=True, slots=True)
class Run:
    """The session behind a report; `started` and `finished` know their time zone."""

    id: str
    started: datetime
    finished: datetime
    command: str
    seed: int
    exit_status: int
    partial: bool = False
    versions: Mapping[str, str] = field(default_factory=lambda: versions())
    platform: str = field(default_factory=platform.platform)
    options: Mapping[str, Any] = field(default_factory=dict)


def versions() -> dict[str, str]:
    """The versions of Python, of the packages that decide a number and of the reading rules; imports none."""
    found = {"python": platform.python_version(), "readings": str(READINGS)}
    return found | {package: _version(package) for package in PACKAGES}


@cache
def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def machine(folder: Path = Path("/proc/driver/nvidia")) -> dict[str, str]:
    """The first GPU and its driver as the driver tells them; nothing where there is none."""
    about = next(iter(sorted(folder.glob("gpus/*/information"))), None)
    if about is None:
        return {}
    driver = re.search(r"\d+\.\d+[.\d]*", (folder / "version").read_text(encoding="utf-8"))
    model = re.search(r"Model:\s*(.*)", about.read_text(encoding="utf-8"))
    found = {"driver": driver and driver[0], "gpu": model and model[1].strip()}
    return {name: said for name, said in found.items() if said}


def replay(test: str, options: Sequence[str] = ()) -> str:
    """The command line that runs one test again, quoted for a POSIX shell.

    >>> replay("properties/test_a.py::test_a[m]", ["--model=my model"])
    "pytest 'properties/test_a.py::test_a[m]' '--model=my model'"
    """
    return shlex.join(["pytest", test, *options])


def entry(row: Row, test: str, outcome: str, replay: str) -> Row:
    """`row` (ipllvm/reporting/schema.py) as `build` takes it: with its test and what pytest made of it.

    `outcome` is passed, failed, skipped (an UNDECIDED that is let through) or error.
    """
    return {**row, "test": test, "outcome": outcome, "replay": replay}


def build(
    rows: Sequence[Row],
    run: Run,
    not_tested: Sequence[WithoutResult] = (),
    not_measured: Sequence[WithoutResult] = (),
    failed: Sequence[WithoutResult] = (),
    passed_laws: Sequence[WithoutResult] = (),
    statements: "Sequence[Statement]" = (),
    notes: Sequence[str] = (),
) -> Report:
    """The report of `run`, in builtins only; each of `rows` comes from `entry`.

    A model or benchmark of which all fields agree is listed once; the results name it by its `id`.
    Raises ValueError where a time has no time zone.
    """
    models, benchmarks = _Catalogue(), _Catalogue()
    missed = _about("not_measured", not_measured)
    families = release.families(rows, missed, **release.rules(run.options))
    said = release.standings(families)
    results = [
        {
            **row,
            "model": models.id(row["model"]),
            "benchmark": benchmarks.id(row["benchmark"]),
            "printed": _printed(row),
            "standing": standing(said.get(place)),
        }
        for place, row in enumerate(rows)
    ]
    return builtins(
        {
            "schema": VERSION,
            "run": {**_run(run), "partial": run.partial or any(row["partial"] for row in rows)},
            "models": models.entries,
            "benchmarks": benchmarks.entries,
            "results": results,
            "failed": _about("failed", failed),
            "passed_laws": _about("passed_laws", passed_laws),
            "not_tested": _about("not_tested", not_tested),
            "not_measured": missed,
            "notes": notes,
            "multiplicity": {"method": "holm", "families": multiplicity(families, results)},
            "statements": [asdict(said) for said in statements],
        }
    )


def write(report: Report, folder: Path) -> Path:
    """Writes report.json, then its views, into `folder`; returns the path of report.json.

    Each file is replaced in one step. Raises UsageError where `folder` can't be written, and where views
    can't, once all are that can be.
    """
    ensure_writable(folder)
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    path = replace_file(folder, "report.json", text)
    missing: dict[str, str] = {}
    for view in VIEWS:
        try:
            replace_file(folder, view.file, view.render([report]))
        except UsageError as error:
            missing[view.file] = getattr(error.__cause__, "strerror", None) or str(error)
        except Exception as error:  # one that can't be drawn, for want of memory or otherwise, costs no other
            missing[view.file] = f"{type(error).__name__}: {first_line(error)}"
    if missing:
        names, why = " and ".join(missing), next(iter(missing.values()))
        again = f"when that is mended run: ipllvm report {folder}"
        raise UsageError(f"{folder}: report.json is written, {names} missing ({why}): {again}")
    return path


class _Catalogue:
    """Distinct entries by id: the name; where two differ under one name, with its size or a number."""

    def __init__(self) -> None:
        self.entries: list[Row] = []

    def id(self, info: Row) -> str:
        same = [known for known in self.entries if known["name"] == info["name"]]
        for known in same:
            if {**known, "id": None} == {**info, "id": None}:
                return str(known["id"])
        taken, made = {known["id"] for known in same}, str(info["name"])
        if same and "n" in info:
            made = f"{info['name']}, n = {info['n']}"
        if made in taken:
            made = f"{made} ({len(same) + 1})"
        self.entries.append({"id": made, **info})
        return made


def _printed(row: Row) -> list[Row]:
    """What the paper prints of this property of the model on the benchmark."""
    found = tables.beside(row["property"], row["model"]["name"], row["benchmark"]["name"])
    return [asdict(figure) for figure in found]


def _about(kind: str, found: Sequence[WithoutResult]) -> list[Row]:
    return [{name: getattr(each, name) for name in ABOUT[kind]} for each in found]


def _values(record: Run) -> Row:
    return {name: getattr(record, name) for name in record.__slots__}


def _run(run: Run) -> Row:
    return {
        **_values(run),
        "started": _utc(run.started),
        "finished": _utc(run.finished),
        "seconds": max(0.0, round((run.finished - run.started).total_seconds(), 3)),
    }


def _utc(time: datetime) -> str:
    if time.tzinfo is None:
        raise ValueError("a run's time needs a time zone")
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
