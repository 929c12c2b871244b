"""Reports the failures of a gate that belong to no test, before other plugins write their reports."""

from typing import TYPE_CHECKING

import pytest

from ipllvm.session.comparisons import REFERENCE

if TYPE_CHECKING:
    from ipllvm.session.controller import Session


class GateEnd:
    """Reports left-out comparisons, and the row over all answers if it fails the run: JUnit then has them."""

    def __init__(self, session: "Session") -> None:
        self._session = session

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Only where the tests of a gate ran to their end."""
        config, ended = self._session.config, exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        if ended and REFERENCE in config.stash and not config.getoption("collectonly"):
            self._session.tell_rest()
