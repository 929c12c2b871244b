"""A result in plain words."""

from dataclasses import replace

import pytest

from ipllvm.records import Decision
from ipllvm.reporting.lines import lines
from ipllvm.reporting.quantities import MEANINGS
from ipllvm.reporting.reading import reading, summary
from ipllvm.tests.reporting import reports


@pytest.mark.parametrize(
    ("decision", "direction", "kind", "words"),
    [
        ("HOLDS", "at_most", "requirement",
         "with 95 % confidence no more than 1.6, at most 2.0 is required."),
        ("VIOLATED", "at_most", "requirement",
         "with 95 % confidence no less than 15.1, at most 2.0 is required."),
        ("HOLDS", "at_least", "observation",
         "with 95 % confidence no less than -0.8, at least 2.0 is the finding."),
        ("VIOLATED", "at_least", "requirement",
         "with 95 % confidence no more than 23.9, at least 2.0 is required."),
        ("UNDECIDED", "at_most", "requirement",
         "the interval reaches from -0.8 to 1.6, at most 2.0 is required."),
    ],
)  # fmt: skip
def test_a_result_is_read_by_its_bounds(decision: str, direction: str, kind: str, words: str) -> None:
    found = reports.result(Decision(decision), kind=kind)
    report = reports.report(replace(found, claim=replace(found.claim, direction=direction)))
    lost = {"VIOLATED": 19.3}.get(decision, 0.4)
    assert reading(report["results"][0]) == f"{lost} points lost under the perturbation; {words}"


def test_what_is_below_zero_is_told_without_a_minus() -> None:
    found = reports.result()
    drop = reports.estimate("performance_drop", -0.31, -1.8, 0.9)
    report = reports.report(replace(found, estimates={**found.estimates, "performance_drop": drop}))
    measured, bound = reading(report["results"][0]).split("; ")
    assert measured == "0.3 points gained under the perturbation"
    assert bound == "with 95 % confidence no more than 0.9 lost, at most 2.0 is required."
    assert all(each.below for name, each in MEANINGS.items() if name not in ("solved", "hallucinated"))


@pytest.mark.parametrize(
    ("quantity", "direction", "margin", "kind", "words"),
    [
        ("kept", "at_least", 0.0, "requirement",
         "short of half of what seeing is worth; with 95 % confidence no less than 26.0, none is allowed."),
        ("gain", "at_least", 2.0, "requirement",
         "lost by seeing the image; with 95 % confidence no less than 26.0, "
         "at least 2.0 gained is required."),
        ("image_first", "at_least", 0.0, "observation",
         "that noise on the image costs less than on the text; "
         "with 95 % confidence no less than 26.0, none is the finding."),
        ("solved", "at_least", 0.0, "observation",
         "solved without an image; with 95 % confidence no more than -26.0, at least 0.0 is the finding."),
    ],
)  # fmt: skip
def test_a_bound_below_zero_is_told_without_a_minus_too(
    quantity: str, direction: str, margin: float, kind: str, words: str
) -> None:
    found = reports.result(Decision.VIOLATED, kind=kind)
    claim = replace(found.claim, quantity=quantity, direction=direction, margin=margin)
    short = reports.estimate(quantity, -33.8, -41.0, -26.0)
    report = reports.report(replace(found, claim=claim, estimates={**found.estimates, quantity: short}))
    assert reading(report["results"][0]).removeprefix("-") == f"33.8 points {words}"


def test_a_bound_is_sure_at_the_level_of_its_claim() -> None:
    found = reports.result(p=1e-6)
    report = reports.report(replace(found, claim=replace(found.claim, alpha=0.005)))
    assert "with 99.5 % confidence no more than" in reading(report["results"][0])


def test_what_was_not_measured_says_nothing() -> None:
    report = reports.report(reports.unmeasured())
    assert reading(report["results"][0]) == "Nothing can be said: it could not be measured."


def test_a_bound_that_is_not_known_is_anything() -> None:
    found = reports.result()
    drop = reports.estimate("performance_drop", 0.4, float("-inf"), float("inf"))
    report = reports.report(replace(found, estimates={"performance_drop": drop}))
    assert "no more than anything" in reading(report["results"][0])


def test_a_property_is_summed_up_over_its_benchmarks() -> None:
    found = [reports.result(Decision(name)) for name in ("HOLDS", "HOLDS", "UNDECIDED", "VIOLATED")]
    assert summary(lines(reports.report(*found))) == (
        "Violated on 1, undecided on 1, holds on 2 of 4 benchmarks."
    )
    seen = [reports.result(Decision.HOLDS, kind="observation")]
    assert summary(lines(reports.report(*seen))) == "As in the paper on 1 of 1 benchmark."
