"""What was reported of a run, put together: rows, what gave none and why, and what was never run."""

from types import SimpleNamespace
from typing import Any

import pytest

from ipllvm.errors import ClaimUndecided, ClaimViolated, NotMeasured, NotTested, UsageError
from ipllvm.session.gathered import CASES, Announcer, Gathered, cases
from ipllvm.session.outcomes import (
    FAILED,
    NOT_MEASURED,
    PASSED_LAW,
    ROWS,
    SKIPPED,
    UNDECIDED,
    VIOLATED,
    case,
    crashed,
    ending,
    finding,
    outcome,
    reason,
    status,
    uncollected,
)
from ipllvm.session.progress import TOLD


def about(**more: Any) -> dict[str, Any]:
    """What a test is about."""
    usual = {"property": "permutation", "model": "m", "benchmark": "scenes", "claim": ""}
    return {**usual, "primary": True, "law": False, **more}


def row(claim: str = "c", value: int = 0, **settings: Any) -> dict[str, Any]:
    """A result of a claim; its value tells one measurement from another."""
    return {
        "property": "p", "claim": {"name": claim}, "model": {"name": "m", "fingerprint": "f"},
        "benchmark": {"name": "b", "digest": "d", "n": 3}, "settings": settings, "value": value,
    }  # fmt: skip


def report(
    node: str = "t.py::test_a", result: str = "passed", why: Any = None, when: Any = "call", **own: Any
) -> Any:
    """A report of a test."""
    make: Any = pytest.TestReport
    return make(node, ("t.py", 0, "test_a"), {}, result, why, when, **own)


def gathered(*reports: Any) -> Gathered:
    found = Gathered()
    for each in reports:
        found.add(each)
    return found


def test_a_run_without_reports_has_nothing_to_say() -> None:
    none = gathered()
    assert none.rows({}) == [] and list(none.lost(SKIPPED)) == [] and list(none.untested()) == []


def test_rows_come_in_the_order_in_which_they_were_measured() -> None:
    first = report("a", ipllvm_rows=[row("x"), row("y")])
    second = report("b", "failed", ipllvm_rows=[row("z")])
    found = [(node, result, each["claim"]["name"]) for node, result, each in gathered(first, second).rows({})]
    assert found == [("a", "passed", "x"), ("a", "passed", "y"), ("b", "failed", "z")]


def test_of_a_claim_that_was_measured_again_the_last_result_stands_in_its_place() -> None:
    again = report("a", "failed", ipllvm_rows=[row("x", 2)])
    found = gathered(report("a", ipllvm_rows=[row("x", 1), row("y")]), again).rows({})
    assert [(result, each["value"]) for _, result, each in found] == [("failed", 2), ("passed", 0)]


@pytest.mark.parametrize(
    ("settings", "rows"),
    [({"noise": "keskar"}, 2), ({"noise": "gaussian"}, 1), ({"noise": "gaussian", "batch_size": 9}, 1)],
)
def test_another_setting_that_bears_on_a_result_makes_another_result(
    settings: dict[str, Any], rows: int
) -> None:
    first = row("x", noise="gaussian", batch_size=4)
    found = gathered(report(ipllvm_rows=[first]), report(ipllvm_rows=[row("x", **settings)]))
    assert len(found.rows({})) == rows


def test_rows_of_a_test_that_was_interrupted_count_as_an_error_or_as_the_test_ended() -> None:
    running = {"a": [row("x", 1)], "b": [row("y", 1)]}
    found = gathered(report("b", "passed", ipllvm_rows=[row("y")])).rows(running)
    assert {node: (result, each["value"]) for node, result, each in found} == {
        "a": ("error", 1),
        "b": ("passed", 1),
    }


def test_the_progress_of_a_worker_is_no_report_but_its_cases_are_kept() -> None:
    found = Gathered()
    progress: list[dict[str, Any]] = [{TOLD: ["3 of 5", False]}, {TOLD: ["", False], CASES: {"a": about()}}]
    assert [found.add(report(**own)) for own in progress] == [False, True]
    assert found.reports == [] and found.cases == {"a": about()}


def test_attempts_before_the_last_are_no_reports() -> None:
    found = gathered(report(result="rerun", ipllvm_rows=[row()]), report("b"))
    assert [each.nodeid for each in found.reports] == ["b"]


