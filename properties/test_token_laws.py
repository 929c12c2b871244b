"""Laws behind patch information and importance: all kept, or noise of strength 0, changes no answer."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ipllvm.laws.probe import Probe

pytestmark = pytest.mark.law


def test_all_groups_kept(probe: "Probe") -> None:
    """The patch information loss with all groups kept is 0, on every grid."""
    from hypothesis import strategies as st

    from ipllvm.perturbations.selection import Keep

    grids = st.integers(1, 6)
    probe.hold(probe.difference, grids.map(lambda grid: Keep(tuple(range(grid**2)), grid)), queries=3)


def test_group_noise_of_strength_0(probe: "Probe") -> None:
    """Noise of any kind and amplitude on a group changes nothing at strength 0."""
    from hypothesis import strategies as st

    from ipllvm.perturbations.noise import KINDS, GroupNoise

    kinds, amplitudes = st.sampled_from(KINDS), st.floats(0, 1)
    cases = st.builds(GroupNoise, st.integers(0, 3), st.just(2), kinds, amplitudes, st.just(0.0))
    probe.hold(probe.difference, cases, queries=3)


def test_layer_noise_of_strength_0(probe: "Probe") -> None:
    """Noise of any kind on any layer and any positions changes nothing at strength 0."""
    from hypothesis import strategies as st

    from ipllvm.perturbations.noise import KINDS, LayerNoise
    from ipllvm.records import Target

    layers, targets = st.integers(0, probe.model.layers() - 1), st.sampled_from(Target)
    cases = st.builds(
        LayerNoise, layers, st.sampled_from(KINDS), st.floats(0, 1), st.just(0.0), targets, st.booleans()
    )
    probe.hold(probe.difference, cases, queries=4)
