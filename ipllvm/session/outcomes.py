"""What became of a test: findings in place of tracebacks, letters and words, and how it ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ipllvm.errors import (
    LIMIT,
    ClaimUndecided,
    ClaimViolated,
    Finding,
    IpllvmError,
    NotTested,
    first_line,
)
from ipllvm.safety.printing import visible
from ipllvm.session.options import Options
from ipllvm.session.progress import told

OPTIONS = pytest.StashKey[Options]()
ROWS = pytest.StashKey[dict[str, list[dict[str, Any]]]]()
"""What the running test has found, by its id."""
VIOLATED, UNDECIDED, NOT_MEASURED, SKIPPED = "violated", "undecided", "not measured", "skipped"
FAILED, PASSED_LAW = "failed", "passed law"


def case(item: pytest.Item) -> dict[str, Any]:
    """Which property, model and benchmark a test is about; empty for a test that is no property.

    `claim` is what a comparison with a baseline compares; the test of a property has none.
    """
    about: dict[str, Any] | None = getattr(item, "ipllvm_case", None)
    if about is not None:
        return about
    spec = getattr(item, "callspec", None)
    if spec is None or "model_name" not in spec.params:
        return {}
    return {
        "property": str(getattr(item, "originalname", item.name)).removeprefix("test_"),
        "model": item.config.stash[OPTIONS].label(spec.params["model_name"]),
        "benchmark": str(spec.params.get("benchmark_name", "")),
        "primary": item.get_closest_marker("requirement") is not None,
        "law": item.get_closest_marker("law") is not None,
        "claim": "",
    }


def place(item: pytest.Item, options: Options) -> tuple[int, int]:
    """Where a test belongs in the order of a run: by model, then by benchmark; others come first.

    pytest's own order may return to a model that has made room for another.
    """
    params = getattr(getattr(item, "callspec", None), "params", {})
    if "model_name" not in params:
        return -1, -1
    order = {name: number for number, name in enumerate(options.benchmarks)}
    return options.models.index(params["model_name"]), order.get(params.get("benchmark_name", ""), len(order))


@contextmanager
def untraced(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """While it lasts, what `finding` shows without its traceback has none.

    pytest would read and parse every file on its way, which takes longer than most comparisons.
    """
    raised = call.excinfo
    if raised is None or not isinstance(raised.value, Finding | IpllvmError) or not case(item):
        yield
        return
    whole = raised.traceback
    raised.traceback = type(whole)([])
    try:
        yield
    finally:
        raised.traceback = whole


def finding(report: pytest.TestReport, raised: BaseException | None, item: pytest.Item) -> None:
    """Rewrite the report of a test that ended in a finding or could not measure: no traceback.

    Any other exception, a failed assertion aside, is no verdict either: it keeps its traceback under -v.
    """
    if not case(item):
        return
    if not isinstance(raised, Finding | IpllvmError):
        if report.when != "teardown" and _unexpected(raised):
            vars(report)["ipllvm_finding"] = NOT_MEASURED
            if item.config.get_verbosity() <= 0:
                report.longrepr = f"{type(raised).__name__}: {visible(first_line(raised), LIMIT)}"
        return
    if isinstance(raised, ClaimUndecided) and _stops(item):
        report.longrepr = f"UNDECIDED: {raised}"
    elif isinstance(raised, ClaimUndecided | NotTested):
        path, line, _ = item.location
        word = "UNDECIDED" if isinstance(raised, ClaimUndecided) else "Skipped"
        report.outcome = "skipped"
        report.longrepr = (str(path), (line or 0) + 1, f"{word}: {raised}")
        if isinstance(raised, NotTested):
            return
    else:
        notes = getattr(raised, "__notes__", ()) if item.config.get_verbosity() > 0 else ()
        report.longrepr = "\n".join([str(raised), *notes])
    vars(report)["ipllvm_finding"] = _kind(raised)


def _stops(item: pytest.Item) -> bool:
    """Whether what a test can't decide fails the run: of a gate the comparisons', else its own claims'."""
    rule = item.config.stash[OPTIONS].fail_rule
    return rule.stops("UNDECIDED") and rule.decides("requirement", bool(case(item)["claim"]))


def _unexpected(raised: BaseException | None) -> bool:
    return isinstance(raised, Exception) and not isinstance(raised, AssertionError)


def _kind(raised: BaseException) -> str:
    if isinstance(raised, ClaimViolated):
        return VIOLATED
    return UNDECIDED if isinstance(raised, ClaimUndecided) else NOT_MEASURED


def crashed(report: pytest.TestReport, about: dict[str, Any]) -> None:
    """Let the report of a test whose worker was killed say that nothing was measured."""
    vars(report)["ipllvm_case"] = about
    if about:
        vars(report)["ipllvm_finding"] = NOT_MEASURED


def status(report: pytest.TestReport) -> tuple[str, str, Any] | None:
    """Category, letter and word of a finding; None leaves pytest's own."""
    found = getattr(report, "ipllvm_finding", None)
    if told(report):
        return "", "", ""
    if report.outcome not in ("passed", "failed", "skipped"):
        return None
    if found == UNDECIDED:
        return UNDECIDED, "u", ("UNDECIDED", {"yellow": True})
    if found == VIOLATED:
        return "failed", "V", ("VIOLATED", {"red": True})
    if found == NOT_MEASURED:
        return "error", "N", ("NOT MEASURED", {"red": True})
    return None


def outcome(report: pytest.TestReport) -> str:
    """What a row says of its test."""
    return "error" if getattr(report, "ipllvm_finding", None) == NOT_MEASURED else str(report.outcome)


def ending(report: pytest.TestReport) -> str | None:
    """How a test of a property ended; None for any other, and where nothing is left to say."""
    about, found = getattr(report, "ipllvm_case", {}), getattr(report, "ipllvm_finding", None)
    if not about or found == UNDECIDED:
        return None
    if found == NOT_MEASURED or report.skipped:
        return NOT_MEASURED if found == NOT_MEASURED else SKIPPED
    if report.failed and report.when != "teardown":
        return FAILED
    return PASSED_LAW if report.passed and report.when == "call" and about["law"] else None


def reason(report: pytest.TestReport) -> str:
    """Why a test gave no row, in one line: of a traceback, what was raised."""
    shown = report.longrepr
    if isinstance(shown, tuple):
        return str(shown[2]).removeprefix("Skipped: ")
    crash = getattr(shown, "reprcrash", None)
    return str(crash.message if crash else shown).partition("\n")[0]


def uncollected(report: pytest.CollectReport) -> str:
    """Why a file could not be read, in the last words of its error."""
    lines = [line.removeprefix("E ").strip() for line in report.longreprtext.splitlines()]
    errors = [line for line in lines if line and not line.startswith(("!", "=", "_"))]
    return errors[-1] if errors else "it could not be read"
