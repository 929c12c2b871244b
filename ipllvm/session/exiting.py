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
    failing, standings = _answer(rows, lost, options)
    if failing and not options.report_only:
        return pytest.ExitCode.TESTS_FAILED
    if NOT_MEASURED in found or lost:
        return EXIT_NOT_MEASURED
    undecided = UNDECIDED in found or ({"UNDECIDED", "WORSE"} & standings and not options.report_only)
    return EXIT_UNDECIDED if undecided and options.fail_undecided else pytest.ExitCode.OK


def of_audit(status: int, report: dict[str, Any], options: Options) -> int:
    """The status of an audit is its page's answer: 6 where the page says that it is not answered."""
    from ipllvm.reporting.answer import answer_of

    if options.profile != "audit" or options.report_only or status:
        return status
    return status if answer_of(report).release[0] == "good" else EXIT_UNDECIDED


def _explained(report: pytest.TestReport, kind: str | None) -> bool:
    """Whether rows or reasons say why a test failed."""
    return kind == NOT_MEASURED or (kind == VIOLATED and bool(getattr(report, "ipllvm_rows", [])))


def _answer(rows: Rows, lost: Rows, options: Options) -> tuple[bool, set[str]]:
    """Whether the claims of a run fail it, and how those stand that can: as its report says (answer.py)."""
    if not (rows or lost):
        return False, set()
    from ipllvm.reporting import answer
    from ipllvm.reporting.standings import standing
    from ipllvm.reporting.view import standing as said
    from ipllvm.verdicts import release

    rules = options.as_row()
    found = release.standings(release.families(rows, lost, raw=options.exit == "raw"))
    stood = [{**row, "standing": standing(found.get(place))} for place, row in enumerate(rows)]
    deciding = [row for row in stood if answer.decides(row, rules)]
    return any(answer.fails(row, rules) for row in deciding), set(map(said, deciding))
