"""The schema of a report, and a Result as a row of it: plain values that JSON and xdist can carry.

The schema is made of the types in document.py; reports/README.md explains it for people.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import PurePath
from typing import Any, Final, TypeVar

from ipllvm.errors import UsageError
from ipllvm.records import (
    BenchmarkInfo,
    Claim,
    Counterexample,
    Decision,
    Estimate,
    FlipExample,
    ModelInfo,
    Point,
    Result,
    Series,
    Verdict,
)
from ipllvm.reporting import document
from ipllvm.reporting.document import VERSION as VERSION
from ipllvm.reporting.text import visible

Row = dict[str, Any]
Report = dict[str, Any]
T = TypeVar("T")

SCHEMA: Final[Mapping[str, Any]] = document.json_schema()


def builtins(values: Mapping[str, object]) -> Row:
    """`values` made of dict, list, str, int, float, bool and None only; NaN and infinity become None.

    Raises TypeError for what has no such form.

    >>> import numpy as np
    >>> builtins({"a": (np.int64(1), np.float32("nan"))})
    {'a': [1, None]}
    """
    return {_plain(str(key)): _plain(value) for key, value in values.items()}


def _plain(value: object) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if hasattr(value, "tolist"):  # of numpy or torch, array or scalar
        return _plain(value.tolist())
    if isinstance(value, str | PurePath):
        return str(value).encode("utf-8", "replace").decode()
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return builtins(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    raise TypeError(f"a report can't hold a {type(value).__name__}")


def row(result: Result) -> Row:
    """`result` in builtins only, as it is written to JSON and sent by a worker.

    Model and benchmark are written out here; a report holds them once (ipllvm/reporting/report.py).
    """
    made = {
        "property": result.property,
        "model": asdict(result.model),
        "benchmark": asdict(result.benchmark),
        "claim": asdict(result.claim),
        "estimates": {name: _flat(estimate) for name, estimate in result.estimates.items()},
        "verdict": asdict(result.verdict),
        "settings": result.settings,
        "trials": result.trials,
        "seconds": result.seconds,
        "errors": [{"sample": sample, "error": error} for sample, error in result.errors],
        "partial": result.partial,
        "series": [asdict(series) for series in result.series],
        "flips": [asdict(flip) for flip in result.flips],
        "counterexample": None if result.counterexample is None else asdict(result.counterexample),
    }
    return builtins(made)


def result(row: Row) -> Result:
    """The Result that `row` was made from; fields that this version does not know are left out.

    A bound that is null comes back as infinity, a p-value as 1: the least that can be claimed.
    """
    verdict = {**row["verdict"], "decision": Decision(row["verdict"]["decision"])}
    return Result(
        property=row["property"],
        model=_model(row["model"]),
        benchmark=_make(BenchmarkInfo, row["benchmark"]),
        claim=_make(Claim, row["claim"], margin=math.nan),
        estimates={name: _estimate(value) for name, value in row["estimates"].items()},
        verdict=_make(Verdict, verdict, p_holds=1.0, p_violated=1.0),
        settings={name: math.nan if value is None else value for name, value in row["settings"].items()},
        trials=row["trials"],
        seconds=math.nan if row["seconds"] is None else row["seconds"],
        errors=tuple((entry["sample"], entry["error"]) for entry in row["errors"]),
        partial=row["partial"],
        series=tuple(_series(value) for value in row.get("series", ())),
        flips=tuple(map(_flip, row.get("flips", ()))),
        counterexample=_counterexample(row.get("counterexample")),
    )


def rows(report: Report) -> list[Row]:
    """The rows of `report` with model and benchmark written out again, ready for `result`."""
    models = {model["id"]: model for model in report["models"]}
    benchmarks = {benchmark["id"]: benchmark for benchmark in report["benchmarks"]}
    return [
        {**entry, "model": models[entry["model"]], "benchmark": benchmarks[entry["benchmark"]]}
        for entry in report["results"]
    ]


def validate(report: object) -> None:
    """Raises UsageError with the place and the fault where `report` is not what the schema says."""
    import jsonschema

    checker = jsonschema.Draft202012Validator(SCHEMA)
    fault = jsonschema.exceptions.best_match(checker.iter_errors(report))
    if fault is not None:
        place = "/".join(str(part) for part in fault.absolute_path) or "top level"
        raise UsageError(f"not an {VERSION}: {visible(place)}: {visible(fault.message)}")


def _flat(estimate: Estimate) -> Row:
    return {part.name: getattr(estimate, part.name) for part in fields(estimate)}


def _estimate(value: Row) -> Estimate:
    discordant = tuple(value["discordant"])
    return _make(Estimate, {**value, "discordant": discordant}, low=-math.inf, high=math.inf)


def _model(value: Row) -> ModelInfo:
    lists = {name: tuple(value.get(name, ())) for name in ("weights", "notes")}
    return _make(ModelInfo, {**value, **lists})


def _series(value: Row) -> Series:
    points = tuple(_make(Point, {**point, "at": tuple(point["at"])}) for point in value["points"])
    return _make(Series, {**value, "axes": tuple(value["axes"]), "points": points})


def _flip(value: Row) -> FlipExample:
    lists = {name: tuple(value.get(name, ())) for name in ("pictures", "read", "before")}
    return _make(FlipExample, {**value, **lists})


def _counterexample(value: Row | None) -> Counterexample | None:
    return None if value is None else _make(Counterexample, {**value, "flip": _flip(value["flip"])})


def _make(kind: type[T], values: Row, **absent: float) -> T:
    """A `kind` of the `values` it knows, with `absent` in place of null."""
    names = [part.name for part in fields(kind)]  # type: ignore[arg-type]
    known = {name: values[name] for name in names if name in values}
    return kind(**{name: absent.get(name) if value is None else value for name, value in known.items()})
