"""The cases of JUnit are called as pytest calls them, whatever stands between the brackets of an id."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from _pytest.junitxml import mangle_test_address

from ipllvm.records import Decision
from ipllvm.reporting import junit
from ipllvm.reporting.schema import Report
from ipllvm.tests.reporting import reports

IDS = (
    "properties/test_a.py::test_a",
    "properties/test_a.py::test_a[llava-tiny]",
    "test_a.py::test_a[llava-tiny-scenes]",
    "properties/test_a.py::TestSeeing::test_a[llava-tiny]",
    "properties/deep/er/test_a.py::TestSeeing::TestInner::test_a",
    "properties/test_a.py::test_a[own::questions]",
    "properties/test_a.py::TestSeeing::test_a[a::b-c::d]",
    "properties/test_a.py::test_a[../data/questions.jsonl]",
    "properties/v1.2/test_a.py::test_a[v1.2.py]",
    "properties/test_a.py::test_a[a[b]c]",
    "properties/test_a.py::test_a[http://localhost:8000/v1#llava]",
    "proper ties/test_ä.py::test_ü[größe]",
    ".::test_a[llava-tiny]",  # of a file that is its own root
    "docs/guide.md::guide.md",
    "py::test_a",
)


def cases(report: Report) -> list[tuple[str | None, str | None]]:
    """Class and name of every case of a document."""
    root = ElementTree.fromstring(junit.render(report))
    return [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]


def expected(test: str) -> tuple[str, str]:
    """What pytest's own document calls a test."""
    *place, name = mangle_test_address(test)
    return ".".join(place), name


@pytest.mark.parametrize("test", IDS)
def test_a_result_is_called_as_pytest_calls_its_test(test: str) -> None:
    report = reports.report(reports.result())
    report["results"][0]["test"] = test
    assert cases(report) == [expected(test)]


@pytest.mark.parametrize("test", IDS)
def test_so_is_what_has_no_result(test: str) -> None:
    lost = replace(reports.kept(), test=test, reason="no picture")
    report = reports.report(failed=(lost,), not_measured=(lost,), not_tested=(lost,), passed_laws=(lost,))
    assert cases(report) == [expected(test)] * 4


def test_two_tests_are_never_one_case() -> None:
    report = reports.report(*(reports.result(Decision.HOLDS, name=f"p{n}") for n in range(len(IDS))))
    for row, test in zip(report["results"], IDS, strict=True):
        row["test"] = test
    assert len(set(cases(report))) == len(IDS)


def test_what_was_never_collected_is_named_by_what_it_would_have_been() -> None:
    lost = replace(reports.kept("alignment"), test="", benchmark="charts", reason="no text encoder")
    assert cases(reports.report(not_tested=(lost,))) == [("ipllvm", "alignment[llava-tiny-charts]")]
    assert cases(reports.report(not_tested=(replace(lost, benchmark=""),))) == [
        ("ipllvm", "alignment[llava-tiny]")
    ]


@pytest.mark.parametrize(
    ("outcome", "phase", "ends"),
    [
        ("passed", "", []),
        ("failed", "", ["failure"]),
        ("error", "", ["failure"]),
        ("skipped", "", ["skipped"]),
        (None, "setup", ["error"]),
        (None, "call", ["failure"]),
        (None, "teardown", ["error"]),
        (None, "", None),
    ],
)
def test_a_case_ends_as_pytest_ended_it(outcome: str | None, phase: str, ends: list[str] | None) -> None:
    if outcome is None:
        report = reports.report(not_measured=(replace(reports.kept(), reason="lost", phase=phase),))
    else:
        report = reports.report(reports.result())
        report["results"][0]["outcome"] = outcome
    root = ElementTree.fromstring(junit.render(report))
    found = [[end.tag for end in case if end.tag != "properties"] for case in root.iter("testcase")]
    assert found == ([] if ends is None else [ends])
    if ends is None:
        (told,) = [each for each in root.iter("property") if str(each.get("name")).startswith("not_run.")]
        assert told.get("value") == "lost"


@pytest.mark.parametrize(
    ("first", "second", "end"),
    [
        ("passed", "failed", "failure"),
        ("failed", "skipped", "failure"),
        ("skipped", "passed", "skipped"),
        ("skipped", "error", "failure"),
        ("passed", "passed", None),
    ],
)
def test_a_test_of_two_claims_ends_as_the_worse_of_them(first: str, second: str, end: str | None) -> None:
    other = replace(reports.CLAIM, name="other")
    report = reports.report(reports.result(), replace(reports.result(), claim=other))
    for row, outcome in zip(report["results"], (first, second), strict=True):
        row |= {"test": IDS[1], "outcome": outcome}
    (case,) = ElementTree.fromstring(junit.render(report)).iter("testcase")
    assert [each.tag for each in case if each.tag != "properties"] == ([] if end is None else [end])
    names = [str(each.get("name")) for each in case.iter("property")]
    assert len(set(names)) == len(names) and {name.partition(": ")[0] for name in names} == {
        "permutation",
        "other",
    }


def test_the_worst_of_several_claims_gives_the_reason() -> None:
    bad = replace(reports.result(Decision.VIOLATED, "lost 19 points"), claim=replace(reports.CLAIM, name="b"))
    report = reports.report(reports.result(reason="fine"), bad)
    for row in report["results"]:
        row |= {"test": IDS[1], "outcome": "failed"}
    (case,) = ElementTree.fromstring(junit.render(report)).iter("testcase")
    (end,) = case.iter("failure")
    assert end.get("message") == "VIOLATED: lost 19 points" and end.get("type") == "VIOLATED"
    assert str(end.text).startswith("run it again: pytest ")
