"""The per-sample numbers whose mean decides a claim."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

ARRAYS: Final = ("values", "crossed")


class Failed(NamedTuple):
    """A planned sample without a value: its cluster, and the least and the most that it may be, in scores.

    Where nothing is known of it, it may lie anywhere in the contrast's range. `by_draw` are both ends of each
    draw, where values are kept by draw.
    """

    sample: str
    cluster: str
    low: float = -math.inf
    high: float = math.inf
    by_draw: tuple[tuple[float, float], ...] = ()

    @property
    def turned(self) -> "Failed":
        """The same of the opposite contrast."""
        by_draw = tuple((-high, -low) for low, high in self.by_draw)
        return Failed(self.sample, self.cluster, -self.high, -self.low, by_draw)

    @property
    def anywhere(self) -> "Failed":
        """The same where nothing is known of it."""
        return Failed(self.sample, self.cluster)

    def within(self, low: float, high: float) -> "Failed":
        """The same with its ends inside a contrast's range."""
        return self._replace(low=max(self.low, low), high=min(self.high, high))


@dataclass(frozen=True, slots=True)
class Contrast:
    """The per-sample numbers whose mean decides a claim (statistics in ipllvm/stats).

    `values` lie in [-bound, bound]; `lattice` is the smallest step of a value (1/K for binary
    scores averaged over K draws, 0 for graded ones). `weighted` says that a value is a weighted sum
    of scores, as of a claim on a ratio, and not a difference of two or of two differences; `linearised`
    that it is an influence value of a statistic that is no mean, such as a difference of ratios.
    Of a claim that a ratio is at least `share` the values are numerator - share x denominator, and `over`
    is the denominator of the same samples. `crossed` are the values by draw where a draw is one for all
    samples and stands for draws like it; `fitted` says that each half of the clusters has the draw
    that was best on the other. `n_error` planned samples have no value; `failed` are those of them that are
    known by name. A score or a share is not `signed`: none is below 0. `shared` is how many
    times the variance of the mean is that of as many independent clusters, at least 1, where they are not.
    `sample_count` is how many samples of the benchmark were asked for these values, 0 where that is one each.
    `reach` is how far from 0 each value may be, None where all may be as far as `bound`.
    """

    name: str
    values: "Float[np.ndarray, 'samples']"
    clusters: tuple[str, ...]
    bound: float = 1.0
    lattice: float = 1.0
    draws: int = 1
    n_error: int = 0
    samples: tuple[str, ...] = ()
    weighted: bool = False
    linearised: bool = False
    over: "Contrast | None" = None
    share: float = 0.0
    crossed: "Float[np.ndarray, 'samples draws'] | None" = None
    fitted: bool = False
    failed: tuple[Failed, ...] = ()
    signed: bool = True
    shared: float = 1.0
    sample_count: int = 0
    reach: "Float[np.ndarray, 'samples'] | None" = None

    @property
    def together(self) -> bool:
        """Whether a value may change with the other samples, so that only all of them decide at once."""
        return self.linearised or self.fitted or self.crossed is not None

    @property
    def failures(self) -> tuple[Failed, ...]:
        """All samples without a value, in the contrast's range; unnamed ones in clusters like the largest."""
        missing = self.n_error - len(self.failed)
        largest = max(Counter(self.clusters).values(), default=1) if missing else 1
        unnamed = (Failed("", f"no value {i // largest}") for i in range(missing))
        low = -self.bound if self.signed else 0.0
        return tuple(each.within(low, self.bound) for each in (*self.failed, *unnamed))

    @property
    def complete(self) -> "Contrast":
        """The samples with a value, as if no other had been planned."""
        return replace(self, n_error=0, failed=()) if self.n_error else self

    def inside(self, interval: tuple[float, float]) -> tuple[float, float]:
        """The bounds of an interval of the mean, cut at 0 where no value can be below it."""
        low, high = interval
        return (low, high) if self.signed else (max(low, 0.0), max(high, 0.0))

    def in_samples(self, values: int) -> int:
        """How many samples have to be asked for so many values: not every question bears on each claim."""
        given = len(self.values) + self.n_error
        return math.ceil(values * self.sample_count / given) if self.sample_count > given > 0 else values

    def only(self, kept: "np.ndarray") -> "Contrast":
        """The samples where `kept`, shape [samples], is true; what failed is nobody's, and left out."""
        places = [place for place, keep in enumerate(kept) if keep]
        return replace(
            self,
            values=self.values[places],
            clusters=tuple(self.clusters[i] for i in places),
            samples=tuple(self.samples[i] for i in places) if self.samples else (),
            n_error=0,
            failed=(),
            over=None if self.over is None else self.over.only(kept),
            crossed=None if self.crossed is None else self.crossed[places],
            reach=None if self.reach is None else self.reach[places],
        )

    def paired_with(self, other: "Contrast") -> "tuple[list[int], list[int]]":
        """The rows of the samples that both have, in the order of this one: here, and in the other."""
        there = {sample: row for row, sample in enumerate(other.samples)}
        here = [row for row, sample in enumerate(self.samples) if sample in there]
        return here, [there[self.samples[row]] for row in here]

    def to_builtins(self) -> dict[str, Any]:
        """The contrast in builtins, as JSON and xdist carry it; `of_builtins` is the inverse."""
        made = {part.name: getattr(self, part.name) for part in fields(self)}
        arrays = {name: made[name].astype(float).tolist() for name in ARRAYS if made[name] is not None}
        over = None if self.over is None else self.over.to_builtins()
        failed = [tuple(each) for each in self.failures[: len(self.failed)]]
        return {**made, **arrays, "over": over, "failed": failed}

    @classmethod
    def of_builtins(cls, found: Mapping[str, Any]) -> "Contrast":
        """The contrast that `to_builtins` was made of; raises TypeError where a field is not known."""
        import numpy as np

        made: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in found.items()
        }
        arrays = {name: np.array(found[name], float) for name in ARRAYS if found.get(name) is not None}
        over = None if found.get("over") is None else cls.of_builtins(found["over"])
        failed = tuple(
            Failed(sample, cluster, low, high, tuple((least, most) for least, most in by_draw))
            for sample, cluster, low, high, by_draw in found.get("failed", ())
        )
        return cls(**{**made, **arrays, "over": over, "failed": failed})
