"""A picture that is changed by nothing is the same picture: exact, or the measurement is wrong."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ipllvm.laws.probe import Probe

pytestmark = pytest.mark.law


def test_picture_identity(probe: "Probe") -> None:
    """A picture at its own size, not oriented, without noise changes no token id."""
    from hypothesis import strategies as st

    from ipllvm.perturbations.degradation import PixelNoise
    from ipllvm.perturbations.framing import Oriented, Resized

    nothing = st.sampled_from([Resized(1.0), Oriented("none"), PixelNoise(0.0)])
    probe.hold(probe.difference, nothing)
