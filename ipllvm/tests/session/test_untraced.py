"""What a finding does not show is not made: no traceback, and no benchmark where nothing of it is shown."""

from types import SimpleNamespace
from typing import Any

import pytest

from ipllvm.errors import ClaimViolated, UsageError
from ipllvm.gate.answers import FlippedSample
from ipllvm.records import Benchmark, Transcript
from ipllvm.session.flipped import examples
from ipllvm.session.outcomes import untraced
from ipllvm.tests.reporting.reports import result

PROPERTY: Any = SimpleNamespace(ipllvm_case={"property": "a", "model": "m", "benchmark": "b"})
ANOTHER: Any = SimpleNamespace()
"""Tests, as far as they are asked what they are about."""


def _raised(error: Exception) -> pytest.CallInfo[None]:
    def fail() -> None:
        raise error

    return pytest.CallInfo.from_call(fail, "call")


@pytest.mark.parametrize("error", [ClaimViolated("it fell"), UsageError("no such word")])
def test_a_finding_has_no_traceback_while_its_report_is_made(error: Exception) -> None:
    made = _raised(error)
    assert made.excinfo is not None
    whole = list(made.excinfo.traceback)
    with untraced(PROPERTY, made):
        assert not made.excinfo.traceback
    assert list(made.excinfo.traceback) == whole and len(whole) >= 2


@pytest.mark.parametrize(
    ("item", "error"),
    [(PROPERTY, AssertionError("odd")), (ANOTHER, ClaimViolated("it fell"))],
    ids=["of a property", "of another test"],
)
def test_any_other_failure_keeps_its_traceback(item: Any, error: Exception) -> None:
    made = _raised(error)
    assert made.excinfo is not None
    with untraced(item, made):
        assert made.excinfo.traceback


def test_a_call_that_raised_nothing_is_left_alone() -> None:
    with untraced(PROPERTY, pytest.CallInfo.from_call(lambda: None, "call")):
        pass


def test_a_benchmark_is_loaded_only_for_answers_that_both_runs_kept() -> None:
    def load() -> Benchmark:
        raise AssertionError("it was loaded")

    said = Transcript("What?", "A")
    halves = [FlippedSample("s1"), FlippedSample("s2", said), FlippedSample("s3", None, said)]
    assert list(examples(halves, result(), load)) == []
    with pytest.raises(AssertionError, match="it was loaded"):
        list(examples([FlippedSample("s4", said, said)], result(), load))
