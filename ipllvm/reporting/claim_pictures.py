"""What is drawn of a claim over benchmarks and models: its intervals, and the scores behind them."""

from collections.abc import Iterator, Sequence
from typing import Final

from ipllvm.reporting import plots
from ipllvm.reporting.lines import LABEL, Line
from ipllvm.reporting.pictures import Picture, alternative, capital, labels, plain, slug
from ipllvm.reporting.quantities import meaning
from ipllvm.reporting.schema import Row
from ipllvm.reporting.text import interval, number, visible
from ipllvm.reporting.wording import INTERVAL_NOTE, standing
from ipllvm.verdicts.failing import NOT_MEASURED

SCORES: Final = 6
"""Scores that are drawn side by side; the table of numbers has all."""


def forest(lines: Sequence[Line]) -> Picture | None:
    """The intervals of one claim over benchmarks and models."""
    found = [(line, target) for line in lines if (target := _measured(line.row))]
    margin = found[0][0].row["claim"]["margin"] if found else None
    if margin is None:
        return None
    claim, unit = found[0][0].row["claim"], found[0][1]["unit"]
    names = labels([line for line, _ in found])
    spans = [
        plots.Span(name, e["value"], e["low"], e["high"], standing(line.row))
        for name, (line, e) in zip(names, found, strict=True)
    ]
    words, sign = meaning(claim), found[0][0].margin
    axis = f"{visible(unit, 20)} {words.what}"
    return Picture(
        name=f"{slug(found[0][0].property)}-{slug(claim['quantity'])}",
        title=capital(words.what),
        caption=f"Right = {words.more}; tinted: where the claim holds, {sign}.",
        alt=alternative(
            f"{axis}, margin {sign}", [(s.label, _told(s.value, s.low, s.high, unit)) for s in spans]
        ),
        columns=("benchmark", "model", "value", "low", "high", "margin", "n", "verdict"),
        rows=tuple(
            (line.benchmark, line.model, e["value"], e["low"], e["high"], margin, e["n"], line.verdict)
            for line, e in found
        ),
        draw=lambda: plots.forest(spans, margin, claim["direction"], axis),
    )


def levels(lines: Sequence[Line]) -> Picture | None:
    """The scores that stand behind a claim, side by side; None where there are fewer than two."""
    unit = "points"
    names = list(dict.fromkeys(name for line in lines for name in _scores(line.row, unit)))[:SCORES]
    if len(names) < 2:
        return None
    places = labels(lines)
    spans = [(plain(name), [_span(line.row, name) for line in lines]) for name in names]
    told = [
        (place, ", ".join(f"{name} {_told(*_numbers(found[i]), unit)}" for name, found in spans))
        for i, place in enumerate(places)
    ]
    shown = ", ".join(plain(name) for name in names)
    return Picture(
        name=f"{slug(lines[0].property)}-scores",
        title=f"Scores: {shown}",
        caption=f"Right = better; bar: {INTERVAL_NOTE}.",
        alt=alternative("Scores in points of 100", told),
        columns=(
            "benchmark",
            "model",
            *(f"{name}{end}" for name, _ in spans for end in ("", ", low", ", high")),
        ),
        rows=tuple(
            (line.benchmark, line.model, *(x for _, found in spans for x in _numbers(found[i])))
            for i, line in enumerate(lines)
        ),
        draw=lambda: plots.levels(places, spans, "score in points of 100"),
    )


def _span(row: Row, name: str) -> plots.Span | None:
    """An estimate with its interval; None where it was not measured."""
    found = row["estimates"].get(name)
    if found is None or found["value"] is None:
        return None
    return plots.Span(plain(name), found["value"], found["low"], found["high"])


def _numbers(span: plots.Span | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if span is None else (span.value, span.low, span.high)


def _measured(row: Row) -> Row | None:
    """The estimate that the claim speaks of; None where it was not measured."""
    found: Row | None = row["estimates"].get(row["claim"]["quantity"])
    lost = found is None or found["value"] is None or standing(row) == NOT_MEASURED
    return None if lost else found


def _scores(row: Row, unit: str) -> Iterator[str]:
    for name, estimate in row["estimates"].items():
        beside = name == row["claim"]["quantity"] or name.endswith("_pairs") or LABEL in name
        if estimate["unit"] == unit and not beside:
            yield name


def _told(value: float | None, low: float | None, high: float | None, unit: str) -> str:
    return f"{number(value, unit)} {interval(low, high, unit)}"
