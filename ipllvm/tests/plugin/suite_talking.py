"""Two tests that tell how far they are; copied into a folder of its own by the tests."""

import pytest

from ipllvm.session.progress import ProgressLine


@pytest.mark.parametrize("number", range(2))
def test_talk(pytestconfig: pytest.Config, number: int) -> None:
    line = ProgressLine(pytestconfig, f"{number} on b")
    for done in range(5):
        line(done, 4)
