"""A report that says two things: every alteration of one number is told, and no report as it was written."""

import json
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import asdict, replace
from typing import Any

import pytest

from ipllvm.errors import UsageError
from ipllvm.records import Decision
from ipllvm.reporting import consistency, migration, schema
from ipllvm.stats.proportion import proportion_interval
from ipllvm.tests.reporting import reports
from ipllvm.tests.reporting.golden import FOLDER
from ipllvm.verdicts import release

REASON = "[15.10, 23.90] is outside at most 2 points (p = 0.01)"


def written() -> dict[str, Any]:
    """A report of one claim that holds, one violated and one open, as JSON has it."""
    found = [
        reports.result(),
        reports.result(Decision.VIOLATED, REASON, name="occlusion", p=0.001),
        reports.result(Decision.UNDECIDED, "[-0.75, 1.62] does not settle at most 2 points", name="open"),
    ]
    low, high = proportion_interval(0.953, 290.0)
    clean = replace(
        found[0].estimates["clean"],
        low=100 * low,
        high=100 * high,
        method="Wilson, effective sample size",
        extra={"n_effective": 290.0, "deff": 300 / 290},
    )
    found = [replace(each, estimates={**each.estimates, "clean": clean}) for each in found]
    made: dict[str, Any] = json.loads(json.dumps(reports.report(*found)))
    made["statements"] = json.loads(json.dumps([asdict(each) for each in release.of(schema.rows(made))]))
    return made


def _at(*path: str | int, value: object) -> Callable[[Any], None]:
    def change(made: Any) -> None:
        for step in path[:-1]:
            made = made[step]
        made[path[-1]] = value

    return change


def _row(place: int, *path: str | int, value: object) -> Callable[[Any], None]:
    return _at("results", place, *path, value=value)


