"""Laws behind occlusion and shuffling: to paint nothing and to move nothing changes no answer."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ipllvm.laws.probe import Probe

pytestmark = pytest.mark.law


def test_occlusion_ratio_0(probe: "Probe") -> None:
    """Ratio 0 is the clean run, on every grid."""
    from hypothesis import strategies as st

    from ipllvm.perturbations.occlusion import RandomDrop

    probe.hold(probe.changed, st.integers(1, 28).map(lambda grid: RandomDrop(0.0, grid)), queries=4)


def test_shuffle_of_one_cell(probe: "Probe") -> None:
    """A grid of one cell has nothing to shuffle."""
    from hypothesis import strategies as st

    from ipllvm.perturbations.shuffle import PatchShuffle

    probe.hold(probe.changed, st.just(PatchShuffle(1)), queries=1)
