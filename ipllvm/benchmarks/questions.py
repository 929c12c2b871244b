"""A question on a made picture: text, answer and the answers it could have had."""

from dataclasses import dataclass

import numpy as np

YES_NO = ("yes", "no")


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `candidates` are all answers that the text admits, `answer` among them."""

    kind: str
    text: str
    answer: str
    candidates: tuple[str, ...]

    def options(self, rng: np.random.Generator, size: int = 4) -> tuple[str, ...]:
        """At most `size` shuffled options, the answer among them at a uniform place."""
        wrong = [c for c in self.candidates if c != self.answer]
        picked = [wrong[i] for i in rng.permutation(len(wrong))[: size - 1]]
        options = [self.answer, *picked]
        return tuple(options[i] for i in rng.permutation(len(options)))
