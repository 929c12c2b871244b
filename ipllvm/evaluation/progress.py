"""Who is told how far a measurement is."""

from typing import Protocol


class Progress(Protocol):
    """Told how many of how many trials are done."""

    def __call__(self, done: int, total: int) -> None:
        """Say so, if it is time to."""
        ...
