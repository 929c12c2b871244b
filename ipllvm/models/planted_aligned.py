"""The encoder and the language model that go with planted:aligned: each says what a picture means."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from ipllvm import planted_grid
from ipllvm.errors import NotTested, UsageError
from ipllvm.models.encoders import Encoder
from ipllvm.models.planted import meaning, naming
from ipllvm.models.planted.kinds import AlignmentLoss
from ipllvm.models.text import LanguageModel

_NUMBER = re.compile(r"\d{10}")
_WHERE = "measure it on --benchmark=planted-captions"


class PlantedEncoder(Encoder):
    """What planted:aligned was built on: one layer, which keeps a share `b` of the groups together.

    Raises UsageError for a planted model of another kind.
    """

    def __init__(self, name: str) -> None:
        self._law = _aligned(name, "encoder")
        self.identity = f"{name}@{naming.fingerprint(name)[:12]}"

    def states(
        self, images: Iterable[Image.Image]
    ) -> tuple[Float[np.ndarray, "images 1 512"], Float[np.ndarray, "images 1 512"]]:
        """As of any encoder; class token and patches say the same. Raises NotTested for other pictures."""
        found = np.stack([self._law.encoded(self._number(image)) for image in images])[:, None]
        return found, found

    def _number(self, image: Image.Image) -> int:
        fits = image.size == (planted_grid.SIDE, planted_grid.SIDE)
        cells = planted_grid.read(np.asarray(image.convert("RGB")).astype(int)) if fits else []
        number = planted_grid.number(cells)
        if number is None:
            raise NotTested(f"{self.identity} knows planted pictures only: {_WHERE}")
        return number

    def embedded(self, pixels: Float[Tensor, "..."]) -> Float[Tensor, "images width"]:
        """Raises NotTested: there is no joint space with words."""
        raise NotTested(f"{self.identity} names no classes: {_WHERE}")

    def pixels(self, images: Sequence[Image.Image]) -> Float[Tensor, "images 3 height width"]:
        """Raises NotTested, as `embedded` does."""
        return self.embedded(Tensor())

    def texts(self, texts: Sequence[str]) -> Float[Tensor, "texts width"]:
        """Raises NotTested, as `embedded` does."""
        return self.embedded(Tensor())


class PlantedLanguageModel(LanguageModel):
    """Knows what every planted caption means: one layer, with all groups together.

    Raises UsageError for a planted model of another kind.
    """

    def __init__(self, name: str) -> None:
        _aligned(name, "language model")
        self.name = name
        self.identity = f"{name}@{naming.fingerprint(name)[:12]}"

    def features(self, texts: Sequence[str]) -> Float[np.ndarray, "texts 1 512"]:
        """The hidden vector of each caption's picture. Raises NotTested for other texts."""
        named = [_NUMBER.search(text) for text in texts]
        numbers = [int(found[0]) for found in named if found]
        if len(numbers) < len(texts):
            raise NotTested(f"{self.name} knows planted captions only: {_WHERE}")
        return np.stack([meaning.vector(number, together=True) for number in numbers])[:, None]


def _aligned(name: str, what: str) -> AlignmentLoss:
    law = naming.law(name)
    if not isinstance(law, AlignmentLoss):
        raise UsageError(f"{name} has no {what}: only planted:aligned has")
    return law
