"""JUnit: flat properties that say the same as the row."""

import json
import math
from dataclasses import replace

import pytest

from ipllvm.records import Decision
from ipllvm.reporting import junit, schema
from ipllvm.tests.reporting import reports
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
        "sde": "1.57",
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
