"""The values that travel through ipllvm, in travel order: from a sample to a verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from ipllvm.records.evidence import Counterexample as Counterexample
from ipllvm.records.evidence import FlipExample as FlipExample
from ipllvm.records.evidence import Transcript as Transcript

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Bool, Float, Int
    from PIL import Image


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
    scorer that takes the place of `scorer` where a judge is named, empty where rules always serve.
    """

    name: str
    samples: tuple[Sample, ...]
    scorer: str
    digest: str
    source: str
    max_new_tokens: int = 16
    pairs: bool = False
    judged: str = ""


class Stage(StrEnum):
    """Where a perturbation enters the model."""

    PIXELS = "pixels"
    PROJECTED = "projected"
    VISUAL_TOKENS = "visual_tokens"
    HIDDEN_STATES = "hidden_states"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the visual tokens of one packed image come from, one entry a token.

    `view` is 0 for the base view and 1 for the high-resolution map; `row` and `column` count
    inside the view; `newline` marks separators, which carry no picture.
    """

    view: "Int[np.ndarray, 'tokens']"
    row: "Int[np.ndarray, 'tokens']"
    column: "Int[np.ndarray, 'tokens']"
    newline: "Bool[np.ndarray, 'tokens']"

    def __len__(self) -> int:
        return len(self.newline)


class Target(StrEnum):
    """Which positions of a decoder layer's input a perturbation reaches."""

    ALL = "all"
    IMAGE = "image"
    TEXT = "text"


class Perturbation(Protocol):
    """A frozen, printable value; `apply` is a pure function of its arguments.

    `value` is what the stage holds: a PIL image (PIXELS), one image's projected tokens
    [tiles, tokens, hidden] (PROJECTED), packed tokens [tokens, hidden] (VISUAL_TOKENS) or the
    targeted rows of a layer's input [positions, hidden] (HIDDEN_STATES).
    """

    random: ClassVar[bool]

    @property
    def stage(self) -> Stage:
        """Where it enters the model."""
        ...

    def apply(self, value: Any, layout: Layout | None, rng: "np.random.Generator") -> Any:
        """The perturbed value, of the same dtype and device; of the same shape unless tokens are dropped."""
        ...


@runtime_checkable
class NeedsArtifact(Protocol):
    """A perturbation of images that needs what another model makes of the image, such as a saliency map.

    `artifact` is the name of what it needs ("saliency"); `given` turns it, for one image, into a
    perturbation that can be applied.
    """

    artifact: ClassVar[str]

    def given(self, artifact: Any) -> Perturbation:
        """The same perturbation with what it needs."""
        ...


@runtime_checkable
class LayerPerturbation(Perturbation, Protocol):
    """A perturbation of the input of decoder layer `layer` (0 is the first) at the positions of `target`.

    What is random about it is a table with one row for each position, so that the same position is
    perturbed alike however many positions a forward pass has: `apply(value, None, rng)` is
    `shift(value, table(len(value), width, rng))`. `generated` says that the positions of the answer
    are perturbed too, at every decoding step (target ALL only).
    """

    @property
    def layer(self) -> int:
        """Whose input is perturbed."""
        ...

    @property
    def target(self) -> Target:
        """Which positions."""
        ...

    @property
    def generated(self) -> bool:
        """Whether the positions of the answer are perturbed too."""
        ...

    def table(
        self, positions: int, width: int, rng: "np.random.Generator"
    ) -> "Float[np.ndarray, 'positions width']":
        """Random numbers by position: the first rows do not depend on how many are asked for."""
        ...

    def shift(self, value: Any, table: Any) -> Any:
        """`value` [..., positions, hidden] perturbed by the rows of `table` of its positions."""
        ...


@dataclass(frozen=True, slots=True)
class Trial:
    """One sample under one draw of one perturbation; `seed` is 0 where nothing is random."""

    sample: str
    perturbation: str
    draw: int
    seed: int = 0


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
    that was best on the other.
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

    @property
    def together(self) -> bool:
        """Whether a value may change with the other samples, so that only all of them decide at once."""
        return self.linearised or self.fitted or self.crossed is not None


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


@dataclass(frozen=True, slots=True)
class Claim:
    """What is claimed of a quantity (an estimate's name): `at_most` or `at_least` a margin, in its unit.

    A requirement can fail a run; an observation is a finding and never changes the exit status. Against
    a baseline the quantity may be worse by at most `regression_margin`, in points. Of importance, `agg` is
    which of a noise's draws counts, "mean" or "max" (cross-fitted), and `draws` whether its strengths are
    "fixed" or stand for "random" ones like them.
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


class Decision(StrEnum):
    """What can be said of a claim."""

    HOLDS = "HOLDS"
    VIOLATED = "VIOLATED"
    UNDECIDED = "UNDECIDED"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision on a claim, why, and what would decide it; sde is in the estimate's unit."""

    decision: Decision
    reason: str
    p_holds: float = 1.0
    p_violated: float = 1.0
    minimum_detectable_effect: float | None = None
    n_to_decide: int | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model was measured, and with which numerics."""

    name: str
    family: str
    fingerprint: str
    device: str
    dtype: str
    attention: str
    prompt: str
    parameters: int


@dataclass(frozen=True, slots=True)
class BenchmarkInfo:
    """Which data was used: `n` samples in `clusters` of the `total` that the benchmark has."""

    name: str
    digest: str
    source: str
    n: int
    clusters: int
    total: int


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
    `floors` how far a repetition may be off, in points, by claim of `paired`.
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
    said: Mapping[str, Transcript] = field(default_factory=dict)
