"""The first screen: against what, how bad, what to do next; and the examples of a comparison."""

import re
from dataclasses import replace

import pytest

from ipllvm.models.checkpoint import RAN_CODE
from ipllvm.records import Decision
from ipllvm.reporting import advice, example_cards
from ipllvm.reporting.first_screen import first_screen
from ipllvm.reporting.html import render
from ipllvm.reporting.report import WithoutResult
from ipllvm.reporting.schema import Report
from ipllvm.reporting.sections import sections
from ipllvm.tests.reporting import drawn, reports
from ipllvm.tests.reporting.test_html import Page


def gated(decision: Decision = Decision.VIOLATED, profile: str = "quick") -> Report:
    """A report of a comparison beside the model's own claim, which is violated."""
    moved = replace(reports.estimate("regression", 13.7, 10.4, 17.5), extra={"before": 95.0, "after": 81.3})
    claim = replace(
        reports.CLAIM,
        name="regression:clean_score",
        quantity="regression",
        source="baseline /x/y/release-1.json",
    )
    change = replace(reports.result(decision), claim=claim, estimates={"regression": moved})
    run = replace(
        reports.RUN, options={"baseline": "release-1", "profile": profile, "models": ["m/llava-tiny"]}
    )
    made = reports.report(reports.result(Decision.VIOLATED), change, run=run)
    made["results"][1]["flips"] = [drawn.flip(before=["red", "red"], clean="blue", read=["blue", "blue"])]
    return made


def test_a_gate_says_against_what_how_bad_and_keeps_its_own_claims_apart() -> None:
    report = gated()
    first = first_screen(report, sections(report))
    assert dict(first.about)["Against"] == "release-1"
    assert "fingerprint 0123456789ab" in dict(first.about)["Model"]
    (found,) = first.compared
    assert found.title == "clean score, against release-1"
    assert found.move is not None
    assert (found.move.first, found.move.start, found.move.second, found.move.end) == (
        "before",
        95.0,
        "after",
        81.3,
    )
    assert found.move.place == "left:81.3%;width:13.7%"
    assert [each.title for each in first.harmless] == ["permutation invariance"]
    assert not first.own
    text = Page(render(report)).text
    assert text.index("What stands in the way") < text.index("95.0") < text.index("The model's own claims")


def test_own_claims_stop_no_gate_and_do_stop_an_audit() -> None:
    report = gated(Decision.HOLDS)
    assert first_screen(report, sections(report)).word == "Nothing measured stands in the way"
    audit = gated(Decision.HOLDS, "audit")
    first = first_screen(audit, sections(audit))
    assert (first.word, bool(first.own), first.harmless) == ("No", True, ())


def test_an_example_of_a_gate_shows_both_answers_to_both_pictures() -> None:
    page = Page(render(gated()))
    text = " ".join(page.text.split())
    assert "clean, beforered ✓rightclean, afterblue ✗wrong" in text
    assert "perturbed, before" in text
    assert page.tags.count("img") == 2


def test_a_sample_is_an_example_once_whatever_was_measured_beside_it() -> None:
    both, alone = drawn.flip(before=["red", "red"]), drawn.flip(before=["red"])
    made = [[example_cards.example(both)], [example_cards.example(alone), example_cards.example(both)]]
    assert [len(each.shots) for each in example_cards.mixed(made)] == [2]
    assert [len(each.shots) for each in example_cards.mixed(made[::-1])] == [2]


def test_the_worst_comes_first() -> None:
    bad = replace(reports.result(Decision.VIOLATED, name="occlusion"))
    worse = replace(
        bad,
        estimates={**bad.estimates, "performance_drop": reports.estimate("performance_drop", 40.0, 30, 50)},
    )
    report = reports.report(bad, replace(worse, property="worse"))
    assert [it.title for it in first_screen(report, sections(report)).own] == ["worse", "occlusion"]


