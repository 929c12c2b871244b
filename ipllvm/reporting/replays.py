"""Trials of a report: the command lines that show them again, and the trial that a command line names."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipllvm.errors import UnknownName, UsageError
from ipllvm.reporting.schema import Report, Row


def put(report: Report, folder: Path, files: Sequence[str] = ()) -> None:
    """Give every flip of `report`, which is to lie in `folder`, its command line.

    `files` are property files that were run in place of the shipped ones: their code makes the trial.
    """
    several = len(report["models"]) > 1
    for row in report["results"]:
        for flip in _kept(row):
            flip["replay"] = command(folder, row, flip, several, files)


def command(folder: Path, row: Row, trial: Row, several: bool = False, files: Sequence[str] = ()) -> str:
    """The command line that answers one trial of a result again; `several` names the model too.

    >>> row = {"property": "p", "benchmark": "scenes", "model": "m"}
    >>> command(Path("r"), row, {"sample": "s 1", "perturbation": "blank(level=127)", "draw": 0})
    "ipllvm replay r p 's 1' --benchmark=scenes '--perturbation=blank(level=127)' --draw=0"
    """
    chosen = [f"--model={row['model']}"] if several else []
    chosen += [f"--benchmark={row['benchmark']}", f"--perturbation={trial['perturbation']}"]
    return shlex.join(
        [
            "ipllvm",
            "replay",
            str(folder),
            row["property"],
            trial["sample"],
            *chosen,
            f"--draw={trial['draw']}",
            *(f"--property-file={file}" for file in files),
        ]
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a command line says of a trial; None where it says nothing."""

    property: str
    sample: str | None = None
    model: str | None = None
    benchmark: str | None = None
    perturbation: str | None = None
    draw: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A trial of a report: its result, and what the report says of it, if that was kept as a flip."""

    row: Row
    sample: str
    perturbation: str
    draw: int
    flip: Row | None


def find(report: Report, wanted: Wanted) -> Found:
    """The trial that is asked for, else the first flip that fits; raises UsageError where there is none.

    A sample without flip is shown under the first perturbation of the result that is no control.
    """
    rows = _fitting(report, wanted)
    for row in rows:
        for flip in _kept(row):
            asked = (wanted.sample, wanted.perturbation, wanted.draw)
            kept = (flip["sample"], flip["perturbation"], flip["draw"])
            if all(a is None or a == b for a, b in zip(asked, kept, strict=True)):
                return Found(row, *kept, flip)
    if wanted.sample is None:
        raise UsageError(
            f"{wanted.property} kept no flipped answer that fits: name a sample (ipllvm view shows them)"
        )
    perturbation = wanted.perturbation or first_perturbation(rows[0]["settings"])
    return Found(rows[0], wanted.sample, perturbation, wanted.draw or 0, None)


def _kept(row: Row) -> list[Row]:
    """The flips of a result, the smallest last."""
    least = row["counterexample"]
    return row["flips"] if least is None else [*row["flips"], least["flip"]]


def _fitting(report: Report, wanted: Wanted) -> Sequence[Row]:
    rows = report["results"]
    names = {benchmark["id"]: benchmark["name"] for benchmark in report["benchmarks"]}
    models = {model["id"]: model["name"] for model in report["models"]}
    rows = _those(rows, "property", wanted.property, lambda row: {row["property"]})
    rows = _those(rows, "model", wanted.model, lambda row: {row["model"], models[row["model"]]})
    return _those(
        rows, "benchmark", wanted.benchmark, lambda row: {row["benchmark"], names[row["benchmark"]]}
    )


def _those(
    rows: Sequence[Row], kind: str, name: str | None, names: Callable[[Row], set[str]]
) -> Sequence[Row]:
    if name is None:
        return rows
    chosen = [row for row in rows if name in names(row)]
    if not chosen:
        raise UnknownName(f"{kind} of the report", name, set().union(*map(names, rows)))
    return chosen


def first_perturbation(settings: Mapping[str, Any]) -> str:
    """The first that is neither the clean run nor the picture in grey, where there is one.

    >>> first_perturbation({"perturbations": "clean; blank(level=127); permutation(scope=flat)"})
    'permutation(scope=flat)'
    """
    printed = str(settings.get("perturbations") or "clean").split("; ")
    return next((text for text in printed if not text.startswith(("clean", "blank"))), printed[-1])
