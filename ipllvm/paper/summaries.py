"""What the paper's tables print beside their scores: the change from one to another, and averages."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ipllvm.claims import tables
from ipllvm.claims.tables import PERCENT, PrintedNumber
from ipllvm.paper.agreement import UNBOUNDED, Agreement, Compared, compare
from ipllvm.paper.measured import Measured, PaperCell
from ipllvm.paper.parts import PaperPart

AVERAGE: Final = "Avg."
"""The column of averages."""
UNPAIRED: Final = "the change is taken from both intervals, as if of different samples: wider than it need be"


@dataclass(frozen=True, slots=True)
class Bounded:
    """A value with its bounds, each of which is valid at 95 % on its own side."""

    value: float
    low: float
    high: float


def difference(after: Bounded, before: Bounded) -> Bounded:
    """What one is above the other, both independent (Zou & Donner 2008): a bound from the nearer sides.

    >>> difference(Bounded(5.0, 2.0, 8.0), Bounded(4.0, 0.0, 9.0))
    Bounded(value=1.0, low=-4.830951894845301, high=6.0)
    """
    low = math.hypot(after.value - after.low, before.high - before.value)
    high = math.hypot(after.high - after.value, before.value - before.low)
    value = after.value - before.value
    return Bounded(value, value - low, value + high)


def mean(spans: Sequence[Bounded]) -> Bounded:
    """The mean of independent estimates, by the same recovery of their variances.

    >>> mean([Bounded(1.0, -2.0, 5.0), Bounded(3.0, -1.0, 6.0)])
    Bounded(value=2.0, low=-0.5, high=4.5)
    """
    count = len(spans)
    value = sum(each.value for each in spans) / count
    low = math.hypot(*(each.value - each.low for each in spans)) / count
    high = math.hypot(*(each.high - each.value for each in spans)) / count
    return Bounded(value, value - low, value + high)


def change(part: PaperPart, found: Mapping[str, PaperCell], measured: Measured) -> PaperCell | None:
    """The change between two scores of a benchmark; None where a part prints none or one is not there.

    Paired by sample where the report has the difference in the same unit.
    """
    after, before = (found.get(part.change.get(which, "")) for which in ("of", "from"))
    if after is None or before is None:
        return None
    value = _printed_change(part, after, before)
    place = part.key, after.model, after.benchmark, part.change["label"]
    missing = after if after.value is None else before
    if missing.value is None:
        return PaperCell(*place, None, None, None, "", 0, value, Agreement.NOT_TESTED, missing.why)
    derived = _span(after, before, part, measured)
    if derived is None:
        return PaperCell(*place, None, None, None, "", 0, value, Agreement.NOT_COMPARABLE, UNBOUNDED)
    paired, span = derived
    figure = None if value is None else PrintedNumber(part.change["label"], value, PERCENT, part.where)
    compared = measured.compared(part, after.model, after.benchmark, _numbers(span), figure)
    return PaperCell(
        *place, span.value, span.low, span.high, after.unit, min(after.n, before.n), value,
        compared.agreement, compared.why, () if paired else (UNPAIRED,)
    )  # fmt: skip


def _printed_change(part: PaperPart, after: PaperCell, before: PaperCell) -> float | None:
    own = tables.printed_change(part.property_name, after.model, after.benchmark)
    if own is not None:
        return own
    if after.printed is None or before.printed is None:
        return None
    return round(after.printed - before.printed, 2)


def _span(
    after: PaperCell, before: PaperCell, part: PaperPart, measured: Measured
) -> tuple[bool, Bounded] | None:
    """Whether the change is paired, and the change; None where a score has no bounds."""
    row = measured.rows.get((part.property_name, after.model, after.benchmark))
    lost = None if row is None else row["estimates"].get(part.change["paired"])
    own_unit = (
        tables.in_unit(part.scores[part.change["of"]], after.benchmark) != part.scores[part.change["of"]]
    )
    if lost is not None and not own_unit and None not in (lost["value"], lost["low"], lost["high"]):
        return True, Bounded(-lost["value"], -lost["high"], -lost["low"])
    one, other = _bounded(after), _bounded(before)
    return None if one is None or other is None else (False, difference(one, other))


def _bounded(cell: PaperCell) -> Bounded | None:
    if cell.value is None or cell.low is None or cell.high is None:
        return None
    return Bounded(cell.value, cell.low, cell.high)


def _numbers(span: Bounded) -> dict[str, float]:
    return {"value": span.value, "low": span.low, "high": span.high}


def averages(part: PaperPart, model: str, found: Sequence[PaperCell]) -> Iterator[PaperCell]:
    """The averages that a part prints of a model, over its own benchmarks or what stands in for them."""
    printed = tables.averages(part.property_name, model)
    for label in part.averages:
        cells = [cell for cell in found if cell.label == label]
        figure = printed.get(part.scores.get(label, "change"))
        cell = _average(part, model, label, cells, figure)
        if cell is not None:
            yield cell


def _average(
    part: PaperPart, model: str, label: str, cells: Sequence[PaperCell], figure: PrintedNumber | None
) -> PaperCell | None:
    filled = [cell for cell in cells if cell.value is not None]
    spans = [span for span in map(_bounded, filled) if span is not None]
    own = sum(cell.benchmark in part.benchmarks for cell in filled)
    value = None if figure is None else figure.value
    place = part.key, model, AVERAGE, label
    some = f"{own} of {len(part.benchmarks)} benchmarks are measured"
    if not spans or len(spans) < len(filled):
        if value is None:
            return None
        return PaperCell(*place, None, None, None, "", 0, value, Agreement.NOT_TESTED, some)
    span, whole = mean(spans), own == len(part.benchmarks)
    compared = _compared_average(_numbers(span), cells, figure, "" if whole else some)
    over = () if whole else (f"over {', '.join(cell.benchmark for cell in filled)}",)
    notes = (*over, *(() if figure is None else figure.notes))
    return PaperCell(
        *place, span.value, span.low, span.high, "points", len(filled), value, compared.agreement,
        compared.why, notes
    )  # fmt: skip


def _compared_average(
    numbers: dict[str, float], cells: Sequence[PaperCell], figure: PrintedNumber | None, incomplete: str
) -> Compared:
    """As the cells that it is of: where one of them is not comparable, neither is the average."""
    for cell in cells:
        if cell.agreement is Agreement.NOT_COMPARABLE:
            return Compared(cell.agreement, cell.why)
    if incomplete:
        return Compared(Agreement.NOT_COMPARABLE, incomplete)
    return compare(numbers, figure, in_paper=True, own_set=True, papers_protocol=True)
