"""Planned samples without a value: bounds that hold whatever those values would have been.

Worst cases as in Horowitz & Manski 2000: on either side the missing samples sit at the far end of what is
known of them. Of a drop whose clean score was measured that is half of the range, of one draw of K that
failed a K-th.
"""

from dataclasses import dataclass

from ipllvm.records import Contrast


@dataclass(frozen=True, slots=True)
class Missing:
    """Planned samples without a value: their `share`, and what they add to the planned mean, in scores.

    >>> lost = Missing(0.01, -1.0, 1.0)
    >>> [round(x, 3) for x in lost.widened((-0.549, 4.812))], round(lost.complete_margin(2.0, 1), 4)
    ([-1.544, 5.764], 1.0101)
    """

    share: float = 0.0
    least: float = 0.0
    most: float = 0.0

    @classmethod
    def of(cls, contrast: Contrast) -> "Missing":
        """Those of a contrast; where nothing is known of them they may be anywhere in its range."""
        planned = max(len(contrast.values) + contrast.n_error, 1)
        least, most = contrast.hidden
        return cls(contrast.n_error / planned, least / planned, most / planned)

    def widened(self, interval: tuple[float, float]) -> tuple[float, float]:
        """Bounds of the planned mean from those of the mean over the complete samples."""
        low, high = interval
        return (1 - self.share) * low + self.least, (1 - self.share) * high + self.most

    def complete_margin(self, margin: float, side: int) -> float:
        """What the complete samples must stay below (`side` 1) or above (-1) for the planned mean to.

        The inverse of `widened`; raises ValueError where no sample is complete.
        """
        if self.share >= 1:
            raise ValueError("no sample has a value")
        return (margin - (self.most if side > 0 else self.least)) / (1 - self.share)
