"""Several reports as one: nothing is lost, renamed twice or said of another run, whatever the order."""

import json
from dataclasses import replace
from itertools import permutations
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.records import Decision
from ipllvm.reporting import beside, html, markdown, runs, schema, typed
from ipllvm.reporting.answer import answer_of
from ipllvm.reporting.lines import lines
from ipllvm.reporting.merging import merged
from ipllvm.reporting.schema import Report
from ipllvm.reporting.standings import standing
from ipllvm.tests.reporting import reports
from ipllvm.tests.reporting.test_html import Page

LISTS = ("results", "failed", "passed_laws", "not_tested", "not_measured")
BADNESS = (1, 2, 3, 4, 5, 7, 6, 0)


def one(place: int) -> Report:
    """A report of its own kind for each number."""
    made = [
        lambda: reports.report(reports.result()),
        lambda: reports.report(reports.result(Decision.VIOLATED), failed=(reports.broken(),)),
        lambda: reports.report(not_measured=(reports.kept(),), run=replace(reports.RUN, exit_status=7)),
        lambda: reports.report(replace(reports.result(), benchmark=replace(reports.BENCHMARK, n=10))),
        reports.mixed,
        reports.report,
    ]
    return made[place]()


def some(places: list[int]) -> list[Report]:
    found = []
    for number, place in enumerate(places):
        report = one(place)
        report["run"]["id"] = f"run-{number}"
        report["notes"] = [f"note of {number}", "said by all"]
        found.append(report)
    return found


def test_long_names_are_told_apart_by_their_ends() -> None:
    """Two checkpoints on a file were "undecided on 2 of 2 benchmarks" under one name; of two files one."""
    folder = f"/storage/{'experiment/' * 9}"
    found = [
        reports.report(replace(reports.result(Decision.UNDECIDED), model=model, benchmark=data))
        for model in (replace(reports.MODEL, name=f"{folder}checkpoint-{step}") for step in (15, 20))
        for data in (replace(reports.BENCHMARK, name=f"{folder}{name}.jsonl") for name in ("en", "de"))
    ]
    with patch("ipllvm.reporting.inlining.inline", return_value="<svg></svg>"):
        text = " ".join(Page(html.render(*found)).text.split())
    assert "Undecided on 4 of 4 pairs of benchmark and model." in text
    assert "en.jsonl (300), " in text and "de.jsonl (300)" in text
    shown = [(line.model[-13:], line.benchmark[-8:]) for line in lines(merged(found))]
    assert len(set(shown)) == 4 and all(len(line.model) <= 60 for line in lines(merged(found)))


PLACES = st.lists(st.integers(0, 5), min_size=2, max_size=4)


@settings(max_examples=25, deadline=None)
@given(PLACES)
def test_every_row_is_there_once_in_the_order_of_the_runs(places: list[int]) -> None:
    found = some(places)
    both = merged(found)
    for name in LISTS:
        assert len(both[name]) == sum(len(report[name]) for report in found)
        told = [row["property"] for row in both[name]]
        assert told == [row["property"] for report in found for row in report[name]]
    assert [row["run"]["id"] for row in both["results"]] == [
        report["run"]["id"] for report in found for _ in report["results"]
    ]


@settings(max_examples=25, deadline=None)
@given(PLACES)
def test_every_name_leads_to_what_it_stood_for(places: list[int]) -> None:
    found = some(places)
    both = merged(found)
    for kind in ("models", "benchmarks"):
        ids = [each["id"] for each in both[kind]]
        assert len(set(ids)) == len(ids)
    rows = schema.rows(both)
    before = [row for report in found for row in schema.rows(report)]
    for row, was in zip(rows, before, strict=True):
        for kind in ("model", "benchmark"):
            assert {**row[kind], "id": ""} == {**was[kind], "id": ""}
    assert len(both["models"]) == sum(len(report["models"]) for report in found), "two runs are not one"


@pytest.mark.parametrize("statuses", [*permutations((0, 6, 1)), (7, 6), (0, 0), (2, 7), (6, 3), (0, 99)])
def test_the_status_is_the_worst_of_all_in_any_order(statuses: tuple[int, ...]) -> None:
    found = [reports.report(run=replace(reports.RUN, exit_status=status)) for status in statuses]
    order = {status: BADNESS.index(status) if status in BADNESS else len(BADNESS) for status in statuses}
    assert merged(found)["run"]["exit_status"] == min(statuses, key=order.__getitem__)


