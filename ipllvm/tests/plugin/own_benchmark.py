"""Has a fixture `benchmark` and no patience with another's, as pytest-benchmark; loaded with `-p`."""

from collections.abc import Generator
from typing import Any

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: Any, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Ends the session where a test was given a `benchmark` that is not this plugin's."""
    report = yield
    if getattr(item, "funcargs", {}).get("benchmark") is not None:
        raise TypeError("`benchmark` is not mine")
    return report
