"""What a test of a contrast has, so that a verdict needs to know no test by name."""

from typing import Protocol, Self, runtime_checkable


@runtime_checkable
class HypothesisTest(Protocol):
    """Bounds and p-values of one test; methods take and return scores, not points.

    Nothing is inherited: a test that forgets a part of it is refused where ipllvm/stats/choice.py gives it.
    """

    @property
    def method(self) -> str:
        """Its name in a report."""

    @property
    def too_little(self) -> bool:
        """Whether it decides nothing: then the interval is the whole range and both p-values are 1."""

    @property
    def own_error(self) -> float | None:
        """The standard error behind its minimum detectable effect; None where the score test's is as good."""

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Bounds of the mean, each valid at 1 - `alpha` on its own side."""

    def p_holds(self, margin: float) -> float:
        """The one-sided p-value behind "the mean is at most `margin`"; small means it holds."""

    def p_violated(self, margin: float) -> float:
        """The one-sided p-value behind "the mean exceeds `margin`"; small means it does."""

    def grown(self, times: float) -> Self | None:
        """The test of so many times as many clusters like these; None where it can't say."""

    def at_floor(self, p: float, margin: float) -> bool:
        """Whether `p`, its own of HOLDS at `margin`, is the least that so many clusters can have for sure."""
