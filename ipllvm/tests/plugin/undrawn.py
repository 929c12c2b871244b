"""Leaves the drawings out of pages: for sessions whose pages are read for their words; loaded with `-p`."""

import pytest

from ipllvm.reporting import inlining


def pytest_configure(config: pytest.Config) -> None:
    """Until the session ends."""
    patch = pytest.MonkeyPatch()
    patch.setattr(inlining, "svg", lambda draw, name: '<svg viewBox="0 0 1 1"></svg>')
    config.add_cleanup(patch.undo)
