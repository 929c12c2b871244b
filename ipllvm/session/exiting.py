"""The exit status: what pytest says, refined by the one answer of the run."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pytest

from ipllvm.session.options import Options
from ipllvm.session.outcomes import NOT_MEASURED, UNDECIDED, VIOLATED

EXIT_UNDECIDED: Final = 6
EXIT_NOT_MEASURED: Final = 7
Rows = Sequence[Mapping[str, Any]]


def refined(
    status: int, reports: Sequence[pytest.TestReport], rows: Rows, lost: Rows, options: Options
) -> int:
    """0, 1, 6 or 7; 2 to 5 stay pytest's, and so does 1 for a law that broke or a test that failed.

    A test fails by its own verdict; whether that stands among all claims of the run is what counts. What is
    `lost` could not be measured: 7, as of a gate in which a single comparison is missing.
    """
    found = [getattr(report, "ipllvm_finding", None) for report in reports]
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) or any(
        report.failed and not _explained(report, kind) for report, kind in zip(reports, found, strict=True)
    ):
        return status
    if status and not any(report.failed for report in reports):
        return status  # a test that could not be collected has no report
    deciding = stood(rows, lost, options)
    if any(fails for _, fails, _ in deciding) and not options.report_only:
        return pytest.ExitCode.TESTS_FAILED
    if NOT_MEASURED in found or lost:
        return EXIT_NOT_MEASURED
    undecided = UNDECIDED in found and options.fail_undecided
    stopped = any(stops for _, _, stops in deciding) and not options.report_only
    return EXIT_UNDECIDED if undecided or stopped else pytest.ExitCode.OK


def of_audit(status: int, report: dict[str, Any], options: Options) -> int:
    """The status of an audit is its page's answer: 6 where the page says that it is not answered."""
    from ipllvm.reporting.answer import answer_of

    if options.profile != "audit" or options.report_only or status:
        return status
    return status if answer_of(report).release[0] == "good" else EXIT_UNDECIDED


def failures(session: pytest.Session, reports: Sequence[pytest.TestReport]) -> list[str]:
    """The laws that broke, the tests that failed without a verdict that says so, what was not collected."""
    kinds = ((report, getattr(report, "ipllvm_finding", None)) for report in reports)
    found = [report.nodeid for report, kind in kinds if report.failed and not _explained(report, kind)]
    lost = session.testsfailed and not any(report.failed for report in reports)
    return [*dict.fromkeys(found), *(["a file that could not be collected"] if lost else [])]


def _explained(report: pytest.TestReport, kind: str | None) -> bool:
    """Whether rows or reasons say why a test failed."""
    measured = bool(getattr(report, "ipllvm_rows", []))
    return kind == NOT_MEASURED or (kind in (VIOLATED, UNDECIDED) and measured)


def stood(rows: Rows, lost: Rows, options: Options) -> list[tuple[int, bool, bool]]:
    """Of each row that can fail a run its place, whether it does, and whether it stands in the way."""
    if not (rows or lost):
        return []
    from ipllvm.reporting import answer, standings

    rule = options.fail_rule
    return [
        (place, answer.fails(row, rule), answer.stops(row, rule))
        for place, row in enumerate(standings.stood(rows, lost, options.as_row()))
        if answer.decides(row, rule)
    ]
