"""Where a model can be perturbed, and what a perturbation is."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Bool, Float, Int


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


@runtime_checkable
class Perturbation(Protocol):
    """A frozen, printable value; `apply` is a pure function of its arguments.

    `random` says whether it uses its generator. What it prints is its identity, in the store too, and
    `perturbations.parsing.parse` makes it again. `caption` says in words what is done to a picture's patches,
    which stand for its visual tokens, `by_place` that it goes by where these stand in the picture. The
    usual answers are in perturbations/base.py.

    `value` is what the stage holds: a PIL image (PIXELS), one image's projected tokens
    [tiles, tokens, hidden] (PROJECTED), packed tokens [tokens, hidden] (VISUAL_TOKENS) or the
    targeted rows of a layer's input [positions, hidden] (HIDDEN_STATES).
    """

    random: ClassVar[bool]
    caption: ClassVar[str]
    by_place: ClassVar[bool]

    @property
    def stage(self) -> Stage:
        """Where it enters the model."""
        ...

    @property
    def share(self) -> float:
        """About how many of the visual tokens are left, as a share in (0, 1]."""
        ...

    @property
    def seed_key(self) -> str:
        """What its generator is keyed by: perturbations of the same key share their draws."""
        ...

    def taken_apart(self, layout: Layout | None, rng: "np.random.Generator") -> "Changes | None":
        """What `apply` would do with these, as small changes that can be made apart; None where it can't."""
        ...

    def apply(self, value: Any, layout: Layout | None, rng: "np.random.Generator") -> Any:
        """The perturbed value, of the same dtype and device; of the same shape unless tokens are dropped."""
        ...


@dataclass(frozen=True, slots=True)
class Changes:
    """A perturbation taken apart: `make` puts any of its `items` together again, in their order.

    `unit` says what one is, in the singular: "swap of two visual tokens".
    """

    items: tuple[Any, ...]
    make: Callable[[tuple[Any, ...]], Perturbation]
    unit: str


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