def test_tests_without_rows_are_lost_once_for_each_property_model_and_benchmark() -> None:
    skipped = [
        report(node, "skipped", ("t.py", 1, f"Skipped: {node}"), ipllvm_case=about(benchmark=data))
        for node, data in (("a", "scenes"), ("b", "scenes"), ("c", "charts"))
    ]
    assert [why for _, _, why in gathered(*skipped).lost(SKIPPED)] == ["b", "c"]
    assert list(gathered(*skipped).lost(NOT_MEASURED)) == []
    laws = [report(n, "skipped", ("t", 1, n), ipllvm_case=about(law=True)) for n in ("a", "b")]
    assert [why for _, _, why in gathered(*laws).lost(SKIPPED)] == ["a", "b"], "each law is one of its own"


def test_a_test_with_rows_is_not_lost() -> None:
    measured = report(result="skipped", why=("t", 1, "x"), ipllvm_case=about(), ipllvm_rows=[row()])
    assert list(gathered(measured).lost(SKIPPED)) == []


def test_one_reason_is_one_line_of_all_that_it_holds_for() -> None:
    reports = [
        report(p + d, "skipped", ("t", 1, "Skipped: no pictures"), ipllvm_case=about(property=p, benchmark=d))
        for p in ("x", "y")
        for d in ("gsm8k", "word_problems")
    ]  # fmt: skip
    other = report("z", "skipped", ("t", 1, "no \x1b[31m layers"), ipllvm_case=about(property="z"))
    first, second = gathered(*reports, other).untested()
    assert first == "not tested: x, y; m; gsm8k, word_problems: no pictures"
    assert "\x1b" not in second and second.startswith("not tested: z; m; scenes: no ")


def test_what_was_collected_and_has_no_report_was_never_run() -> None:
    found = gathered(report("a"))
    found.collected(["a", "b", "c", "d", "b"])
    found.cases = {node: about(model=node) for node in "abc"}
    config: Any = SimpleNamespace(stash={ROWS: {"c": []}})
    assert [node for node, _ in found.never_run(config)] == ["b"], "c was running, d is no property"


def test_a_worker_tells_its_cases_once() -> None:
    told: list[Any] = []
    hook = SimpleNamespace(pytest_runtest_logreport=lambda report: told.append(report))
    config: Any = SimpleNamespace(hook=hook)
    announcer = Announcer(config)
    items: Any = [
        SimpleNamespace(nodeid=node, ipllvm_case=told) for node, told in (("a", about()), ("b", {}))
    ]
    session: Any = SimpleNamespace(items=items)
    announcer.pytest_collection_finish(session)
    for _ in range(2):
        announcer.pytest_runtest_logstart("a", ("t.py", 0, "a"))
    assert [getattr(each, CASES) for each in told] == [{"a": about()}] == [cases(items)]


@pytest.mark.parametrize(
    ("own", "result", "when", "expected"),
    [
        ({}, "failed", "call", None),
        ({"ipllvm_case": about()}, "passed", "call", None),
        ({"ipllvm_case": about(law=True)}, "passed", "call", PASSED_LAW),
        ({"ipllvm_case": about(law=True)}, "passed", "setup", None),
        ({"ipllvm_case": about()}, "failed", "call", FAILED),
        ({"ipllvm_case": about()}, "failed", "setup", FAILED),
        ({"ipllvm_case": about()}, "failed", "teardown", None),
        ({"ipllvm_case": about()}, "skipped", "setup", SKIPPED),
        ({"ipllvm_case": about(), "ipllvm_finding": NOT_MEASURED}, "failed", "teardown", NOT_MEASURED),
        ({"ipllvm_case": about(), "ipllvm_finding": UNDECIDED}, "skipped", "call", None),
    ],
)
def test_how_a_test_of_a_property_ended(
    own: dict[str, Any], result: str, when: str, expected: str | None
) -> None:
    assert ending(report(result=result, when=when, **own)) == expected


