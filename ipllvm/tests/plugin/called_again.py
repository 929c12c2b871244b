"""Calls a test that failed once more, behind its report, as pytest-retry does; loaded with `-p`."""

from collections.abc import Generator
from typing import Any

import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: Any, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Of the second call pytest hears its outcome alone."""
    report = yield
    if call.when == "call" and report.failed:
        hook, beside = item.ihook, pytest.Class.from_parent(item.session, name="beside")
        hook.pytest_runtest_teardown(item=item, nextitem=beside)
        item._initrequest()
        hook.pytest_runtest_setup(item=item)
        again = pytest.CallInfo.from_call(lambda: hook.pytest_runtest_call(item=item), when="call")
        report.outcome = "failed" if again.excinfo else "passed"
    return report
