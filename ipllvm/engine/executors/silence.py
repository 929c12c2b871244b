"""Which of the workers that hold chunks say nothing: one may hang without dying."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

LEAST_SECONDS: Final = 900.0
"""Silence so short is none: a first batch checks the model, and may compile it."""
TIMES: Final = 20
"""So many times as long as any answer took."""
UNKNOWN_SECONDS: Final = 3600.0
"""How long a first answer may take where nothing tells how long one takes: what a worker is asked may take
no longer either.
"""


@dataclass(slots=True)
class Silence:
    """Since when each busy worker has said nothing, in seconds of one clock, and how long an answer took at
    most; 0 where nobody has answered yet. `checked` is how long a self-check took, 0 where there was none.
    """

    checked: float = 0.0
    longest: float = 0.0
    _since: dict[int, float] = field(default_factory=dict)
    _told: set[int] = field(default_factory=set)

    @property
    def limit(self) -> float:
        """How long silence may last."""
        longest = max(self.longest, self.checked)
        return max(LEAST_SECONDS, TIMES * longest) if longest else UNKNOWN_SECONDS

    def hear(self, said: Iterable[int], answered: Iterable[int], busy: Iterable[int], now: float) -> None:
        """Some workers have said something, some of them an answer; these hold chunks."""
        waits = [now - self._since[worker] for worker in answered if worker in self._since]
        self.longest = max([self.longest, *waits])
        heard = set(said)
        self._told -= heard
        self._since = {w: now if w in heard else self._since.get(w, now) for w in busy}

    def suspects(self, now: float) -> Iterator[tuple[int, float]]:
        """Busy workers that have said nothing for long and may still be within the limit, each given once."""
        for worker, since in self._since.items():
            if LEAST_SECONDS < now - since <= self.limit and not self.longest and worker not in self._told:
                self._told.add(worker)
                yield worker, now - since

    def too_long(self, now: float) -> Iterator[tuple[int, float]]:
        """Busy workers that have said nothing for longer than any answer explains, and for how long."""
        limit = self.limit
        yield from ((worker, now - since) for worker, since in self._since.items() if now - since > limit)


def in_words(seconds: float, longest: float) -> str:
    """How long a worker has said nothing, beside what an answer took.

    >>> in_words(1500, 42)
    'it has said nothing for 25 min, and no answer before took longer than 42 s'
    >>> in_words(3660, 0)
    'it has said nothing for 61 min, and nobody has answered yet'
    """
    silent = f"it has said nothing for {seconds / 60:.0f} min"
    return f"{silent}, and " + (
        f"no answer before took longer than {longest:.0f} s" if longest else "nobody has answered yet"
    )
