"""Several reports as one."""

from dataclasses import replace

import pytest

from ipllvm.records import Decision
from ipllvm.reporting.answer import answer_of
from ipllvm.reporting.first_screen import first_screen
from ipllvm.reporting.merging import merged
from ipllvm.reporting.schema import validate
from ipllvm.reporting.sections import sections
from ipllvm.tests.reporting import reports


def test_one_report_stays_as_it_is() -> None:
    report = reports.mixed()
    assert merged([report]) is report


def test_two_runs_of_a_model_stay_two_and_the_data_are_listed_once() -> None:
    report = reports.report(reports.result(), failed=(reports.broken(),))
    both = merged([report, report])
    validate(both)
    assert [model["id"] for model in both["models"]] == ["llava-tiny", "llava-tiny (2)"]
    assert [data["id"] for data in both["benchmarks"]] == ["easyvqa"]
    assert [row["model"] for row in both["results"]] == ["llava-tiny", "llava-tiny (2)"]
    assert [family["model"] for family in both["multiplicity"]["families"]] == [
        "llava-tiny",
        "llava-tiny (2)",
    ]


def test_statements_name_the_models_by_their_new_ids() -> None:
    report = reports.report(reports.result())
    said = {"models": ["llava-tiny"], "benchmarks": ["easyvqa"], "text": "On average"}
    report["statements"] = [said]
    assert [each["models"] for each in merged([report, report])["statements"]] == [
        ["llava-tiny"], ["llava-tiny (2)"],
    ]  # fmt: skip


def test_other_data_of_the_same_name_stay_apart() -> None:
    other = replace(reports.result(), benchmark=replace(reports.BENCHMARK, n=10))
    both = merged([reports.report(reports.result()), reports.report(other)])
    assert [row["benchmark"] for row in both["results"]] == ["easyvqa", "easyvqa (2)"]


def test_one_run_that_was_stopped_makes_all_of_it_partial() -> None:
    partial = reports.report(run=replace(reports.RUN, partial=True))
    assert merged([reports.report(), partial])["run"]["partial"]
    assert not merged([reports.report(), reports.report()])["run"]["partial"]


def test_each_run_says_which_of_its_results_stand_in_the_way() -> None:
    """A gate's own claims fail nothing, those of a run without baseline do, whichever is named first."""
    failing = reports.report(reports.result(Decision.VIOLATED))
    gate = reports.report(reports.result(Decision.VIOLATED), run=replace(reports.RUN, exit_status=0))
    gate["run"]["options"] = {"baseline": "release-1"}
    for several in ([gate, failing], [failing, gate]):
        both = merged(several)
        validate(both)
        assert (
            answer_of(both).release == ("bad", "No")
            and answer_of(both).headline[0] == "1 of 1 requirement violated"
        )
        assert both["run"]["exit_status"] == 1
        first = first_screen(both, sections(both))
        assert (len(first.own), len(first.harmless)) == (1, 1)
    assert answer_of(merged([gate, gate])).release[0] == "none"


def test_no_report_is_an_error() -> None:
    with pytest.raises(ValueError, match="no report"):
        merged([])
