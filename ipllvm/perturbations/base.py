"""What most perturbations answer alike: the base of all that belong to ipllvm."""

from abc import ABC, abstractmethod
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np

from ipllvm.records import Changes, Layout, Stage

PICTURE = "the picture as it was given to the model"
MOVED = "each patch of the picture stands where its token was moved to"
NOISY = "noise on the tokens of these patches, drawn in their colours"
FEWER = "the patches whose tokens are left; those of the others are dark"


class Base(ABC):
    """A perturbation of the picture without randomness, unless a subclass says otherwise.

    A subclass is a frozen dataclass whose fields are numbers, words, or tuples of whole numbers; `name` is
    what it is registered by. See the protocol `Perturbation` for what each member means.
    """

    __slots__ = ()
    name: ClassVar[str] = ""
    random: ClassVar[bool] = False
    caption: ClassVar[str] = PICTURE
    by_place: ClassVar[bool] = False

    @property
    def stage(self) -> Stage:
        """The image itself."""
        return Stage.PIXELS

    @property
    def share(self) -> float:
        """All visual tokens are left."""
        return 1.0

    @property
    def seed_key(self) -> str:
        """The printed form: draws of its own."""
        return str(self)

    def taken_apart(self, layout: Layout | None, rng: np.random.Generator) -> Changes | None:
        """It can't be."""
        return None

    def __str__(self) -> str:
        words = [f"{field.name}={_printed(getattr(self, field.name))}" for field in fields(self)]  # type: ignore[arg-type]
        return f"{self.name}({', '.join(words)})" if words else self.name

    @abstractmethod
    def apply(self, value: Any, layout: Layout | None, rng: np.random.Generator) -> Any:
        """See the protocol."""


def _printed(value: object) -> str:
    """A field as `parsing.parse` reads it.

    >>> _printed((0, 3)), _printed(()), _printed(True), _printed(0.5)
    ('0+3', 'none', 'True', '0.5')
    """
    if isinstance(value, tuple):
        return "+".join(str(part) for part in value) or "none"
    return str(value)
