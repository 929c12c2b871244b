"""Laws behind a second picture: whose it is, that the own one stays last, and that both have their room."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ipllvm.laws.probe import Probe

pytestmark = pytest.mark.law


def test_second_picture_stands_before_the_own_one(probe: "Probe") -> None:
    """The own picture stays last behind one of another cluster, the same in whatever company."""
    from functools import partial

    from ipllvm.benchmarks import rewording
    from ipllvm.laws import questions
    from ipllvm.laws.strategies import some_of

    whole = probe.benchmark
    pictured = rewording.with_pictures_before(whole, whole)
    probe.hold(partial(questions.second_picture, whole=whole), some_of(whole, pictured))


def test_two_pictures_take_their_room_in_either_order(probe: "Probe") -> None:
    """Two pictures take as many visual tokens in either order: neither is cut off, or put for the other."""
    from dataclasses import replace

    from hypothesis import strategies as st

    from ipllvm.benchmarks.rewording import with_pictures_before
    from ipllvm.records import Sample

    def law(pair: Sample) -> str | None:
        turned = replace(pair, images=pair.images[::-1])
        before, after = (probe.visual_tokens(each) for each in (pair, turned))
        return None if before == after else f"{pair.id} takes {before} visual tokens, turned {after}"

    pictured = with_pictures_before(probe.benchmark, probe.benchmark)
    probe.hold(law, st.sampled_from(pictured.samples), queries=3)