@pytest.mark.parametrize(("total", "command"), [(9673, "--samples=1200 --top-up=1200"), (300, "")])
def test_undecided_ends_in_one_number_its_cost_and_a_command(total: int, command: str) -> None:
    found = reports.result(Decision.UNDECIDED)
    report = reports.report(replace(found, benchmark=replace(found.benchmark, total=total)))
    (step,) = advice.steps(report)
    assert "about 1,200 samples" in step.why
    assert step.command.endswith(command)
    assert bool(step.command) == bool(command)
    assert ("about 1 min" in step.why) == bool(command)


def test_what_would_decide_is_said_once_on_the_first_screen() -> None:
    """As the next step; of what is no step it stands where it is said to be undecided."""
    found = reports.result(Decision.UNDECIDED)
    other = replace(found, property="other", verdict=replace(found.verdict, n_to_decide=2400))
    text = Page(render(reports.report(found, other))).text.partition("Properties")[0]
    steps, _, undecided = text.partition("Not decided")
    assert steps.count("would decide it") == undecided.count("would decide it") == 1
    assert "1,200 samples" in steps and "2,400 samples" in undecided


def test_what_was_not_measured_for_one_reason_is_one_line() -> None:
    lost = [WithoutResult(test=f"test_{number}", reason="not run: the session ended") for number in range(9)]
    made = reports.report(not_measured=(*lost, WithoutResult(test="test_other", reason="no room")))
    text = " ".join(Page(render(made)).text.split()).partition("Not decided")[2]
    assert "test_0, test_1, test_2 and 6 more: not run: the session ended" in text
    assert text.count("not run: the session ended") == 1 and "test_other: no room" in text
    assert text.count("test_8") == 1, "all are there, behind a click"


@pytest.mark.parametrize("results", [3, 4])
def test_a_table_that_is_seen_at_once_needs_no_filter(results: int) -> None:
    report = reports.report(*[reports.result(Decision.HOLDS, name=f"p{number}") for number in range(results)])
    assert ("filter" in Page(render(report)).ids) == (results > 3)


@pytest.mark.parametrize(
    ("planned", "command"),
    [(1000, "--samples=1000 --top-up=1000"), (5000, "--samples=1200 --top-up=5000"), (300, "")],
)
def test_a_longer_run_keeps_to_the_number_that_was_planned(planned: int, command: str) -> None:
    """A run beyond it, or one at the whole of alpha, would err more often than is said."""
    found = reports.result(Decision.UNDECIDED)
    report = reports.report(replace(found, benchmark=replace(found.benchmark, total=9673)))
    report["run"]["options"] = {"top_up": planned}
    (step,) = advice.steps(report)
    assert step.command.endswith(command) and bool(step.command) == bool(command)


TERMS = "--claims=strict.toml --seed=7 --draws=3 --answer=likelihood --report-dir=out"


@pytest.mark.parametrize(
    ("typed", "again"),
    [
        (f"ipllvm check llava-tiny -k 'a or b' {TERMS} --samples 200", f"ipllvm check llava-tiny {TERMS}"),
        (
            f"pytest properties --model=other --model=llava-tiny {TERMS} --benchmark=easyvqa --benchmark x",
            f"pytest properties {TERMS} --model=llava-tiny",
        ),
        (
            f"ipllvm check other --model=llava-tiny --property=a {TERMS} --save-baseline=b",
            f"ipllvm check llava-tiny {TERMS}",
        ),
    ],
)
def test_the_next_run_is_on_the_terms_of_this_one(typed: str, again: str) -> None:
    """Another seed has other samples, other claims another margin: what was worked out is not of them."""
    found = reports.report(reports.result(Decision.UNDECIDED))
    found["run"] |= {"command": typed, "options": {"models": ["other", "llava-tiny"]}}
    (step,) = advice.steps(found)
    chosen = "-k permutation_invariance --benchmark=easyvqa --samples=1200 --top-up=1200"
    assert step.command == f"{again} {chosen}"


