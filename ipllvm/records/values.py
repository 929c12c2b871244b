"""The values that travel through ipllvm, in travel order: from a sample to a verdict."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from ipllvm.records.contrast import Contrast as Contrast
from ipllvm.records.evidence import Counterexample as Counterexample
from ipllvm.records.evidence import FlipExample as FlipExample
from ipllvm.records.evidence import Transcript as Transcript

if TYPE_CHECKING:
    from PIL import Image

POINTS = 100.0
"""Points in a score of 1."""
EXACT = ("dirichlet", "bets")
"""What decides where few clusters inform: a bound conjectured to be valid, or bets, which are proven."""


@runtime_checkable
class ImageSource(Protocol):
    """An image as a value: decoded or drawn only when asked for."""

    def load(self) -> "Image.Image":
        """The picture in RGB; raises OSError where it can't be decoded."""
        ...


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of a benchmark; samples that share an image or a pair share a cluster.

    `labels` are (axis, value): what the benchmark says of the row, such as its category; an axis that holds
    several values comes several times.
    """

    id: str
    cluster: str
    images: tuple[ImageSource, ...]
    prompt: str
    answer: str
    choices: tuple[str, ...] = ()
    kind: str = ""
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A named set of samples with the scorer that its answers are meant for.

    `pairs` says that a cluster is a pair, which counts only when both its samples are right. `judged` is the
    scorer that takes the place of `scorer` where a judge is named, empty where rules always serve. `axes`
    are the labels that have scores of their own, `total` names the official total, if it has one.
    """

    name: str
    samples: tuple[Sample, ...]
    scorer: str
    digest: str
    source: str
    max_new_tokens: int = 16
    pairs: bool = False
    judged: str = ""
    axes: tuple[str, ...] = ()
    total: str = ""

    def part(self, samples: Iterable[Sample]) -> "Benchmark":
        """Some of its own samples, in any order. Name and digest say which data they are from, and stay.

        What is made of samples is data of their own, with another digest (`benchmarks.variants.variant`).
        """
        return replace(self, samples=tuple(samples))


@dataclass(frozen=True, slots=True)
class Trial:
    """One sample under one draw of one perturbation; `seed` is 0 where nothing is random."""

    sample: str
    perturbation: str
    draw: int
    seed: int = 0

    def __reduce__(self) -> tuple[type["Trial"], tuple[str, str, int, int]]:
        """Pickled by its fields, in a third of the time: every one crosses from a worker to its driver."""
        return Trial, (self.sample, self.perturbation, self.draw, self.seed)