def test_notes_of_every_run_are_kept_and_said_once() -> None:
    both = merged(some([0, 1, 2]))
    assert both["notes"] == ["note of 0", "said by all", "note of 1", "note of 2"]
    text = markdown.render(both)
    assert all(text.count(note) == 1 for note in both["notes"])


def test_the_arguments_are_left_as_they_were() -> None:
    found = some([1, 4])
    before = [repr(report) for report in found]
    merged(found)
    assert [repr(report) for report in found] == before


def test_more_of_one_model_count_on() -> None:
    both = merged(some([0, 0, 0, 0]))
    names = ["llava-tiny", "llava-tiny (2)", "llava-tiny (3)", "llava-tiny (4)"]
    assert [each["id"] for each in both["models"]] == names
    assert [line.model for line in lines(both)] == names
    assert {family["model"] for family in both["multiplicity"]["families"]} == set(names)


def test_a_model_that_is_called_as_another_one_would_be_renamed_stays_apart() -> None:
    named = [replace(reports.result(), model=replace(reports.MODEL, name=name)) for name in
             ("llava-tiny", "llava-tiny (2)")]  # fmt: skip
    both = merged([reports.report(*named), reports.report(named[0])])
    ids = [each["id"] for each in both["models"]]
    assert len(set(ids)) == 3 and ids[:2] == ["llava-tiny", "llava-tiny (2)"]
    assert [each["name"] for each in both["models"]] == ["llava-tiny", "llava-tiny (2)", "llava-tiny"]


@settings(max_examples=25, deadline=None)
@given(PLACES)
def test_all_together_are_fine_only_where_each_is(places: list[int]) -> None:
    found = some(places)
    assert answer_of(merged(found)).ok is all(answer_of(report).ok for report in found)


ANSWERS: dict[str, Any] = {
    "about": {"run": reports.RUN.id, "model": {"fingerprint": reports.FINGERPRINT}},
    "entries": [
        {
            "property": "permutation_invariance",
            "benchmark": "easyvqa",
            "claim": {"name": "permutation"},
            "mean": 0.4,
        }
    ],
}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, []),
        ({"about": {}}, []),
        ({"about": {"run": "other"}}, ["run 2025-03-01T12-00-00Z there, other beside"]),
        (
            {"about": {"model": {"fingerprint": "ff" * 32}}},
            ["the weights of 0123456789ab there, of ffffffffffff beside"],
        ),
        ({"about": {"model": {}}}, ["the weights of 0123456789ab there, of None beside"]),
        ({"about": {"model": "llava-tiny"}}, []),
        ({"entries": []}, []),
        (
            {"entries": [{**ANSWERS["entries"][0], "mean": 0.5}]},
            ["permutation_invariance on easyvqa is 0.4 there, 0.5 beside"],
        ),
        ({"entries": [{**ANSWERS["entries"][0], "mean": 0.4 + 1e-9}]}, []),
        ({"entries": [{**ANSWERS["entries"][0], "mean": None}]}, []),
        ({"entries": [{**ANSWERS["entries"][0], "property": "other", "mean": 99.0}]}, []),
    ],
)
def test_answers_beside_a_report_say_what_it_says(changed: dict[str, Any], told: list[str]) -> None:
    report = reports.report(reports.result())
    assert [*beside.contradictions(report, {**ANSWERS, **changed})] == told


def test_of_two_models_the_answers_speak_of_neither_alone() -> None:
    report = reports.mixed()
    other = {"model": {"fingerprint": "ab" * 32}}
    assert [*beside.contradictions(report, {"about": other, "entries": ANSWERS["entries"]})] == []


def test_what_is_in_no_family_has_no_standing() -> None:
    assert standing(None) is None
    report = reports.report(reports.result(kind="observation"), reports.result())
    assert [row["standing"] is None for row in report["results"]] == [True, False]


def test_an_outline_of_many_properties_counts_the_rest(tmp_path: Any) -> None:
    named = [reports.result(name=f"property_{number}") for number in range(5)]
    file = tmp_path / "report.json"
    file.write_text(json.dumps(reports.report(*named)), encoding="utf-8")
    found = runs.outline(file)
    assert found.properties == "property_0, property_1, property_2 and 2 more"
    file.write_text(json.dumps(reports.report(run=replace(reports.RUN, exit_status=0))), encoding="utf-8")
    assert runs.outline(file).properties == "no result"
    assert typed.words(reports.report()["run"])[:1] == ["pytest"]
