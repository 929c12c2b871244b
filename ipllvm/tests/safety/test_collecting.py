"""Looks for cycles wait while modules are imported, pass over what stays, and find it when it goes."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from ipllvm.safety.collecting import PassedOver, uncollected


class _Cycle:
    def __init__(self) -> None:
        self.own = self


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    on = gc.isenabled()
    yield
    gc.unfreeze()
    (gc.enable if on else gc.disable)()


def test_nothing_is_looked_for_meanwhile_and_as_usual_since() -> None:
    gc.enable()
    with pytest.raises(RuntimeError, match="broken import"), uncollected():
        assert not gc.isenabled()
        raise RuntimeError("broken import")
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    with uncollected():
        pass
    assert not gc.isenabled()


def test_what_stays_is_passed_over_until_it_goes() -> None:
    gc.unfreeze()
    standing, cycle = PassedOver(), _Cycle()
    seen = weakref.ref(cycle)
    standing.stay()
    del cycle
    gc.collect()
    assert seen() is not None
    standing.go()
    gc.collect()
    assert seen() is None


def test_what_others_keep_is_left_alone() -> None:
    gc.freeze()
    kept, standing = gc.get_freeze_count(), PassedOver()
    standing.stay()
    standing.go()
    assert gc.get_freeze_count() == kept > 0
