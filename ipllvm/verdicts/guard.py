"""What must be shown before a claim is decided: something to lose, and a ratio's denominator above 0.

Each is a test of its own at the claim's alpha, and a verdict needs it besides the claim's own (intersection-
union test, Berger 1982): its p-value is the largest of all, which a correction for many claims reaches too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ipllvm.records import Claim, Contrast
from ipllvm.stats.choice import INDISTINCT as INDISTINCT
from ipllvm.stats.choice import above_zero, choose

NOT_SHOWN = "not shown that there is something to lose"
GAIN = "gain"
"""The name that the contrast of what there is to lose has among those of a result."""
_POINTS = 100.0


@dataclass(frozen=True, slots=True)
class Condition:
    """What a claim needs: the p-value behind it, and what makes the sentence where it is not met."""

    p: float
    unmet: Callable[[], str]


def conditions(contrast: Contrast, claim: Claim, gain: Contrast | None) -> Iterator[Condition]:
    """What the claim needs of a fixed number of samples; `gain` is what seeing is worth, if that is asked."""
    if gain is not None:
        test = choose(gain, claim.exact)
        p = test.p_violated(claim.margin / _POINTS)
        yield Condition(p, lambda: too_small(gain, claim, test.interval(claim.alpha)[0]))
    if contrast.over is not None:
        yield Condition(above_zero(contrast.over, claim.exact), lambda: INDISTINCT)


def too_small(gain: Contrast, claim: Claim, low: float) -> str:
    """That `gain`, whose lower bound is `low` in scores, was not shown to exceed the margin."""
    worth = "seeing the image is worth" if gain.name == "gain" else f"{gain.name} gets"
    return (
        f"{NOT_SHOWN}: {worth} {_POINTS * _mean(gain):.2f} points, at least {_POINTS * low:.2f} "
        f"({_POINTS * claim.alpha:.2g} %), which must exceed the margin of {claim.margin:g}"
    )


def share_of_gain(contrast: Contrast, gain: Contrast | None) -> str:
    """How much of what seeing is worth a drop takes, to be said beside the drop; empty for a rise."""
    if gain is None or gain.name != "gain" or not _mean(gain) > 0 or _mean(contrast) < 0:
        return ""
    share = 100 * _mean(contrast) / _mean(gain)
    return f"; {share:.0f} % of the {_POINTS * _mean(gain):.1f} points that seeing is worth"


def _mean(contrast: Contrast) -> float:
    return float(np.mean(contrast.values)) if len(contrast.values) else 0.0
