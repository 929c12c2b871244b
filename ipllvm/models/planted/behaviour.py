"""What a planted model makes of what it sees: a law with a computed truth, and its realisation.

A law says with which probability a right answer survives what was done to the input, and a wrong one
becomes right. The model realises these probabilities by seeded uniforms named by content, so that an
answer depends on the sample and on what the model sees of it, never on batches.
"""

from dataclasses import dataclass, fields
from math import isfinite
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ipllvm.errors import UsageError
from ipllvm.planted_grid import CELLS
from ipllvm.sampling import Key, generator

if TYPE_CHECKING:
    from jaxtyping import Float

LAYERS = 8


@dataclass(frozen=True, slots=True)
class Perception:
    """What reaches the answer, whoever the sample is.

    `cells` are the places in the picture of the readable visual tokens, in the order in which they
    stand; `noisy` those whose values are not as written; `layer` is where the noise entered the
    decoder (0 is also what was added before it); `options` are counted in the prompt.
    """

    cells: tuple[int, ...]
    noisy: frozenset[int] = frozenset()
    noisy_text: bool = False
    layer: int | None = None
    options: int = 4

    @property
    def ordered(self) -> bool:
        """Whether the tokens that are there stand in reading order."""
        return list(self.cells) == sorted(self.cells)

    @property
    def visible(self) -> float:
        """The share of the picture's cells that can be read."""
        return len(set(self.cells)) / CELLS

    @property
    def disturbed(self) -> bool:
        """Whether anything was done to picture, tokens or states."""
        return not self.ordered or self.visible < 1 or bool(self.noisy) or self.noisy_text


@dataclass(frozen=True, slots=True)
class PerceivedTrial:
    """A view with what tells samples and trials apart.

    `words` is the prompt; `trace` differs between draws and is alike for the same input; `place` is
    the number of rows of the batch and the row of this prompt in it.
    """

    view: Perception
    number: int
    cluster: int
    answer: int
    words: str
    trace: str
    place: tuple[int, int]


@dataclass(frozen=True)
class Behaviour:
    """A model that is right on a share `a` of the pictures and guesses where it can't read any.

    Every float is a share in [0, 1]; another `seed` draws other samples that it is right on.
    """

    a: float = 0.9
    seed: int = 0
    sees_image: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type is float and not (isfinite(value) and 0 <= value <= 1):
                self._refuse(f"{field.name} must be between 0 and 1, not {value:g}")

    def _refuse(self, why: str) -> None:
        raise UsageError(f"planted model {type(self).__name__}: {why}")

    def keeps(self, view: Perception) -> float:
        """The probability that an answer which is right on the clean input is right in this view."""
        return 1.0

    def gains(self, view: Perception) -> float:
        """The probability that an answer which is wrong on the clean input is right in this view."""
        return 0.0

    def fails(self, number: int) -> bool:
        """Whether the model breaks down on this picture."""
        return False

    def projected(self, number: int | None) -> "Float[np.ndarray, 'width']":
        """What visual tokens say of a picture beside their cells' marks, None for one that can't be read."""
        return np.zeros(0)

    def expected(self, view: Perception) -> float:
        """The mean score of samples seen like this: the truth."""
        if not (self.sees_image and view.cells):
            return self._chance(view)
        return self.a * self.keeps(view) + (1 - self.a) * self.gains(view)

    def choose(self, sight: PerceivedTrial) -> int:
        """The option that the model names, counted from 0."""
        view = sight.view
        if not (self.sees_image and view.cells):
            return self._guess(sight)
        right = self.uniform("right", sight.number) < self.a
        stays = self._luck(sight) < (self.keeps(view) if right else 1 - self.gains(view))
        if right == stays:
            return sight.answer
        others = max(view.options, 2) - 1
        return (sight.answer + 1 + int(self.uniform("wrong", sight.number) * others)) % (others + 1)

    def uniform(self, *key: Key) -> float:
        """A number in [0, 1) fixed by `key` and the law's seed."""
        return float(generator("planted", self.seed, *key).random())

    def _luck(self, sight: PerceivedTrial) -> float:
        """What decides whether an answer survives: fresh for every trial."""
        return self.uniform("luck", sight.number, sight.trace)

    def _guess(self, sight: PerceivedTrial) -> int:
        return int(self.uniform("guess", sight.words) * max(sight.view.options, 1))

    def _chance(self, view: Perception) -> float:
        return 1 / max(view.options, 1)