def test_the_next_run_of_a_gate_has_its_baseline_as_it_was_named() -> None:
    found = gated(Decision.UNDECIDED)
    typed = "ipllvm check m/llava-tiny --baseline=/data/base/release-1.json --fail-on=worse"
    found["run"]["command"] = typed
    command = advice._check(found, found["results"][1])
    assert command.startswith(f"{typed} -k permutation_invariance")


def test_more_samples_of_a_gate_are_those_of_both_runs() -> None:
    """One with more samples than its baseline is not compared."""
    found = gated(Decision.UNDECIDED)
    found["results"][1]["verdict"]["n_to_decide"] = 600
    found["benchmarks"][0]["total"] = 9673
    (step,) = [step for step in advice.steps(found) if step.why.startswith("Decide")]
    assert step.why.endswith("measure the model of the baseline and this one again, each with --samples=600")
    assert not step.command


def test_what_holds_can_be_kept_as_a_baseline_and_a_broken_law_is_run_again() -> None:
    found = reports.report(reports.result())
    (step,) = advice.steps(found)
    asked = "pytest properties -k permutation --model=llava-tiny"
    assert step.command == f"{asked} --save-baseline=release", (
        "as the run was asked for, so that all is known"
    )
    for command, again in (
        ("python train.py", "ipllvm check llava-tiny"),
        (f"{asked} --save-baseline=old", asked),
    ):
        found["run"]["command"] = command
        (step,) = advice.steps(found)
        assert step.command == f"{again} --save-baseline=release"
    (step,) = advice.steps(reports.report(reports.result(), failed=(reports.broken(),)))
    assert step.command.startswith("pytest 'properties/test_laws.py")


@pytest.mark.parametrize(
    ("command", "step"),
    [
        ("pytest properties; rm -rf x #", "pytest 'properties;' rm -rf x '#' --save-baseline=release"),
        ("pytest $(rm x)", "pytest '$(rm' 'x)' --save-baseline=release"),
        ("pytest 'open", "ipllvm check llava-tiny --save-baseline=release"),
        ("pytest " + "x" * 5000, "ipllvm check llava-tiny --save-baseline=release"),
    ],
)
def test_a_foreign_command_is_words_and_no_program(command: str, step: str) -> None:
    found = reports.report(reports.result())
    found["run"]["command"] = command
    assert [each.command for each in advice.steps(found)] == [step]


def test_a_command_that_no_shell_can_read_is_shown_as_it_is() -> None:
    assert advice.here("ipllvm replay 'x") == "ipllvm replay 'x"
    assert advice.here("pytest 'a b'") == "pytest 'a b'"


def test_code_that_a_checkpoint_ran_is_said_in_red_before_all_else() -> None:
    report = reports.report(reports.result(Decision.HOLDS))
    report["models"][0]["notes"] = [f"{RAN_CODE}: evil.<Model>", "its weights are quantised"]
    head, _, rest = render(report).partition("</header>")
    assert re.search(rf'<p class="bad"><strong>\S+ {re.escape(RAN_CODE)}: evil\.&lt;Model&gt;</strong>', head)
    assert "quantised" not in head and "quantised" in rest


def test_many_models_and_obstacles_leave_the_first_screen_a_screen() -> None:
    """A thousand rows were a first card of forty screens, a hundred models a header of four pages."""
    bad = [reports.result(Decision.VIOLATED, name=f"p{number}") for number in range(30)]
    rows = [
        replace(
            each,
            model=replace(reports.MODEL, name=f"model-{number}"),
            benchmark=replace(reports.BENCHMARK, name=f"bench-{number}"),
        )
        for number, each in enumerate(bad)
    ]
    report = reports.report(*rows)
    about = dict(first_screen(report, sections(report)).about)
    assert about["Models"].count("fingerprint") == about["Measured on"].count("bench-") == 10
    assert about["Models"].endswith("and 20 more") and about["Measured on"].endswith("and 20 more")
    text = " ".join(Page(render(report)).text.split())
    seen, folded, rest = text.partition("What stands in the way")[2].partition("22 more that are violated")
    assert folded and seen.count("VIOLATED") == 8 and "p29 on bench-29, model-29 VIOLATED" in rest
