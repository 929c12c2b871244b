"""JUnit: flat properties that say the same as the row."""

import json
import math
from collections import Counter
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from ipllvm.records import Decision
from ipllvm.reporting import junit, schema
from ipllvm.reporting.merging import merged
from ipllvm.reporting.report import WithoutResult
from ipllvm.tests.reporting import reports
from ipllvm.tests.reporting.golden import check_golden
from ipllvm.tests.reporting.hostile import HOSTILE


def test_a_row_becomes_flat_text() -> None:
    found = dict(junit.properties(schema.row(reports.result(Decision.UNDECIDED, "too few samples"))))
    assert found == {
        "property": "permutation_invariance",
        "model": "llava-tiny",
        "benchmark": "easyvqa",
        "claim": "permutation",
        "margin": "2",
        "clean": "95.3",
        "clean.low": "92.9",
        "clean.high": "97",
        "blank": "41",
        "blank.low": "36.4",
        "blank.high": "45.8",
        "permuted": "94.9",
        "permuted.low": "92.4",
        "permuted.high": "96.7",
        "performance_drop": "0.4",
        "performance_drop.low": "-0.75",
        "performance_drop.high": "1.62",
        "unit": "points",
        "low": "-0.75",
        "high": "1.62",
        "n": "300",
        "clusters": "60",
        "draws": "5",
        "n_error": "0",
        "p_holds": "0.4",
        "p_violated": "0.6",
        "n_to_decide": "1200",
        "mde": "1.57",
        "verdict": "UNDECIDED",
        "reason": "too few samples",
        "trials": "2100",
        "seconds": "12.25",
        "partial": "false",
        "errors": "0",
    }


def test_a_row_of_a_report_gives_the_same() -> None:
    made = reports.report(reports.result())
    assert junit.properties(made["results"][0]) == junit.properties(schema.row(reports.result()))


def test_what_is_not_known_is_left_out() -> None:
    nothing = reports.estimate("performance_drop", None, math.nan, math.nan)
    row = schema.row(replace(reports.result(), estimates={"performance_drop": nothing}))
    found = dict(junit.properties(row))
    assert {"performance_drop", "low", "high", "reason", "n_to_decide"}.isdisjoint(found)
    assert found["n"] == "300"


def test_a_row_with_errors_has_no_verdict() -> None:
    assert dict(junit.properties(schema.row(reports.unmeasured())))["verdict"] == "NOT MEASURED"


@pytest.mark.parametrize("text", [*HOSTILE, "x" * 1_000_000])
def test_hostile_text_is_short_and_printable(text: str) -> None:
    row = schema.row(replace(reports.result(Decision.VIOLATED, text, name=text), errors=((text, text),)))
    found = junit.properties(json.loads(json.dumps(row)))
    assert all(value.isprintable() and len(value) <= 300 for pair in found for value in pair)


def test_golden_of_every_kind() -> None:
    check_golden("mixed.xml", junit.render(reports.mixed()))


def test_a_document_counts_its_cases() -> None:
    suite = ElementTree.fromstring(junit.render(reports.mixed())).find("testsuite")
    assert suite is not None
    ends = Counter(child.tag for case in suite.iter("testcase") for child in case)
    told = {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}
    assert told == {"tests": 12, "failures": 4, "errors": 1, "skipped": 3}
    assert ends == {"properties": 6, "failure": 4, "error": 1, "skipped": 3}


def test_times_are_those_that_were_measured() -> None:
    law = replace(reports.kept(), seconds=0.5)
    made = ElementTree.fromstring(junit.render(reports.report(reports.result(), passed_laws=(law,))))
    assert [case.attrib["time"] for case in made.iter("testcase")] == ["12.250", "0.500"]
    assert made.attrib["time"] == "42.500"


def test_two_claims_of_a_test_are_told_apart() -> None:
    made = reports.report(reports.result(), reports.result())
    made["results"][1]["test"] = made["results"][0]["test"]
    made["results"][1]["claim"]["name"] = "other"
    (case,) = ElementTree.fromstring(junit.render(made)).iter("testcase")
    names = [found.attrib["name"] for found in case.iter("property")]
    assert {"permutation: verdict", "other: verdict"} <= set(names), "one case, as pytest has one"


@pytest.mark.parametrize("failing", [0, 1])
def test_runs_that_were_put_together_have_cases_of_their_own(failing: int) -> None:
    """Whichever comes first: a run that fails is not hidden behind one of the same tests that passed."""
    found = [reports.report(reports.result()) for _ in range(2)]
    found[failing] = reports.report(reports.result(Decision.VIOLATED, "lost", p=1e-6))
    for number, each in enumerate(found):
        each["run"]["id"] = f"run-{number}"
        each["results"][0]["test"] = "properties/test_a.py::test_a[m-b]"
        each["results"][0]["outcome"] = "failed" if number == failing else "passed"
    root = ElementTree.fromstring(junit.render(merged(found)))
    ends = [case.find("failure") is not None for case in root.iter("testcase")]
    assert ends == [number == failing for number in range(2)] and root.attrib["failures"] == "1"


@pytest.mark.parametrize("text", [*HOSTILE, "x" * 1_000_000])
def test_hostile_text_leaves_a_document_that_parses(text: str) -> None:
    found = replace(
        reports.result(Decision.VIOLATED, text, name=text),
        model=replace(reports.MODEL, name=text),
        benchmark=replace(reports.BENCHMARK, name=text),
    )
    made = reports.report(
        found,
        not_tested=(WithoutResult(property=text, model=text, benchmark=text, reason=text),),
        not_measured=(WithoutResult(test=text, reason=text),),
        failed=(
            WithoutResult(
                test=text, property=text, model=text, benchmark=text, law=True, reason=text, replay=text
            ),
        ),
        passed_laws=(WithoutResult(test=text, property=text, model=text),),
    )
    document = junit.render(made)
    assert len(document) < 100_000
    assert len([*ElementTree.fromstring(document.encode()).iter("testcase")]) == 5
