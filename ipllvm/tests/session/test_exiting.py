"""Exit statuses that no pytest knows of."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ipllvm.records import Decision
from ipllvm.reporting.schema import Report
from ipllvm.session.exiting import of_audit
from ipllvm.session.options import Options
from ipllvm.tests.reporting import reports


def asked(**changed: Any) -> Options:
    """As much of the options as an audit's status reads."""
    return cast("Options", SimpleNamespace(**{"profile": "audit", "report_only": False, **changed}))


HOLDS = reports.report(reports.result(p=0.001))
OPEN = reports.report(reports.result(Decision.UNDECIDED, "too little"))
SEEN = reports.report(reports.result(kind="observation"))


@pytest.mark.parametrize(("report", "status"), [(HOLDS, 0), (OPEN, 6), (SEEN, 6)])
def test_the_status_of_an_audit_is_its_pages_answer(report: Report, status: int) -> None:
    """0 would say that it may be released, where the page says "Not answered yet", or "Not asked"."""
    assert of_audit(0, report, asked()) == status
    assert of_audit(1, report, asked()) == 1
    assert of_audit(0, report, asked(profile="quick")) == of_audit(0, report, asked(report_only=True)) == 0
