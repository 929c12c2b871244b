"""Evidence that may be looked at after every cluster, and stopped at any time.

The bets of ipllvm/stats/betting.py, over the clusters in one random order that is fixed before the
run. A verdict is taken at the first cluster where the wealth of its side reaches 1 / alpha, and
stays: the chance of a false one is at most alpha however often one looks (Ville 1939).
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ipllvm.records import Contrast, Decision
from ipllvm.stats.betting import highest, log_evidence, p_value
from ipllvm.stats.clusters import cluster_sums

if TYPE_CHECKING:
    from jaxtyping import Float


_STOPPING, _CLUSTERS = 8.5, 5.7  # found by simulation, for alpha = 0.05


@dataclass(frozen=True, slots=True)
class Order:
    """The planned clusters in the order of the run, with the number of samples planned in each.

    `largest` is the largest size, which must be known before the first cluster is seen.
    """

    clusters: tuple[str, ...]
    sizes: tuple[int, ...]
    largest: int = 0

    def __post_init__(self) -> None:
        if not self.largest:
            object.__setattr__(self, "largest", max(self.sizes, default=1))

    @classmethod
    def of(cls, clusters: Sequence[str], largest: int = 0) -> "Order":
        """The clusters of samples (one name a sample) as they come, which must be a random order.

        `largest` is the largest size that any of them, or of those to come, may have; 0 for that of these.

        >>> Order.of(["b", "a", "b"])
        Order(clusters=('b', 'a'), sizes=(2, 1), largest=2)
        """
        counts = Counter(clusters)
        return cls(tuple(counts), tuple(counts.values()), largest)

    @classmethod
    def drawn(cls, clusters: Sequence[str], rng: np.random.Generator) -> "Order":
        """The clusters of the planned samples (one name a sample) in a uniform order.

        >>> order = Order.drawn(["a", "b", "b"], np.random.default_rng(0))
        >>> sorted(zip(order.clusters, order.sizes))
        [('a', 1), ('b', 2)]
        """
        names, sizes = np.unique(np.asarray(clusters, dtype=str), return_counts=True)
        order = rng.permutation(len(names))
        return cls(tuple(str(names[i]) for i in order), tuple(int(sizes[i]) for i in order))

    def seen(self, samples: int) -> int:
        """How many clusters the first `samples` samples complete; raises ValueError where one is cut."""
        ends = [0, *np.cumsum(self.sizes)]
        if samples not in ends:
            raise ValueError(f"{samples} samples end inside a cluster: a cluster is complete or unseen")
        return ends.index(samples)


@dataclass(frozen=True, slots=True)
class Stop:
    """The decision, and the number of clusters after which it was first possible."""

    decision: Decision
    clusters: int


@dataclass(frozen=True, slots=True, eq=False)
class Sequential:
    """What the clusters seen so far say of a mean, one entry a cluster in the run's order.

    `highs` and `lows` are the clusters' sums (in units of `bound`) with samples that have no value
    at either end, over the largest planned size, as `sizes` are. `planned` is the number of
    planned clusters if the mean is that of this benchmark with these draws, seen without
    replacement, and None if it is that of the population. Methods take and return scores.
    """

    highs: "Float[np.ndarray, 'clusters']"
    lows: "Float[np.ndarray, 'clusters']"
    sizes: "Float[np.ndarray, 'clusters']"
    bound: float
    planned: int | None

    @classmethod
    def of(cls, contrast: Contrast, order: Order, *, benchmark: bool = False) -> "Sequential":
        """The evidence of `contrast`, whose samples and errors fill the first clusters of `order`.

        With `benchmark` it speaks of the planned clusters only, else of clusters like these.
        Raises ValueError where a cluster is incomplete, unplanned or out of order.
        """
        seen = order.seen(len(contrast.values) + contrast.n_error)
        names, planned = order.clusters[:seen], np.array(order.sizes[:seen], dtype=float)
        totals, sizes = _in_order(contrast, names)
        if (sizes > planned).any():
            raise ValueError(f"{contrast.name}: a cluster has more samples than planned")
        missing, largest = planned - sizes, order.largest
        highs, lows = (totals / contrast.bound + end * missing for end in (1, -1))
        count = len(order.clusters) if benchmark else None
        return cls(highs / largest, lows / largest, planned / largest, contrast.bound, count)

    @property
    def method(self) -> str:
        """Its name in a report."""
        return f"confidence sequence, {'population' if self.planned is None else 'this benchmark'}"

    @property
    def too_little(self) -> bool:
        """Whether fewer than two clusters were seen, which decides nothing."""
        return len(self.sizes) < 2

    def log_holds(self, margin: float) -> "Float[np.ndarray, 'clusters']":
        """The running log evidence for "the mean is at most `margin`"."""
        return log_evidence(self.highs, self.sizes, margin / self.bound, self.planned)

    def log_violated(self, margin: float) -> "Float[np.ndarray, 'clusters']":
        """The running log evidence for "the mean exceeds `margin`"."""
        return log_evidence(-self.lows, self.sizes, -margin / self.bound, self.planned)

    def p_holds(self, margin: float) -> float:
        """The p-value so far behind "the mean is at most `margin`"; valid whenever one stops."""
        return 1.0 if self.too_little else p_value(self.log_holds(margin).max())

    def p_violated(self, margin: float) -> float:
        """The p-value so far behind "the mean exceeds `margin`"; valid whenever one stops."""
        return 1.0 if self.too_little else p_value(self.log_violated(margin).max())

    def stop(self, margin: float, alpha: float = 0.05) -> Stop | None:
        """The first verdict on "the mean is at most `margin`", which stays; None if there is none."""
        evidence = {Decision.HOLDS: self.log_holds(margin), Decision.VIOLATED: self.log_violated(margin)}
        reached = {decision: running_p(logs) <= alpha for decision, logs in evidence.items()}
        stops = [Stop(decision, int(r.argmax()) + 1) for decision, r in reached.items() if r.any()]
        return min(stops, key=lambda stop: stop.clusters, default=None)

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """The confidence sequence now: the means that no bet has ruled out so far.

        Each bound is valid at 1 - `alpha` at all times at once. Should the two sides rule out
        everything (a chance of at most 2 `alpha`), the span between them is given.
        """
        if self.too_little:
            return -self.bound, self.bound
        high = highest(lambda theta: float(self.log_holds(theta * self.bound).max()), alpha)
        low = -highest(lambda theta: float(self.log_violated(-theta * self.bound).max()), alpha)
        return self.bound * min(low, high), self.bound * max(low, high)


def expected_samples(variance: float, gap: float, cluster_size: float = 1.0) -> float:
    """Mean number of samples at which such a run stops, in a population without end.

    `variance` is that of one sample, its share of draws and clusters included (psi x deff); `gap` the
    distance of the truth from the margin. About the fixed design of power 0.90; the cap on the bets
    asks for some clusters whatever the variance. Infinite at the margin.

    >>> round(expected_samples(0.10, 0.05)), round(expected_samples(0.0, 0.02, 10))
    (340, 2850)
    """
    if gap == 0:
        return math.inf
    return max(_STOPPING * variance / gap**2, _CLUSTERS / abs(gap) * cluster_size)


def running_p(log_wealth: "Float[np.ndarray, 'clusters']") -> "Float[np.ndarray, 'clusters']":
    """The p-value after each cluster, never rising, valid at any stopping time; 1 after the first.

    >>> running_p(np.array([9.0, 1.0, 10.0])).round(5).tolist()
    [1.0, 0.00012, 5e-05]
    """
    p = np.exp(-np.maximum(np.maximum.accumulate(log_wealth), 0.0))
    p[:1] = 1.0
    return p


def _in_order(
    contrast: Contrast, names: Sequence[str]
) -> "tuple[Float[np.ndarray, 'clusters'], Float[np.ndarray, 'clusters']]":
    """Sum and number of values of every cluster of `names`."""
    if strange := set(contrast.clusters) - set(names):
        raise ValueError(
            f"{contrast.name}: cluster {min(strange)} is not among the first {len(names)} planned"
        )
    places = {name: place for place, name in enumerate(names)}
    totals, sizes = np.zeros(len(names)), np.zeros(len(names))
    found = np.array([places[name] for name in sorted(set(contrast.clusters))], dtype=int)
    totals[found], sizes[found] = cluster_sums(contrast)
    return totals, sizes
