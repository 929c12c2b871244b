"""A law of alignments: captions that two sides of a model are equally near to, so that nothing is lost.

Pictures share their neighbours, so that the values are not independent though the pictures are.
"""

from dataclasses import dataclass

import numpy as np

from ipllvm.calibration.distributions import Design
from ipllvm.metrics.alignment import align, lost
from ipllvm.records import Contrast, Sample


@dataclass(frozen=True, slots=True)
class AlikeSides:
    """What is lost between two sides, each the same features of this `width` with as much noise of its own.

    The captions have such noise too, in so many `layers`, of which the best is chosen on the other half.
    """

    width: int
    layers: int = 1

    @property
    def truth(self) -> float:
        """Nothing, in scores."""
        return 0.0

    def contrast(self, design: Design, rng: np.random.Generator) -> Contrast:
        """One run's contrast, of `design.n` pictures."""
        features = rng.normal(size=(design.n, 1, self.width))

        def noisy(layers: int) -> np.ndarray:
            return features + rng.normal(size=(design.n, layers, self.width))

        captions = noisy(self.layers)
        before, after = (align(noisy(1), captions, rng, permutations=0) for _ in range(2))
        pool = [Sample(str(number), str(number), (), "", "") for number in range(design.n)]
        return lost("alignment_loss", [before], [after], pool, pool)

    def __str__(self) -> str:
        return f"two sides alike, width {self.width}, {self.layers} layers of captions"
