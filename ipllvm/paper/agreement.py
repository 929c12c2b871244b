"""Whether a printed value agrees with a measured one: inside its interval, outside, or not comparable."""

from dataclasses import dataclass
from enum import StrEnum

from ipllvm.claims.tables import COSINE, PrintedNumber
from ipllvm.reporting.schema import Row

PERCENT = 100.0
OTHER_PROTOCOL = "asked under this project's protocol, not the paper's"
UNBOUNDED = "the measured value has no interval"
NO_NUMBER = "the paper prints no number"
OTHER_MODEL = "the paper does not measure this model"
STAND_IN = "the paper does not measure on this benchmark"


class Agreement(StrEnum):
    """What can be said of a printed and a measured value."""

    INSIDE = "inside the interval"
    OUTSIDE = "outside the interval"
    NOT_COMPARABLE = "not comparable"
    NOT_TESTED = "NOT TESTED"


@dataclass(frozen=True, slots=True)
class Compared:
    """The finding and, where there is none or it needs a word, why."""

    agreement: Agreement
    why: str = ""


def printed(figure: PrintedNumber | None) -> float | None:
    """The printed value in the unit of the measured one.

    >>> printed(PrintedNumber("clip_i", 0.84, COSINE, "Table 2")), printed(None)
    (84.0, None)
    """
    if figure is None or figure.value is None:
        return None
    return round(PERCENT * figure.value, 6) if figure.unit == COSINE else figure.value


def compare(
    found: Row, figure: PrintedNumber | None, *, in_paper: bool, own_set: bool, papers_protocol: bool
) -> Compared:
    """A measured estimate against the printed figure.

    `in_paper` says that the paper measures the model, `own_set` that it does so on this benchmark,
    `papers_protocol` that the benchmark was asked as its harness asks it.
    """
    value, low, high = printed(figure), found["low"], found["high"]
    reasons = (
        (not in_paper, OTHER_MODEL),
        (not own_set, STAND_IN),
        (value is None, NO_NUMBER),
        (not papers_protocol, OTHER_PROTOCOL),
        (low is None or high is None or found["value"] is None, UNBOUNDED),
    )
    for applies, why in reasons:
        if applies:
            return Compared(Agreement.NOT_COMPARABLE, why)
    assert value is not None
    if low <= value <= high:
        return Compared(Agreement.INSIDE)
    beyond = value - high if value > high else low - value
    return Compared(Agreement.OUTSIDE, f"by {beyond:.1f}")
