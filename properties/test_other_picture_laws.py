"""Laws behind another picture in place of the own one: whose it is, and that its pixels alone count."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ipllvm.laws.probe import Probe

pytestmark = pytest.mark.law


def test_other_picture_is_of_another_cluster(probe: "Probe") -> None:
    """The picture is one of another cluster's, the same in whatever company; the question stays as it is."""
    from functools import partial

    from ipllvm.benchmarks import rewording
    from ipllvm.laws import questions
    from ipllvm.laws.strategies import some_of

    whole = probe.benchmark
    pictured = rewording.with_other_pictures(whole, whole)
    probe.hold(partial(questions.other_picture, whole=whole), some_of(whole, pictured))


def test_own_picture_in_its_place(probe: "Probe") -> None:
    """A question's own picture from another file, with the same pixels, changes no token id."""
    from hypothesis import strategies as st

    def law(replaced: frozenset[int]) -> str | None:
        samples = (probe.copied(s) if n in replaced else s for n, s in enumerate(probe.samples))
        return probe.otherwise(tuple(samples), f"another file of pictures {sorted(replaced)}")

    probe.hold(law, st.frozensets(st.integers(0, len(probe.samples) - 1), min_size=1), queries=2)
