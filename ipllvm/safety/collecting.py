"""Work that makes many objects and no cycles among them, as importing does, without Python's collector."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """While it lasts, no cycles are looked for: each look walks all that was made, and finds nothing.

    Importing torch and transformers makes a million objects: a sixth of its time went into looks. What was
    made is looked at by later ones as usual; where the collector was off before, it stays so.
    """
    usual = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if usual:
            gc.enable()


class PassedOver:
    """What stays while it is used, as a model and the modules behind it: looks for cycles pass it over.

    Its user says when it goes, or cycles that it is part of would keep it. What others keep so is left alone.
    """

    def __init__(self) -> None:
        self._own = False

    def stay(self) -> None:
        """All that there is now stays."""
        if not gc.get_freeze_count():
            gc.freeze()
            self._own = True

    def go(self) -> None:
        """It may go: the next full look walks it."""
        if self._own:
            gc.unfreeze()
            self._own = False
