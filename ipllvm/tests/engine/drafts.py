"""Drafts that are right for a while."""

import numpy as np

from ipllvm.engine.packing import Tokens


def corrupted(answer: Tokens, rng: np.random.Generator) -> Tokens:
    """A draft that agrees for a while: cut, changed at one place, lengthened, or left alone."""
    kind, place = int(rng.integers(4)), int(rng.integers(len(answer)))
    changed = (*answer[:place], (answer[place] + 1) % 60, *answer[place + 1 :])
    return (answer[:place], changed, (*answer, 7, 8, 9), answer)[kind]
