"""What noise at a place costs, and where it costs most (paper definition 3.1, Fig. 8 and 9).

e_t = f0 - mean over draws of f_t is the drop at target t; the paper's importance is I_t = 100 e_t/f0.
The verdicts use drops, unclipped and without division.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from ipllvm.metrics.weighted import mean_terms, share_claim, weighted
from ipllvm.records import Contrast, Scores

if TYPE_CHECKING:
    from jaxtyping import Float


def lowest_quarter(layers: int) -> int:
    """How many layers the lowest quarter has: those below 25 % of the depth, at least one.

    >>> lowest_quarter(32), lowest_quarter(6), lowest_quarter(2)
    (8, 1, 1)
    """
    return max(1, layers // 4)


def quarter_share(clean: Scores, noisy: Sequence[Scores], share: float, *, crossed: bool = False) -> Contrast:
    """At least 0 where the lowest quarter of the layers has at least `share` of the sum of all drops.

    `noisy` are the scores under noise at each layer, the first layer first: the contrast is
    sum_Q e_l - share sum_all e_l, with `crossed` by draw too.
    """
    low, lost = lowest_quarter(len(noisy)), [(-1.0, each) for each in noisy]
    above, below = [(float(low), clean), *lost[:low]], [(float(len(noisy)), clean), *lost]
    return share_claim("lowest_quarter", above, below, share, crossed=crossed)


def more_lost(
    name: str, here: Sequence[Scores], there: Sequence[Scores], *, crossed: bool = False
) -> Contrast:
    """Positive where the scores `here` are lower than `there`: mean there - mean here, per sample.

    With `crossed` by draw too.
    """
    return weighted(name, [*mean_terms(1.0, there), *mean_terms(-1.0, here)], crossed=crossed)


def over_draws(clean: Scores, noisy: Mapping[float, Scores]) -> dict[str, dict[float, float | None]]:
    """The paper's importance of each place, (f0 - f) / f0, by which of its draws is f.

    `max` takes the best draw, as in the paper: it is biased low by selection. `mean` and `min` take
    the mean and the worst. None where the clean score is 0 or unknown.
    """
    start = score_by_draw(clean)
    base = float(start.mean()) if start.size else 0.0

    def lost(scores: Scores, choose: Callable[[Sequence[float]], float]) -> float | None:
        found = score_by_draw(scores).tolist()
        return (base - choose(found)) / base if base > 0 and found else None

    kinds: dict[str, Callable[[Sequence[float]], float]] = {"max": max, "mean": fmean, "min": min}
    return {
        kind: {place: lost(scores, choose) for place, scores in noisy.items()}
        for kind, choose in kinds.items()
    }


def score_by_draw(scores: Scores) -> "Float[np.ndarray, 'draws']":
    """The mean over samples of each draw; samples with an error left out. Empty where none is left."""
    kept = scores.values[~np.isnan(scores.values).any(1)]
    return np.asarray(kept.mean(0)) if len(kept) else np.zeros(0)


@dataclass(frozen=True, slots=True)
class Crossing:
    """The first place, counted from 1, where what `led` in the first no longer leads.

    None where it leads to the end, or never `led`. `low` and `high` hold 90 % of the resamples that cross,
    `never` is the share of those that do not.
    """

    at: int | None
    low: int | None
    high: int | None
    never: float
    led: bool = True

    def __str__(self) -> str:
        """As a report shows it.

        >>> str(Crossing(8, 6, 9, 0.0)), str(Crossing(None, None, None, 1.0, led=False))
        ('8 [6, 9], none in 0% of resamples', 'none, no lead in the first, none in 100% of resamples')
        """
        never = "none, a lead to the end" if self.led else "none, no lead in the first"
        span = "" if self.low is None else f" [{self.low}, {self.high}]"
        return f"{never if self.at is None else self.at}{span}, none in {self.never:.0%} of resamples"


def crossing(
    leads: Sequence[Contrast], rng: np.random.Generator, replicates: int = 999, alpha: float = 0.05
) -> Crossing:
    """Where a lead, positive in the first places, is first lost: by clusters resampled, for display only.

    `leads` are contrasts, one a place; samples that one of them lacks, as where an answer failed, are left
    out of all. Without a sample there is no crossing.
    """
    leads = _of_all(leads)
    names = list(dict.fromkeys(leads[0].clusters))
    if not names:
        return Crossing(None, None, None, 1.0, led=False)
    row = {name: number for number, name in enumerate(names)}
    totals = np.zeros((len(names), len(leads)))
    np.add.at(totals, [row[name] for name in leads[0].clusters], np.stack([lead.values for lead in leads], 1))
    weights = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), replicates)
    drawn = [found for means in weights @ totals if (found := _first_loss(means)) is not None]
    low, high = np.quantile(drawn, (alpha, 1 - alpha), method="nearest").tolist() if drawn else (None, None)
    means = totals.sum(0)
    return Crossing(_first_loss(means), low, high, 1 - len(drawn) / replicates, bool(means[0] > 0))


def _of_all(leads: Sequence[Contrast]) -> list[Contrast]:
    """The samples that all of them have, in the order of the first."""
    shared = set(leads[0].samples).intersection(*(lead.samples for lead in leads[1:]))
    first = leads[0].only(np.array([sample in shared for sample in leads[0].samples], bool))
    rows = [lead.paired_with(first) for lead in leads]
    orders = [[here for _, here in sorted(zip(there, here, strict=True))] for here, there in rows]
    return [replace(first, values=lead.values[order]) for lead, order in zip(leads, orders, strict=True)]


def _first_loss(means: "Float[np.ndarray, 'places']") -> int | None:
    """The first place after a positive beginning that is not positive."""
    if means[0] <= 0 or (means > 0).all():
        return None
    return int(np.argmin(means > 0)) + 1
