"""The packed visual tokens as they are: what laws of token perturbations are compared with."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ipllvm.perturbations.base import Base
from ipllvm.records import Layout, Stage

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Untouched(Base):
    """Nothing is done, at the stage where token perturbations act.

    Unlike the clean run it goes through the same batches with the same drafts as they do, so that
    a law compares like with like in any dtype.
    """

    random: ClassVar[bool] = False
    caption: ClassVar[str] = "the patches of the picture as they are"

    @property
    def stage(self) -> Stage:
        """The packed sequence."""
        return Stage.VISUAL_TOKENS

    def __str__(self) -> str:
        return "untouched"

    def apply(
        self, value: "Float[Tensor, '*rows hidden']", layout: Layout | None, rng: np.random.Generator
    ) -> "Float[Tensor, '*left hidden']":
        """`value` itself."""
        return value