@dataclass(frozen=True, slots=True)
class Response:
    """What the model said in a trial, or the traceback of why it said nothing.

    `options` are the log-likelihoods of the sample's choices, in nats, where the answer was chosen
    by them.
    """

    text: str
    tokens: tuple[int, ...] = ()
    error: str | None = None
    options: tuple[float, ...] = ()

    def __reduce__(self) -> tuple[type["Response"], tuple[Any, ...]]:
        """See Trial."""
        return Response, (self.text, self.tokens, self.error, self.options)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric with all that is needed to read it; `value` is None where nothing was measured.

    `low` and `high` are each valid at 95 % on their own side (a 90 % two-sided interval).
    """

    name: str
    unit: str
    value: float | None
    low: float
    high: float
    method: str
    n: int
    clusters: int
    draws: int
    n_error: int = 0
    seed: int = 0
    discordant: tuple[int, int] = (0, 0)
    extra: Mapping[str, Any] = field(default_factory=dict)


COMPARISON: Final = "regression:"
"""How the name of a claim begins that compares another one with a baseline."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What is claimed of a quantity (an estimate's name): `at_most` or `at_least` a margin, in its unit.

    A requirement can fail a run; an observation is a finding and never changes the exit status. Against
    a baseline the quantity may be worse by at most `regression_margin`, in points. Of importance, `agg` is
    which of a noise's draws counts, "mean" or "max" (cross-fitted), and `draws` whether its strengths are
    "fixed" or stand for "random" ones like them. `meaning` says what the quantity is where it is none of
    ipllvm's own: it completes "Measured: 1.2 points ...". By `exact` (of `EXACT`) bets decide
    any mean, or the Dirichlet bound where few clusters inform.
    """

    name: str
    quantity: str
    direction: str
    margin: float
    kind: str
    source: str
    text: str
    alpha: float = 0.05
    planned_discordance: float = 0.10
    primary: bool = True
    regression_margin: float = 2.0
    agg: str = "mean"
    draws: str = "fixed"
    meaning: str = ""
    exact: str = EXACT[0]

    @property
    def sign(self) -> float:
        """1 where less of the quantity is better for the claim (at most), -1 where more is (at least)."""
        return -1.0 if self.direction == "at_least" else 1.0

    @property
    def signed_margin(self) -> float:
        """The margin of `sign` times the quantity, in scores: what it must be at most."""
        return self.sign * self.margin / POINTS

    @property
    def words(self) -> str:
        """The claim on its quantity: "at most 2 points"."""
        return f"{self.direction.replace('_', ' ')} {self.margin:g} points"


class Decision(StrEnum):
    """What can be said of a claim; WORSE only of a gate: than its baseline, by whatever."""

    HOLDS = "HOLDS"
    VIOLATED = "VIOLATED"
    UNDECIDED = "UNDECIDED"
    WORSE = "WORSE"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision on a claim, why, and what would decide it; the effect is in the estimate's unit.

    `p_worse` speaks of "no worse at all" than a baseline, None where nothing was compared with one.
    """

    decision: Decision
    reason: str
    p_holds: float = 1.0
    p_violated: float = 1.0
    minimum_detectable_effect: float | None = None
    n_to_decide: int | None = None
    p_worse: float | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model was measured, and with which numerics; `weights` are the names of the files that were
    read, `notes` what is not as usual about the checkpoint.
    """

    name: str
    family: str
    fingerprint: str
    device: str
    dtype: str
    attention: str
    prompt: str
    parameters: int
    weights: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def numerics(self) -> dict[str, str]:
        """What answers depend on beside the weights: `dtype`, `attention` and the kind of `device`."""
        return {"dtype": self.dtype, "attention": self.attention, "device": self.device.partition(":")[0]}


@dataclass(frozen=True, slots=True)
class BenchmarkInfo:
    """Which data was used: `n` samples in `clusters` of the `total` that the benchmark has."""

    name: str
    digest: str
    source: str
    n: int
    clusters: int
    total: int

    @classmethod
    def of(cls, data: "Benchmark", total: int) -> "BenchmarkInfo":
        """Of the samples at hand; the whole benchmark has `total`."""
        clusters = len({sample.cluster for sample in data.samples})
        return cls(data.name, data.digest, data.source, len(data.samples), clusters, total)


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a curve or map; `low` and `high` are pointwise, 5 % on each side, None where unknown."""

    at: tuple[float, ...]
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """A curve (one axis) or a map (two: row, column) that stands beside a claim, without a verdict.

    `quantity` says in words what is shown and which direction is which.
    """

    name: str
    quantity: str
    unit: str
    axes: tuple[str, ...]
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What one property test found: a row of the report.

    `estimates` are named by what they estimate ("clean", "blank", "permuted", "drop"); the one
    that the claim speaks of is `estimates[claim.quantity]`. `errors` are (sample, last line of
    the traceback). `partial` is true where the run was stopped before all trials were done. `paired`
    and `said` (by sample) are what a baseline keeps, `flips` examples of answers that changed, `parts`
    contrasts that statements of the whole run need, `counterexample` the smallest of a violated claim,
    `floors` how far a repetition may be off, in points, by claim of `paired`, `noise` how many clusters
    it lost and won, of how many, `analyses` how many samples had given a value at each look of a sequential
    gate, of how many.
    """

    property: str
    model: ModelInfo
    benchmark: BenchmarkInfo
    claim: Claim
    estimates: Mapping[str, Estimate]
    verdict: Verdict
    settings: Mapping[str, str | int | float | bool]
    trials: int
    seconds: float
    errors: tuple[tuple[str, str], ...] = ()
    partial: bool = False
    series: tuple[Series, ...] = ()
    paired: tuple[tuple[Claim, Contrast], ...] = ()
    parts: Mapping[str, Contrast] = field(default_factory=dict)
    flips: tuple[FlipExample, ...] = ()
    counterexample: Counterexample | None = None
    floors: Mapping[str, float] = field(default_factory=dict)
    noise: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    analyses: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    said: Mapping[str, Transcript] = field(default_factory=dict)