DROP = ("estimates", "performance_drop")
ALTERED: Mapping[str, tuple[Callable[[Any], object], str]] = {
    "a violation that holds": (
        _row(1, "verdict", "decision", value="HOLDS"),
        "occlusion on easyvqa: HOLDS with p = 0.4 at a level of 0.05",
    ),
    "a violation that is open": (
        _row(1, "verdict", "decision", value="UNDECIDED"),
        "occlusion on easyvqa: UNDECIDED with p = 0.001 at a level of 0.05",
    ),
    "a violation with other p-values": (
        lambda made: made["results"][1]["verdict"].update(decision="HOLDS", p_holds=0.01, p_violated=1.0),
        r"HOLDS with \[15.1, 23.9\] where at most 2 is claimed",
    ),
    "a decision without a p-value": (_row(0, "verdict", "p_holds", value=None), "HOLDS with p = 1 at"),
    "another margin": (
        _row(1, "claim", "margin", value=20.0),
        r"VIOLATED with \[15.1, 23.9\] where at most 20",
    ),
    "a margin that moved a little": (
        _row(1, "claim", "margin", value=3.0),
        "VIOLATED of at most 3, its reason",
    ),
    "another direction": (_row(1, "claim", "direction", value="at_least"), "where at least 2 is claimed"),
    "another level": (_row(0, "claim", "alpha", value=0.001), "HOLDS with p = 0.01 at a level of 0.001"),
    "a bound that moved": (
        _row(1, *DROP, "low", value=14.9),
        r"\[14.9, 23.9\], its reason says \[15.10, 23.90\]",
    ),
    "a score outside of its interval": (
        _row(1, *DROP, "value", value=1.0),
        r"performance_drop is 1.0 in \[15.1, 23.9\]",
    ),
    "a score that moved in its interval": (
        _row(0, "estimates", "clean", "value", value=96.0),
        r"clean is 96.0 in \[92.8, 97.0\], where its samples give \[93.6, 97.5\]",
    ),
    "more samples than there are": (
        _row(0, *DROP, "n", value=9000),
        "is of 9000 samples, of which there are 300",
    ),
    "fewer samples": (
        _row(0, "estimates", "clean", "n", value=200),
        "clean is of 200 samples, worth 290.0 at a design effect of 1.03",
    ),
    "more clusters than samples": (
        _row(1, *DROP, "clusters", value=301),
        "performance_drop is of 300 samples in 301 clusters",
    ),
    "fewer trials than answers": (_row(2, "trials", value=299), "299 trials gave 300 clean answers"),
    "other trials than those that were there": (
        _row(0, "settings", "reused", value="120 of 300 outcomes, measured by x (120)"),
        "2,100 trials, of which it says 120 of 300 outcomes were there already",
    ),
    "more questions asked than there are": (
        _row(0, "settings", "asked", value="100 of 1,000 questions"),
        "300 samples, of which it says 100 of 1,000 questions were asked",
    ),
    "answers that are right in part": (
        lambda made: [
            made["results"][2]["settings"].update(scorer="yes_no"),
            made["results"][2]["estimates"]["clean"].update(draws=1),
        ],
        "clean is 95.3, which 300 answers, each right or not, can't give",
    ),
    "more changes than samples": (_row(0, *DROP, "discordant", value=[200, 200]), "is of 300 samples"),
    "no change to that side": (_row(1, *DROP, "discordant", value=[0, 18]), "no sample changed to that side"),
    "no score of what is claimed": (_row(1, "estimates", value={}), "it has no performance_drop"),
    "a set smaller than what was used": (_at("benchmarks", 0, "total", value=10), "has 300 samples of 10"),
    "an answer of the run": (
        _row(1, "standing", "decision", value="HOLDS"),
        "occlusion on easyvqa: the run says HOLDS of it, where all results together give VIOLATED",
    ),
    "a result left out": (lambda made: made["results"].pop(1), "it counts other requirements than it has"),
    "a status of nothing wrong": (
        _at("run", "exit_status", value=0),
        "status is 0, and a requirement is violated",
    ),
    "a status of nothing measured": (_at("run", "exit_status", value=7), "status is 7, and all was measured"),
    "a difference that is none": (
        _row(0, *DROP, "value", value=1.2),
        "performance_drop is 1.2, where clean is 95.3 and permuted 94.9",
    ),
    "a test that failed": (_row(0, "outcome", value="failed"), "failed, and nothing of it is violated"),
    "a statement": (
        lambda made: [each.update(decision="HOLDS") for each in made["statements"]],
        "it says HOLDS of fit_for_release, where its results give VIOLATED",
    ),
    "a status of a run that was stopped": (
        _at("run", "exit_status", value=2),
        "status is 2, and it was not stopped",
    ),
    "another time": (_at("run", "seconds", value=4000.0), "it took 4000 s from"),
    "a result that was stopped": (_row(0, "partial", value=True), "was stopped early, and the run was not"),
}


@pytest.mark.parametrize("name", ALTERED)
def test_what_is_said_twice_agrees(name: str) -> None:
    change, words = ALTERED[name]
    made = written()
    assert [*consistency.contradictions(migration.current(made))] == []
    change(made)
    with pytest.raises(UsageError, match=r"^it contradicts itself: ") as refused:
        migration.current(made)
    assert "\n" not in str(refused.value)
    assert any(re.search(words, each) for each in consistency.contradictions(made))


STRANGE = {
    "a month": _at("run", "started", value="2026-13-01T00:00:00Z"),
    "a year": _at("run", "started", value="0000-01-01T00:00:00Z"),
    "words": _row(0, "settings", "family_wise", value="x"),
    "nothing": _row(0, "settings", "alarm_level", value=0),
    "null": _row(0, "settings", "alarm_level", value=None),
}


@pytest.mark.parametrize("change", STRANGE.values(), ids=list(STRANGE))
def test_values_that_nothing_can_be_computed_with_are_one_line(change: Callable[[Any], None]) -> None:
    made = written()
    change(made)
    with pytest.raises(UsageError, match="no report has such values: ") as refused:
        migration.current(made)
    assert "\n" not in str(refused.value)


