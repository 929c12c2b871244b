"""The kinds of planted models: each says what hurts it, and how much."""

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ipllvm.models.planted import meaning
from ipllvm.models.planted.behaviour import LAYERS, Behaviour, PerceivedTrial, Perception
from ipllvm.planted_grid import GRID

if TYPE_CHECKING:
    from jaxtyping import Float

GROUPS = 4


@dataclass(frozen=True)
class Invariant(Behaviour):
    """Reads its answer from any cell that is left: nothing but a blank picture changes it."""


@dataclass(frozen=True)
class ExactDrop(Behaviour):
    """Anything done to the input breaks a right answer with probability `d`.

    With `swap` a wrong answer becomes right with the same probability. `rho_c` is the correlation of
    two breaks in one cluster, `rho_k` that of two draws of one sample: each trial's luck is that of
    its cluster with probability sqrt(rho_c), of its sample with sqrt(rho_k - rho_c), else its own.
    """

    d: float = 0.05
    swap: bool = False
    rho_c: float = 0.0
    rho_k: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rho_k < self.rho_c:
            self._refuse("rho_k must be at least rho_c, because draws of one sample share its cluster")
        if sum(self._shared()) > 1 + 1e-12:
            self._refuse("sqrt(rho_c) + sqrt(rho_k - rho_c) must be at most 1")

    def keeps(self, view: Perception) -> float:
        """All but `d` where anything was disturbed."""
        return 1 - self.d if view.disturbed else 1.0

    def gains(self, view: Perception) -> float:
        """`d` with `swap` where anything was disturbed."""
        return self.d if self.swap and view.disturbed else 0.0

    def _shared(self) -> tuple[float, float]:
        return sqrt(self.rho_c), sqrt(max(self.rho_k - self.rho_c, 0.0))

    def _luck(self, sight: PerceivedTrial) -> float:
        chosen = self.uniform("whose", sight.number, sight.trace)
        by_cluster, by_sample = self._shared()
        if chosen < by_cluster:
            return self.uniform("luck of the cluster", sight.cluster)
        if chosen < by_cluster + by_sample:
            return self.uniform("luck of the sample", sight.number)
        return super()._luck(sight)


@dataclass(frozen=True)
class Positional(Behaviour):
    """Counts its option on by the place of the first visual token: right only in the right order."""

    def keeps(self, view: Perception) -> float:
        """1 where the first token's place is a multiple of the number of options."""
        return float(view.cells[0] % max(view.options, 1) == 0)

    def gains(self, view: Perception) -> float:
        """Elsewhere one of the wrong options is counted on to the right one."""
        return 0.0 if self.keeps(view) else 1 / (view.options - 1)


@dataclass(frozen=True)
class Blind(Behaviour):
    """Never looks: guesses from the prompt alone."""

    sees_image: ClassVar[bool] = False


@dataclass(frozen=True)
class OneAnswer(Behaviour):
    """Never looks: always names option `option`, counted from 0."""

    option: int = 0
    sees_image: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.option < 8:
            self._refuse(f"option must be 0 to 7, not {self.option}")

    def _guess(self, sight: PerceivedTrial) -> int:
        return self.option

    def _chance(self, view: Perception) -> float:
        return 1 / view.options if self.option < view.options else 0.0


@dataclass(frozen=True)
class OcclusionLinear(Behaviour):
    """Its accuracy falls linearly with the share of visible cells, from `a` down to chance."""

    def keeps(self, view: Perception) -> float:
        """What brings the accuracy down to the line."""
        return min(1.0, self._line(view) / self.a) if self.a else 1.0

    def gains(self, view: Perception) -> float:
        """What brings it up to the line where `a` is below chance."""
        return max(0.0, self._line(view) - self.a) / (1 - self.a) if self.a < 1 else 0.0

    def _line(self, view: Perception) -> float:
        floor = self._chance(view)
        return floor + (self.a - floor) * view.visible

    def _luck(self, sight: PerceivedTrial) -> float:
        return self.uniform("luck", sight.number)


