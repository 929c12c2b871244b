"""The runs in a folder of reports, and what a person may call one: latest, its time or a part of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ipllvm.errors import UnknownName, UsageError
from ipllvm.safety.places import named
from ipllvm.safety.printing import visible

LATEST: Final = "latest"
FILE: Final = "report.json"
LISTED: Final = 8
FEW: Final = 3
UNREADABLE: Final = "unreadable"
"""The answer of a run whose report can't be read."""


def runs(reports: Path) -> list[Path]:
    """The folders of runs in a folder of reports, the oldest first."""
    try:
        return sorted(file.parent for file in reports.glob(f"*/{FILE}") if file.is_file())
    except OSError:
        return []


def find(name: str, reports: Path) -> Path:
    """The report.json that was meant by a path, by `latest`, or by the beginning of a name in `reports`.

    Raises UsageError for what is none, UnknownName with the closest run.
    """
    place = named(name)
    for file in () if place is None else (place, place / FILE, *_within(place)):
        if file.is_file():
            return file
    there = runs(reports)
    if name == LATEST or name.startswith(f"{LATEST}~"):
        return _latest(name, there, reports)
    beginning = [folder for folder in there if folder.name.startswith(name)] if name else []
    if len(beginning) == 1:
        return beginning[0] / FILE
    if len(beginning) > 1:
        raise UsageError(f"{visible(name)}: begins {len(beginning)} runs: {_listed(beginning)}")
    if place is not None and place.is_dir():
        raise UsageError(f"{visible(str(place))}: the folder holds no report.json and no run")
    raise UnknownName("run", name, [LATEST, *(folder.name for folder in there[-LISTED:])])


def _within(place: Path) -> Iterator[Path]:
    """Of a folder of runs, its latest."""
    if place.is_dir():
        yield from (folder / FILE for folder in runs(place)[-1:])


def _latest(name: str, there: list[Path], reports: Path) -> Path:
    """`latest`, or `latest~1`, the one before it."""
    back = name.removeprefix(LATEST).removeprefix("~") or "0"
    if not back.isdecimal() or len(back) > LISTED or int(back) >= len(there):
        raise UsageError(f"{visible(name)}: {len(there)} runs in {visible(str(reports))}: measure one first")
    return there[-1 - int(back)] / FILE


def _listed(folders: list[Path]) -> str:
    return ", ".join(visible(folder.name) for folder in folders[-LISTED:])


@dataclass(frozen=True, slots=True)
class Outline:
    """What one line says of a run."""

    answer: str
    models: str
    benchmarks: str
    properties: str


def outline(file: Path) -> Outline:
    """A report in a few words, the fault in place of the answer where it can't be read."""
    from ipllvm.reporting import migration
    from ipllvm.reporting.answer import answer_of

    try:
        report = migration.read(file)
    except UsageError as error:
        return Outline(UNREADABLE, "", "", str(error))
    rows = report["results"]
    properties = dict.fromkeys(row["property"] for row in rows)
    names = ", ".join([*properties][:FEW]) + (f" and {len(properties) - FEW} more" * (len(properties) > FEW))
    models, benchmarks = (
        ", ".join(dict.fromkeys(each["name"] for each in report[kind])) for kind in ("models", "benchmarks")
    )
    return Outline(answer_of(report).release[1], models, benchmarks, names or "no result")
