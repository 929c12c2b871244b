"""When that is told which fails a gate and is no test: before other plugins write what they gathered."""

from typing import TYPE_CHECKING

import pytest

from ipllvm.session.comparisons import REFERENCE

if TYPE_CHECKING:
    from ipllvm.session.controller import Session


class Pooling:
    """Tells what was left out, and the row over all answers where it fails the run, so that JUnit has it."""

    def __init__(self, session: "Session") -> None:
        self._session = session

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Where the tests of a gate came to their end."""
        config, ended = self._session.config, exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        if ended and REFERENCE in config.stash and not config.getoption("collectonly"):
            self._session.tell_rest()
