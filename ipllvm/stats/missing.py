"""Planned samples without a value: each side is tested with all of them at their worst for it.

Worst cases as in Horowitz & Manski 2000, put in place of the values before anything is tested, so that how
many fail is chance as any other loss is. Of a drop whose clean score was right the worst is a whole loss for
HOLDS and none for VIOLATED; of one draw of K that failed it is a K-th.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ipllvm.records import Contrast, Failed
from ipllvm.stats.protocol import HypothesisTest


def at_worst(contrast: Contrast, side: float) -> Contrast:
    """The contrast with a value for each sample that failed: the most that it may be (`side` 1) or the least.

    >>> from ipllvm.records import Failed
    >>> lost = (Failed("s", "b", 0.0, 1.0),)
    >>> right = Contrast("drop", np.zeros(3), ("a", "a", "b"), n_error=1, failed=lost)
    >>> [at_worst(right, side).values.tolist() for side in (1, -1)]
    [[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]]
    """
    if not contrast.n_error:
        return contrast
    failures, by_draw, reach = contrast.failures, contrast.crossed, contrast.reach
    values = np.array([each.high if side > 0 else each.low for each in failures])
    if by_draw is not None:
        by_draw = np.concatenate([by_draw, [_row(each, side, by_draw.shape[1]) for each in failures]])
    return replace(
        contrast.complete,
        values=np.concatenate([np.asarray(contrast.values, dtype=float), values]),
        clusters=(*contrast.clusters, *(each.cluster for each in failures)),
        samples=(*contrast.samples, *(each.sample for each in failures)) if contrast.samples else (),
        crossed=by_draw,
        reach=reach if reach is None else np.append(reach, np.full(len(values), contrast.bound)),
        over=None,
    )


def bounded(contrast: Contrast, test_of: Callable[[Contrast], HypothesisTest]) -> HypothesisTest:
    """The test of `contrast` by `test_of`, each side with what failed at its worst for it.

    What has a value must be enough to be tested: else nothing is decided.
    """
    measured = test_of(contrast.complete)
    if not contrast.n_error or measured.too_little:
        return measured
    return WorstCase(test_of(at_worst(contrast, 1)), test_of(at_worst(contrast, -1)))


@dataclass(frozen=True, slots=True, eq=False)
class WorstCase:
    """A test for either side: what failed is as high as it may be in `highest`, and low in `lowest`.

    It is a HypothesisTest (ipllvm/stats/protocol.py). Methods take and return scores, not points.
    """

    highest: HypothesisTest
    lowest: HypothesisTest

    @property
    def method(self) -> str:
        """Its name in a report: both, where they differ."""
        names = dict.fromkeys((self.lowest.method, self.highest.method))
        return names.popitem()[0] if len(names) == 1 else "{} (low), {} (high)".format(*names)

    @property
    def too_little(self) -> bool:
        """Whether one of both decides nothing."""
        return self.highest.too_little or self.lowest.too_little

    @property
    def own_error(self) -> float | None:
        """The larger one of theirs; None where the score test's is as good."""
        errors = self.highest.own_error, self.lowest.own_error
        return None if errors[0] is None or errors[1] is None else max(errors[0], errors[1])

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Bounds of the mean of all planned samples, each valid at 1 - `alpha` on its own side."""
        return self.lowest.interval(alpha)[0], self.highest.interval(alpha)[1]

    def p_holds(self, margin: float) -> float:
        """The one-sided p-value behind "the mean is at most `margin`"; small means it holds."""
        return self.highest.p_holds(margin)

    def p_violated(self, margin: float) -> float:
        """The one-sided p-value behind "the mean exceeds `margin`"; small means it does."""
        return self.lowest.p_violated(margin)

    def grown(self, times: float) -> "WorstCase | None":
        """The test of so many times as many clusters like these; None where one can't say."""
        highest, lowest = self.highest.grown(times), self.lowest.grown(times)
        return None if highest is None or lowest is None else WorstCase(highest, lowest)

    def at_floor(self, p: float, margin: float) -> bool:
        """Whether `p`, its own of HOLDS at `margin`, is the least that so many clusters can have for sure."""
        return self.highest.at_floor(p, margin)


def _row(failed: Failed, side: float, draws: int) -> list[float]:
    """The values by draw of a sample that failed, at its worst."""
    ends = failed.by_draw or ((failed.low, failed.high),) * draws
    return [high if side > 0 else low for low, high in ends]
