"""Noise on a layer's input or on a group of visual tokens (paper definition 3.1, section 3.7).

With x the value, a = |eps| the amplitude and u uniform in [0, 1) for each element, x' = x + s z:
`paper` has z uniform in (|x| - a, |x| + a), as printed; `keskar` in (-a (|x| + 1), a (|x| + 1)), the
box of Keskar et al. 2017 that the definition descends from; `symmetric` in (-(a + |x|), a + |x|).
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ipllvm.errors import UnknownName, UsageError
from ipllvm.perturbations.base import NOISY, Base
from ipllvm.perturbations.groups import check_group, members
from ipllvm.records import Layout, Stage, Target
from ipllvm.sampling import generator

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

KINDS = ("paper", "keskar", "symmetric")


def amplitudes(draws: int, seed: int) -> tuple[float, ...]:
    """|eps| of each draw, eps uniform in (-1, 1): shared by all samples and all targets.

    The first ones do not depend on how many are drawn.

    >>> amplitudes(3, seed=0) == amplitudes(10, seed=0)[:3]
    True
    """
    return tuple(abs(float(generator(seed, "amplitude", draw).uniform(-1, 1))) for draw in range(draws))


def noisy(
    value: "Float[Tensor, '*rows hidden']", table: Any, kind: str, amplitude: float, strength: float
) -> "Float[Tensor, '*rows hidden']":
    """The value x + s z by the uniforms of `table`: in float32, then in the dtype of `value`.

    `table` is an array or a tensor that broadcasts to `value`. At strength 0 the value itself.
    """
    import torch

    if strength == 0:
        return value
    x = value.float()
    u = torch.as_tensor(table, dtype=torch.float32, device=value.device)
    size = x.abs()
    if kind == "paper":
        z = size + amplitude * (2 * u - 1)
    elif kind == "keskar":
        z = amplitude * (size + 1) * (2 * u - 1)
    else:
        z = (amplitude + size) * (2 * u - 1)
    return (x + strength * z).to(value.dtype)


@dataclass(frozen=True, slots=True)
class LayerNoise(Base):
    """Noise on the input of decoder layer `layer` (0 is the first), fresh for each position.

    `amplitude` is |eps|, fixed by the caller for a whole draw (`amplitudes`). `generated` reaches the
    answer's own positions too; with target IMAGE or TEXT there are none and it is always False.
    Raises UsageError for a negative layer, amplitude or strength, UnknownName for the kind.
    """

    layer: int = 0
    kind: str = "paper"
    amplitude: float = 0.5
    strength: float = 1.0
    target: Target = Target.ALL
    generated: bool = True
    random: ClassVar[bool] = True
    caption: ClassVar[str] = NOISY

    def __post_init__(self) -> None:
        _check(self.kind, self.amplitude, self.strength)
        if self.layer < 0:
            raise UsageError(f"decoder layers count from 0, there is no layer {self.layer}")
        object.__setattr__(self, "target", _target(self.target))
        object.__setattr__(self, "generated", self.generated and self.target is Target.ALL)

    @property
    def stage(self) -> Stage:
        """The input of a decoder layer."""
        return Stage.HIDDEN_STATES

    def __str__(self) -> str:
        noise = _words(self.kind, self.amplitude, self.strength)
        return f"layer_noise(layer={self.layer}, {noise}, target={self.target}, generated={self.generated})"

    def apply(
        self, value: "Float[Tensor, '*rows hidden']", layout: Layout | None, rng: np.random.Generator
    ) -> "Float[Tensor, '*left hidden']":
        """The noisy rows of `value` [positions, hidden]."""
        return self.shift(value, self.table(len(value), value.shape[-1], rng))

    def table(
        self, positions: int, width: int, rng: np.random.Generator
    ) -> "Float[np.ndarray, 'positions width']":
        """Uniforms in [0, 1), float32; the first rows do not depend on how many are asked for."""
        return rng.random((positions, width), dtype=np.float32)

    def shift(
        self, value: "Float[Tensor, '*positions hidden']", table: Any
    ) -> "Float[Tensor, '*positions hidden']":
        """`value` [..., positions, hidden] made noisy by a table [positions, hidden] or one for each row."""
        return noisy(value, table, self.kind, self.amplitude, self.strength)


@dataclass(frozen=True, slots=True)
class GroupNoise(Base):
    """Noise on the visual tokens of one group of a grid; all other tokens keep every bit.

    Raises UsageError for a group that the grid does not have, otherwise as LayerNoise.
    """

    group: int = 0
    grid: int = 6
    kind: str = "paper"
    amplitude: float = 0.5
    strength: float = 1.0
    random: ClassVar[bool] = True
    caption: ClassVar[str] = NOISY
    by_place: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check(self.kind, self.amplitude, self.strength)
        check_group(self.group, self.grid)

    @property
    def stage(self) -> Stage:
        """The packed sequence."""
        return Stage.VISUAL_TOKENS

    def __str__(self) -> str:
        noise = _words(self.kind, self.amplitude, self.strength)
        return f"group_noise(group={self.group}, grid={self.grid}, {noise})"

    def apply(
        self, value: "Float[Tensor, '*rows hidden']", layout: Layout | None, rng: np.random.Generator
    ) -> "Float[Tensor, '*left hidden']":
        """`value` [tokens, hidden] with the group's tokens noisy.

        Raises UsageError for an empty group and TypeError without a layout.
        """
        if layout is None:
            raise TypeError("groups of packed tokens are found by their layout")
        inside = members(layout, self.grid, self.group)
        table = rng.random((len(inside), value.shape[-1]), dtype=np.float32)
        changed = value.clone()
        changed[inside] = noisy(value[inside], table, self.kind, self.amplitude, self.strength)
        return changed


def _check(kind: str, amplitude: float, strength: float) -> None:
    if kind not in KINDS:
        raise UnknownName("noise kind", kind, KINDS)
    for name, value in (("amplitude", amplitude), ("strength", strength)):
        if not (math.isfinite(value) and value >= 0):
            raise UsageError(f"the {name} of noise is a finite number from 0 up, not {value}")


def _target(target: str) -> Target:
    if target not in list(Target):
        raise UnknownName("target of noise", target, list(Target))
    return Target(target)


def _words(kind: str, amplitude: float, strength: float) -> str:
    return f"kind={kind}, amplitude={float(amplitude)}, strength={float(strength)}"