def test_a_model_is_listed_once() -> None:
    made = written()
    made["models"].append({**made["models"][0], "fingerprint": "1" * 64})
    with pytest.raises(UsageError, match="it lists model 'llava-tiny' 2 times"):
        migration.current(made)


def test_a_broken_law_and_what_is_missing_have_their_status() -> None:
    run = replace(reports.RUN, exit_status=0)
    for found, words in (
        (reports.report(run=run, failed=(reports.broken(),)), "a law is broken"),
        (reports.report(run=run, not_measured=(reports.kept(),)), "something could not be measured"),
    ):
        assert [f"its status is 0, and {words}"] == [*consistency.contradictions(deepcopy(found))]


def test_what_was_excused_or_is_no_whole_run_stays_open() -> None:
    """--report-only never fails, a stopped run decides nothing, and a gate is answered by its comparisons."""
    excused = {**reports.RUN.options, "report_only": True}
    gate = {**reports.RUN.options, "baseline": "release-1"}
    for options in (excused, gate):
        run = replace(reports.RUN, exit_status=0, options=options)
        found = reports.report(reports.result(Decision.VIOLATED), run=run)
        assert [*consistency.contradictions(found)] == []
    stopped = replace(reports.result(Decision.UNDECIDED), partial=True)
    stopped = replace(stopped, verdict=replace(stopped.verdict, p_violated=0.001))
    assert [*consistency.contradictions(reports.report(stopped))] == []


@pytest.mark.parametrize("name", ["first.json", "mixed.json"])
def test_reports_as_they_were_written_agree(name: str) -> None:
    found = json.loads((FOLDER / name).read_text())
    assert [*consistency.contradictions(migration.current(found))] == []


def test_numbers_that_agree_are_none() -> None:
    made = written()
    made["results"][0]["settings"] |= {"reused": "120 of 2,100 outcomes", "asked": "300 of 300 questions"}
    made["results"][1]["settings"] |= {"scorer": "yes_no", "reused": 3, "asked": "all"}
    made["results"][1]["estimates"]["clean"] |= {"draws": 1, "value": 95.0, "low": 92.0}
    made["results"][1]["estimates"]["clean"]["extra"] = {"deff": "x", "n_effective": None}
    made["results"][1]["estimates"]["performance_drop"]["value"] = 19.0
    made["results"][2]["settings"] |= {"scorer": "any_answer"}
    made["results"][2]["estimates"]["clean"] |= {"draws": 1}
    made["results"][2]["trials"] = 300
    assert [*consistency.contradictions(migration.current(made))] == []


OVER_LOOKS = {
    "alone it would hold": (
        Decision.UNDECIDED,
        "not enough at look 2 of 1500 planned samples, level 0.039, after 300: "
        "[-0.75, 1.62] is inside at most 2 points (p = 0.04)",
    ),
    "it was decided before": (
        Decision.VIOLATED,
        "decided at an earlier look; now (look 2 of 1500 planned samples, level 0.039, after 300): "
        "[15.10, 23.90] does not settle at most 20 points",
    ),
}


@pytest.mark.parametrize("name", OVER_LOOKS)
def test_a_verdict_of_several_looks_may_be_another_than_the_last_one_alone(name: str) -> None:
    decision, reason = OVER_LOOKS[name]
    made: dict[str, Any] = json.loads(json.dumps(reports.report(reports.result(decision, reason))))
    made["results"][0]["claim"]["margin"] = 20.0 if decision is Decision.VIOLATED else 2.0
    assert [*consistency.contradictions(migration.current(made))] == []
    made["results"][0]["estimates"]["performance_drop"]["low"] -= 0.1
    assert any("its reason says" in each for each in consistency.contradictions(made))
