"""What noise at a place costs, and where it costs most (paper definition 3.1, Fig. 8 and 9).

e_t = f0 - mean over draws of f_t is the drop at target t; the paper's importance is I_t = 100 e_t/f0.
The verdicts use drops, unclipped and without division.
"""

from collections.abc import Sequence

from ipllvm.metrics.weighted import mean_terms, weighted
from ipllvm.records import Contrast, Scores


def lowest_quarter(layers: int) -> int:
    """How many layers the lowest quarter has: those below 25 % of the depth, at least one.

    >>> lowest_quarter(32), lowest_quarter(6), lowest_quarter(2)
    (8, 1, 1)
    """
    return max(1, layers // 4)


def quarter_share(clean: Scores, noisy: Sequence[Scores], share: float) -> Contrast:
    """At least 0 where the lowest quarter of the layers has at least `share` of the sum of all drops.

    `noisy` are the scores under noise at each layer, the first layer first: the contrast is
    sum_Q e_l - share sum_all e_l.
    """
    low = lowest_quarter(len(noisy))
    terms = [(low - share * len(noisy), clean)]
    terms += [((share - 1.0) if layer < low else share, scores) for layer, scores in enumerate(noisy)]
    return weighted("lowest_quarter", terms)


def more_lost(name: str, here: Sequence[Scores], there: Sequence[Scores]) -> Contrast:
    """Positive where the scores `here` are lower than `there`: mean there - mean here, per sample."""
    return weighted(name, [*mean_terms(1.0, there), *mean_terms(-1.0, here)])