@dataclass(frozen=True)
class GroupK(Behaviour):
    """Only group `group` of a 4 x 4 grid carries the answer; without a clean cell of it, chance."""

    group: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.group < GROUPS * GROUPS:
            self._refuse(f"group must be 0 to {GROUPS * GROUPS - 1}, not {self.group}")

    def keeps(self, view: Perception) -> float:
        """1 while a clean cell of the group is left."""
        return self._chance(view) if self._lost(view) else 1.0

    def gains(self, view: Perception) -> float:
        """Chance, where the group is lost."""
        return self._chance(view) if self._lost(view) else 0.0

    def _lost(self, view: Perception) -> bool:
        return not any(group_of(cell) == self.group for cell in set(view.cells) - view.noisy)


def group_of(cell: int) -> int:
    """The group of a 4 x 4 grid that a cell lies in, in reading order.

    >>> group_of(0), group_of(7), group_of(63)
    (0, 3, 15)
    """
    side = GRID // GROUPS
    return cell // GRID // side * GROUPS + cell % GRID // side


@dataclass(frozen=True)
class LayerL(Behaviour):
    """Only noise that enters at decoder layer `layer` hurts: it breaks a right answer with `d`."""

    layer: int = 2
    d: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.layer < LAYERS:
            self._refuse(f"layer must be 0 to {LAYERS - 1}, not {self.layer}")

    def keeps(self, view: Perception) -> float:
        """All but `d` where noise entered at the layer."""
        return 1 - self.d if view.layer == self.layer else 1.0


@dataclass(frozen=True)
class Modality(Behaviour):
    """Noise on picture and text together breaks a right answer with `d`, a share `r` by the picture's."""

    r: float = 0.7
    d: float = 0.5

    def keeps(self, view: Perception) -> float:
        """The damage adds up over the modalities that are noisy."""
        image, text = bool(view.noisy), view.noisy_text
        return 1 - self.d * (self.r * image + (1 - self.r) * text)


@dataclass(frozen=True)
class Lossy(Behaviour):
    """`invariant` of the same `a` and `seed` after a damage: a share `r` of its right answers is wrong."""

    r: float = 0.05

    def keeps(self, view: Perception) -> float:
        """All but `r`, on the clean input too."""
        return 1 - self.r

    def _luck(self, sight: PerceivedTrial) -> float:
        return self.uniform("lost", sight.number)


@dataclass(frozen=True)
class AlignmentLoss(Behaviour):
    """Its encoder keeps a share `b` of the groups of alike pictures together, its projector a share `a`.

    It is right on a share `a` of the pictures, too. See ipllvm/models/planted/meaning.py.
    """

    a: float = 0.5
    b: float = 1.0

    def encoded(self, number: int) -> "Float[np.ndarray, '512']":
        """What the encoder makes of a picture."""
        return meaning.vector(number, together=self._fate(number) < self.b)

    def projected(self, number: int | None) -> "Float[np.ndarray, '512']":
        """What the projector makes of it."""
        if number is None:
            return np.zeros(meaning.WIDTH)
        return meaning.vector(number, together=self._fate(number) < self.a)

    def _fate(self, number: int) -> float:
        """One for both sides, so that where a = b nothing changes."""
        return self.uniform("together", meaning.group(number))


@dataclass(frozen=True)
class Noisy(Behaviour):
    """Slips as real models do at near ties: a right answer breaks by the place of its row in the batch.

    Two runs whose batches differ in size disagree on a share `f` of the scores; a run that is
    repeated as it was slips as it did.
    """

    f: float = 0.02

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.f > self.a / 2:
            self._refuse("f must be at most a / 2: two slips in two runs are no disagreement")

    @property
    def slip(self) -> float:
        """The probability q that a right answer slips in one run: f = 2 a q (1 - q)."""
        return (1 - sqrt(1 - 2 * self.f / self.a)) / 2 if self.a else 0.0

    def keeps(self, view: Perception) -> float:
        """All but the slips."""
        return 1 - self.slip

    def _luck(self, sight: PerceivedTrial) -> float:
        return self.uniform("slip", sight.number, sight.trace, *sight.place)


@dataclass(frozen=True)
class Failing(Behaviour):
    """Raises on a share `r` of the pictures that it can read."""

    r: float = 0.02

    def fails(self, number: int) -> bool:
        """Fixed by the picture, whatever is done to its tokens."""
        return self.uniform("fails", number) < self.r