@pytest.mark.parametrize(
    ("own", "result", "letter", "told"),
    [
        ({}, "failed", None, "failed"),
        ({"ipllvm_finding": VIOLATED}, "failed", "V", "failed"),
        ({"ipllvm_finding": UNDECIDED}, "skipped", "u", "skipped"),
        ({"ipllvm_finding": NOT_MEASURED}, "failed", "N", "error"),
        ({"ipllvm_finding": VIOLATED}, "rerun", None, "rerun"),
        ({TOLD: ["x", False], "ipllvm_finding": VIOLATED}, "passed", "", "passed"),
    ],
)
def test_the_letter_of_a_finding_and_what_its_row_says(
    own: dict[str, Any], result: str, letter: str | None, told: str
) -> None:
    made = report(result=result, **own)
    found = status(made)
    assert (None if found is None else found[1]) == letter
    assert outcome(made) == told


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (("t.py", 3, "Skipped: no layers"), "no layers"),
        (("t.py", 3, "UNDECIDED: too few"), "UNDECIDED: too few"),
        ("VIOLATED\nmore", "VIOLATED"),
        (None, "None"),
        ("", ""),
        (SimpleNamespace(reprcrash=SimpleNamespace(message="ValueError: x\ny")), "ValueError: x"),
        (SimpleNamespace(reprcrash=None, __str__=None), None),
    ],
)
def test_a_reason_is_one_line(shown: Any, expected: str | None) -> None:
    found = reason(report(result="failed", why=shown))
    assert "\n" not in found and (expected is None or found == expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "it could not be read"),
        ("____ x ____\nE   SyntaxError: bad\n!!!!\n===", "SyntaxError: bad"),
        ("E   first\nE   last  \n\n", "last"),
    ],
)
def test_why_a_file_could_not_be_read_is_the_last_of_its_words(text: str, expected: str) -> None:
    shown: Any = SimpleNamespace(longreprtext=text)
    assert uncollected(shown) == expected


def item(verbosity: int = 0, **own: Any) -> Any:
    """A test of a property, as pytest knows it."""
    config = SimpleNamespace(get_verbosity=lambda: verbosity, stash={})
    return SimpleNamespace(config=config, location=("p.py", 4, "test_a"), ipllvm_case=about(), **own)


def test_an_error_of_a_property_is_a_line_and_under_v_a_traceback() -> None:
    raised = ValueError("out of\nmemory \x1b[31m")
    made, long = (report(result="failed", why="traceback") for _ in range(2))
    finding(made, raised, item())
    assert made.longrepr == "ValueError: out of" and made.ipllvm_finding == NOT_MEASURED
    finding(long, raised, item(verbosity=1))
    assert long.longrepr == "traceback" and long.ipllvm_finding == NOT_MEASURED


@pytest.mark.parametrize("raised", [None, AssertionError("x"), KeyboardInterrupt()])
def test_what_failed_as_any_test_does_is_no_finding(raised: BaseException | None) -> None:
    made = report(result="failed", why="traceback")
    finding(made, raised, item())
    assert made.longrepr == "traceback" and not hasattr(made, "ipllvm_finding")


def test_an_error_in_taking_down_keeps_its_traceback() -> None:
    made = report(result="failed", why="traceback", when="teardown")
    finding(made, ValueError("x"), item())
    assert made.longrepr == "traceback" and not hasattr(made, "ipllvm_finding")


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (ClaimViolated("worse"), VIOLATED),
        (NotMeasured("none left"), NOT_MEASURED),
        (UsageError("x"), NOT_MEASURED),
    ],
)
def test_a_finding_says_itself_in_place_of_a_traceback(raised: Exception, kind: str) -> None:
    raised.add_note("a note")
    made, long = (report(result="failed", why="traceback") for _ in range(2))
    finding(made, raised, item())
    finding(long, raised, item(verbosity=1))
    assert (made.longrepr, long.longrepr) == (str(raised), f"{raised}\na note")
    assert (made.outcome, made.ipllvm_finding) == ("failed", kind)


def test_what_is_not_tested_is_a_skip_with_its_reason() -> None:
    made = report(result="failed")
    finding(made, NotTested("no layers"), item())
    assert (made.outcome, made.longrepr) == ("skipped", ("p.py", 5, "Skipped: no layers"))
    assert reason(made) == "no layers" and not hasattr(made, "ipllvm_finding")


@pytest.mark.parametrize("stops", [True, False])
def test_what_is_undecided_fails_only_where_the_run_asks_for_it(
    stops: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ipllvm.session.outcomes._stops", lambda test: stops)
    made = report(result="failed")
    finding(made, ClaimUndecided("too few"), item())
    assert made.outcome == ("failed" if stops else "skipped") and made.ipllvm_finding == UNDECIDED
    assert reason(made) == "UNDECIDED: too few"


def test_a_worker_that_was_killed_has_measured_nothing() -> None:
    made, other = report(result="failed"), report(result="failed")
    crashed(made, about())
    crashed(other, {})
    assert ending(made) == NOT_MEASURED and ending(other) is None


def test_a_test_of_no_model_is_about_nothing() -> None:
    for plain in (SimpleNamespace(), SimpleNamespace(callspec=SimpleNamespace(params={"x": 1}))):
        found: Any = plain
        assert case(found) == {}
        made = report(result="failed", why="traceback")
        finding(made, ValueError("x"), found)
        assert made.longrepr == "traceback"
