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
    said = _said(rows, lost, options)
    if "VIOLATED" in said and not options.report_only:
        return pytest.ExitCode.TESTS_FAILED
    if "worse" in said and options.fail_on == "worse" and not options.report_only:
        return pytest.ExitCode.TESTS_FAILED
    if NOT_MEASURED in found or lost:
        return EXIT_NOT_MEASURED
    undecided = UNDECIDED in found or ({"UNDECIDED", "WORSE"} & said and not options.report_only)
    return EXIT_UNDECIDED if undecided and options.fail_undecided else pytest.ExitCode.OK


def of_audit(status: int, report: dict[str, Any], options: Options) -> int:
    """The status of an audit is its page's answer: 6 where the page says that it is not answered."""
    from ipllvm.reporting.reading import release

    if options.profile != "audit" or options.report_only or status:
        return status
    return status if release(report)[0] == "good" else EXIT_UNDECIDED


def _explained(report: pytest.TestReport, kind: str | None) -> bool:
    """Whether rows or reasons say why a test failed."""
    return kind == NOT_MEASURED or (kind == VIOLATED and bool(getattr(report, "ipllvm_rows", [])))


def _said(rows: Rows, lost: Rows, options: Options) -> set[str]:
    """What the run says of the claims that can fail it: with a baseline of the comparisons alone.

    "worse" is among it where anything is worse than the baseline at all, within its margin or not.
    """
    if not (rows or lost):
        return set()
    from ipllvm.verdicts import release

    families = release.families(rows, lost, raw=options.exit == "raw")
    found = {place: str(each.decision) for place, each in release.standings(families).items()}
    worse = {"worse"} if any(family.answer.worse for family in families) else set()
    return worse | {
        found.get(place, row["verdict"]["decision"])
        for place, row in enumerate(rows)
        if (options.strict_observations or row["claim"]["kind"] == "requirement")
        and (not options.compares_only or row["claim"]["name"].startswith(release.REGRESSION))
    }
