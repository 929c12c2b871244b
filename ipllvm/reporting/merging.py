"""Several reports as one, so that models stand side by side."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ipllvm.reporting.schema import Report, Row

_WORST: Final = (1, 2, 3, 4, 5, 7, 6, 0)
"""Exit statuses, the worst first."""
_LISTS: Final = ("results", "failed", "passed_laws", "not_tested", "not_measured")


def merged(reports: Sequence[Report]) -> Report:
    """All results in one report, each with the `run` that it is of; a single one stays as it is.

    The first run speaks for all where one must, and the exit status is the one that says the worst.

    A model that two reports measured stays two, told apart by a number: two runs are not one. The same
    data are listed once.

    Raises ValueError where there is no report.
    """
    if not reports:
        raise ValueError("no report to show")
    first, *others = reports
    if not others:
        return first
    made: dict[str, Any] = {**first, "models": [], "benchmarks": [], **{name: [] for name in _LISTS}}
    families: list[Row] = []
    statements: list[Row] = []
    for report in reports:
        models = _renamed(report["models"], made["models"], again=True)
        data = _renamed(report["benchmarks"], made["benchmarks"], again=False)
        for name in _LISTS:
            of = {"run": report["run"]} if name == "results" else {}
            made[name] += [{**_with(row, models, data), **of} for row in report[name]]
        statements += [_stated(row, models, data) for row in report.get("statements", ())]
        for family in report["multiplicity"]["families"]:
            named = _with(family, models, data)
            families.append({**named, "claims": [_with(each, models, data) for each in family["claims"]]})
    made["statements"] = statements
    made["notes"] = list(dict.fromkeys(note for report in reports for note in report["notes"]))
    runs = [report["run"] for report in reports]
    status = min((run["exit_status"] for run in runs), key=lambda each: (*_WORST, each).index(each))
    made["run"] = {**first["run"], "partial": any(run["partial"] for run in runs), "exit_status": status}
    made["multiplicity"] = {**first["multiplicity"], "families": families}
    return made


def _renamed(found: Sequence[Row], known: list[Row], *, again: bool) -> dict[str, str]:
    """Adds `found` to `known` and tells under which ids; `again` lists what is known once more."""
    names = {}
    for entry in found:
        same = [each for each in known if each == entry]
        if same and not again:
            names[entry["id"]] = entry["id"]
            continue
        names[entry["id"]] = _free(str(entry["id"]), [each["id"] for each in known])
        known.append({**entry, "id": names[entry["id"]]})
    return names


def _free(name: str, taken: Sequence[str]) -> str:
    tries = (name, *(f"{name} ({number})" for number in range(2, len(taken) + 3)))
    return next(each for each in tries if each not in taken)


def _stated(row: Row, models: Mapping[str, str], data: Mapping[str, str]) -> Row:
    """A statement over several models and benchmarks with the new ids."""
    return {
        **row,
        "models": [models.get(name, name) for name in row["models"]],
        "benchmarks": [data.get(name, name) for name in row["benchmarks"]],
    }


def _with(row: Row, models: Mapping[str, str], data: Mapping[str, str]) -> Row:
    """`row` with the new ids; a name that is no id, as of a test without result, stays."""
    new = {
        name: ids.get(row[name], row[name])
        for name, ids in (("model", models), ("benchmark", data))
        if name in row
    }
    return {**row, **new}
