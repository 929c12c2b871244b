"""Guesses of what an answer says next, from what was said before: prompt lookup (Saxena 2023).

Where an answer has said two tokens that stand behind each other in the clean answer, in another answer or
earlier in itself, it may well go on as they did. A guess is verified like any draft: it changes no answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

PAIR: Final = 2
MOST: Final = 16
"""Tokens of a guess."""
REMEMBERED: Final = 1 << 16
"""Pairs, at most; then all are forgotten."""
TRUST: Final = 0.4
"""The probability that a guessed token is right, before any was."""
LEARNED: Final = 0.3
"""The weight of the last guess in it."""
FREE: Final = 32
"""A step over so many columns takes twice as long as one over none: weights and keys are read anyway.

With llava-tiny in one thread about 36 to 88.
"""
PAYS: Final = 1.05
"""Guesses are run where that many times as much is said a column: the estimate is rough."""
LENGTHS: Final = (0, 1, 2, 4, 8, MOST)


@dataclass(slots=True)
class Echo:
    """Where each pair of tokens was said last, and so what came behind it."""

    _last: dict[tuple[int, ...], tuple[Sequence[int], int]] = field(default_factory=dict)

    def hear(self, text: Sequence[int], new: int = 0) -> None:
        """Learn a text of which the tokens from `new` on are new."""
        if len(self._last) > REMEMBERED:
            self._last.clear()
        for behind in range(max(new, PAIR), len(text)):
            self._last[tuple(text[behind - PAIR : behind])] = text, behind

    def after(self, tokens: Sequence[int]) -> tuple[int, ...]:
        """At most MOST tokens that may come next; those of a text that ends go on with themselves.

        >>> echo = Echo()
        >>> echo.hear([1, 2, 3, 4, 5])
        >>> echo.after([9, 2, 3])[:4], echo.after([3, 2])
        ((4, 5, 4, 5), ())
        """
        text, at = self._last.get(tuple(tokens[-PAIR:]), ((), 0))
        rest = tuple(text[at : at + MOST])
        return (rest * (MOST // len(rest) + 1))[:MOST] if rest else ()


def length(drafts: Sequence[Sequence[int]], trust: Sequence[float]) -> int:
    """How long drafts may be in a step: as many tokens as give the most said a column.

    A step has as many columns for each row as for that with the longest draft.

    >>> length([(5,) * 8], [0.9]), length([(5,) * 8] * 16, [0.9] * 16), length([(5,) * 8] * 16, [0.3] * 16)
    (8, 4, 0)
    """
    rows = len(drafts)

    def worth(most: int) -> float:
        right = sum(_right(p, min(most, len(draft))) for draft, p in zip(drafts, trust, strict=True))
        return (rows + right) / (FREE + rows * (1 + most))

    best = max(LENGTHS, key=worth)
    return best if worth(best) > PAYS * worth(0) else 0


def trusted(before: float, right: int, looked_at: int) -> float:
    """The probability after a guess of which so many tokens were right before the first wrong one.

    >>> trusted(0.4, 0, 4) < trusted(0.4, 3, 4) < trusted(0.4, 4, 4)
    True
    """
    tried = min(looked_at, right + 1)
    return before + LEARNED * (right / tried - before) if tried else before


def _right(p: float, count: int) -> float:
    """How many of so many tokens are right before the first wrong one, each with probability `p`."""
    return count if p > 1 - 1e-6 else p * (1 - p**count) / (1 - p)
