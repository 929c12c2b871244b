"""Seeded generators: fixed by content on every machine, different for different content."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.sampling import Key, choose, generator

EXPECTED = [384041, 973823, 408209, 769756]
keys = st.lists(st.one_of(st.text(), st.integers(), st.floats(allow_nan=False)), min_size=1, max_size=4)


def test_the_numbers_are_the_same_on_every_machine() -> None:
    assert generator(0, "scenes-1", "permutation", 2).integers(10**6, size=4).tolist() == EXPECTED


@given(keys)
def test_the_same_key_gives_the_same_numbers(key: list[Key]) -> None:
    assert generator(*key).integers(2**60) == generator(*key).integers(2**60)


@given(keys, keys)
def test_different_keys_give_different_numbers(first: list[Key], second: list[Key]) -> None:
    equal = [repr(part) for part in first] == [repr(part) for part in second]
    drawn = [generator(*key).integers(2**62, size=2).tolist() for key in (first, second)]
    assert (drawn[0] == drawn[1]) == equal


def test_a_key_is_not_the_join_of_its_parts() -> None:
    pairs: list[tuple[tuple[Key, ...], tuple[Key, ...]]] = [
        (("a", "b"), ("ab",)),
        (("1",), (1,)),
        ((0, 12), (0, 1, 2)),
        (("a'", "b"), ("a", "'b")),
    ]
    for one, other in pairs:
        assert generator(*one).integers(2**60) != generator(*other).integers(2**60)


def test_choose_is_uniform() -> None:
    rng = generator("choose")
    counts = np.bincount([choose(rng, range(4)) for _ in range(4000)])
    assert len(counts) == 4
    assert counts.min() > 900
