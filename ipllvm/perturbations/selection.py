"""A part of the picture alone: what some groups of visual tokens carry (paper section 3.3, Fig. 1)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ipllvm.errors import UnknownName, UsageError
from ipllvm.perturbations.base import FEWER, Base
from ipllvm.perturbations.groups import check_group, members
from ipllvm.records import Layout, Stage

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

HOW = ("keep", "pool")


@dataclass(frozen=True, slots=True)
class Keep(Base):
    """Only the visual tokens of some groups of a grid; the others and all newlines are dropped.

    `pool` puts the mean of each group's tokens in their place, one token a group in the order of the
    grid. To keep all groups is to drop nothing: then newlines stay too. Raises UsageError for groups
    that the grid does not have.
    """

    groups: tuple[int, ...] = (0,)
    grid: int = 6
    how: str = "keep"
    random: ClassVar[bool] = False
    caption: ClassVar[str] = FEWER
    by_place: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.how not in HOW:
            raise UnknownName("way to keep a group", self.how, HOW)
        if not self.groups:
            raise UsageError("at least one group of visual tokens must be kept")
        chosen = tuple(sorted({check_group(group, self.grid) for group in self.groups}))
        object.__setattr__(self, "groups", chosen)

    @property
    def stage(self) -> Stage:
        """The packed sequence."""
        return Stage.VISUAL_TOKENS

    @property
    def share(self) -> float:
        """About how many of the visual tokens are left, as a share."""
        return len(self.groups) / self.grid**2

    def __str__(self) -> str:
        return f"keep(groups={'+'.join(map(str, self.groups))}, grid={self.grid}, how={self.how})"

    def apply(
        self, value: "Float[Tensor, '*rows hidden']", layout: Layout | None, rng: np.random.Generator
    ) -> "Float[Tensor, '*left hidden']":
        """The tokens [kept, hidden] of `value` [tokens, hidden].

        Raises UsageError for an empty group and TypeError without a layout.
        """
        if layout is None:
            raise TypeError("groups of packed tokens are found by their layout")
        if self.how == "keep" and len(self.groups) == self.grid**2:
            return value
        found = [members(layout, self.grid, group) for group in self.groups]
        if self.how == "keep":
            return value[np.sort(np.concatenate(found))]
        return _means(value, found)


def _means(value: "Tensor", groups: list[np.ndarray]) -> "Tensor":
    """One token a group: the mean, taken in float32."""
    import torch

    return torch.stack([value[group].float().mean(0).to(value.dtype) for group in groups])
