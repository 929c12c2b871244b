"""When that is told which fails a gate and is no test: before other plugins write what they gathered."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ipllvm.session.controller import Session


class Pooling:
    """Tells what was left out, and the row over all answers where it fails the run, so that JUnit has it."""

    def __init__(self, session: "Session") -> None:
        self._session = session

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Where the tests came to their end."""
        if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            self._session.tell_rest()
