"""Markdown: what it says, and that hostile text stays text."""

import html
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.records import Decision
from ipllvm.reporting.comments import COMMENT_LIMIT, CUT
from ipllvm.reporting.html import render as page
from ipllvm.reporting.markdown import escape, inline, render
from ipllvm.reporting.report import WithoutResult
from ipllvm.reporting.schema import Report
from ipllvm.reporting.text import visible
from ipllvm.tests.reporting import reports
from ipllvm.tests.reporting.golden import check_golden
from ipllvm.tests.reporting.hostile import HOSTILE

TAGS = {f"<{end}{tag}>" for tag in ("details", "summary", "code") for end in ("", "/")}


def test_golden_of_every_kind() -> None:
    check_golden("mixed.md", render(reports.mixed()))


def test_golden_of_one_that_holds() -> None:
    check_golden("holds.md", render(reports.report(reports.result())))


def test_golden_of_nothing() -> None:
    check_golden("empty.md", render(reports.report()))


@given(st.text() | st.text("<>&|`*_[]!\\#@:~$ \n\rw.a-") | st.sampled_from(HOSTILE))
def test_escaped_text_is_inert_and_reads_as_it_was(text: str) -> None:
    escaped = escape(text)
    assert html.unescape(escaped).replace("\u200b", "") == visible(text)
    assert not re.search(r"[<>\"'`*\[\]|\\~!@$^]|&(?!#?\w+;)|#(?!\d+;)|:/|www\.", escaped, re.IGNORECASE)
    assert not re.search(r"(?<![^\W_])_|_(?![^\W_])", escaped)
    assert escaped.isprintable() or "&#8203;" in escaped
    assert not escaped.startswith(("-", "+", "="))


@given(st.text() | st.text("<>&|`*_[]!\\#@:~$'\" \n\rw.a-") | st.sampled_from(HOSTILE))
def test_text_with_backslashes_is_inert_and_reads_as_it_was(text: str) -> None:
    escaped = inline(text)
    shown = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escaped)
    assert html.unescape(shown).replace("\u200b", "") == visible(text)
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*\[\]|~!$^]|[<>]|&(?!#8203;|\w+;)|[^\\]:/", escaped)
    assert not re.search(r"(?<![\w&])[@#](?!&#8203;)", shown)
    assert not escaped.startswith(("-", "+", "=")) and "&#39;" not in escaped and "&quot;" not in escaped


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_does_no_harm_anywhere(text: str) -> None:
    model = replace(reports.MODEL, name=text, family=text, device=text)
    data = replace(reports.BENCHMARK, name=text, source=text)
    found = replace(
        reports.result(Decision.VIOLATED, text, name=text),
        model=model,
        benchmark=data,
        claim=replace(reports.CLAIM, text=text, source=text, primary=False),
        errors=((text, text),),
        settings={text: text},
        estimates={
            text: replace(reports.estimate(text, 1.0, 0.0, 2.0), unit=text, method=text),
            "performance_drop": replace(reports.estimate("performance_drop", 1.0, 0.0, 2.0), unit=text),
        },
    )
    run = replace(reports.RUN, command=text, platform=text, options={text: text}, versions={text: text})
    made = render(
        reports.report(
            found,
            run=run,
            not_tested=(WithoutResult(property=text, model=text, benchmark=text, reason=text),),
            not_measured=(WithoutResult(test=text, reason=text),),
            failed=(
                WithoutResult(
                    test=text, property=text, model=text, benchmark=text, law=True, reason=text, replay=text
                ),
            ),
            passed_laws=(WithoutResult(test=text, property=text, model=text),),
        )
    )
    assert set(re.findall(r"<[^>]*>", made)) == TAGS
    assert made.count("<details>") == made.count("</details>") == 2
    tables = [line for line in made.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in tables} == {11}
    assert all(char.isprintable() for char in made.replace("\n", ""))
    assert "https://" not in made
    assert "@o" not in made


def test_a_megabyte_is_cut() -> None:
    assert len(escape("<" * 1_000_000)) <= 300 * len("&lt;")
    huge = "x" * 1_000_000
    found = replace(reports.result(Decision.VIOLATED, huge, name=huge), errors=((huge, huge),))
    assert len(render(reports.report(found))) < 10_000


def test_a_comment_stays_below_its_limit_and_says_what_it_left_out() -> None:
    made = render(reports.report(*[reports.result(name=f"p{i}") for i in range(100)]))
    assert len(made) <= COMMENT_LIMIT
    left = re.search(r"The details of (\d+) more results are in report\.json\.", made)
    assert left is not None
    assert int(left[1]) == 100 - made.count("<details><summary>HOLDS")
    assert len(re.findall(r"\n\| p\d+ ", made)) == 100


@pytest.mark.parametrize(
    ("decisions", "first"),
    [
        ([], "**No requirement was measured**"),
        (["HOLDS"], "**1 of 1 requirement holds**"),
        (["HOLDS", "HOLDS"], "**2 of 2 requirements hold**"),
        (["HOLDS", "VIOLATED"], "**1 of 2 requirements violated**; 1 holds"),
        (["UNDECIDED", "VIOLATED", "HOLDS"], "**1 of 3 requirements violated**; 1 undecided; 1 holds"),
        (["UNDECIDED", "HOLDS"], "**1 of 2 requirements undecided, none violated**; 1 holds"),
    ],
)
def test_the_first_line_is_the_answer(decisions: list[str], first: str) -> None:
    made = reports.report(*[reports.result(Decision(decision)) for decision in decisions])
    assert render(made).splitlines()[0] == first


def test_the_first_line_tells_of_what_was_not_measured_or_cut_short() -> None:
    lost = (WithoutResult(test="t", reason="3 errors"),)
    made = render(reports.report(reports.result(), not_measured=lost))
    assert made.startswith("**1 test could not be measured, no requirement violated**; 1 holds\n")
    stopped = reports.report(reports.result(kind="observation"), run=replace(reports.RUN, partial=True))
    assert render(stopped).splitlines()[0] == (
        "**No requirement was measured**; 1 observation; stopped early: what was measured by then"
    )


@pytest.mark.parametrize(
    ("decisions", "failed", "laws", "first"),
    [
        ([], 0, 1, "**1 law holds**"),
        ([], 0, 3, "**3 laws hold**"),
        ([], 1, 2, "**1 law broken**; 2 laws hold"),
        (["HOLDS"], 2, 0, "**2 laws broken**; 1 of 1 requirement holds"),
        (["HOLDS"], 0, 3, "**1 of 1 requirement holds**; 3 laws hold"),
        (["VIOLATED", "HOLDS"], 1, 1, "**1 law broken, 1 of 2 requirements violated**; 1 holds; 1 law holds"),
    ],
)
def test_the_first_line_tells_of_laws(decisions: list[str], failed: int, laws: int, first: str) -> None:
    made = reports.report(
        *[reports.result(Decision(decision)) for decision in decisions],
        failed=(reports.broken(),) * failed,
        passed_laws=(reports.kept(),) * laws,
    )
    assert render(made).splitlines()[0] == first


def test_a_test_that_failed_is_no_broken_law() -> None:
    made = render(reports.report(failed=(reports.broken(law=False),)))
    assert made.startswith("**1 test failed**\n\n### Failed\n\n- **test failed** permutation_inverse")


def test_a_broken_law_comes_before_the_table_with_its_command() -> None:
    law = reports.broken(reason="law broken: " + "x" * 500)
    made = render(reports.report(reports.result(), failed=(law,)))
    assert made.index("### Failed") < made.index("| property |")
    assert "x" * 500 in made
    shown = re.search(r"Run it again: <code>(.*)</code>", made)
    assert shown is not None
    assert html.unescape(shown[1]) == law.replay


def test_laws_that_hold_are_named_by_model() -> None:
    laws = (reports.kept("a"), reports.kept("a", "other"), reports.kept("b"))
    made = render(reports.report(passed_laws=laws))
    assert "### Laws that hold\n\n- llava-tiny: a, b\n- other: a\n" in made


@pytest.mark.parametrize("kind", ["requirement", "observation"])
def test_a_result_with_errors_was_not_measured(kind: str) -> None:
    made = render(reports.report(reports.unmeasured(kind), reports.result()))
    assert made.startswith("**1 test could not be measured, no requirement violated**; 1 holds\n")
    assert "| **NOT MEASURED** |" in made
    assert "UNDECIDED" not in made
    partial = render(reports.report(replace(reports.unmeasured(kind), partial=True)))
    assert "**UNDECIDED (partial)**" in partial
    assert "NOT MEASURED" not in partial


def test_the_accuracy_of_pairs_is_not_taken_for_the_perturbed_score() -> None:
    found = reports.result()
    pairs = {"clean_pairs": reports.estimate("clean_pairs", 90.0, 80.0, 95.0)}
    made = render(reports.report(replace(found, estimates={**pairs, **found.estimates})))
    assert "| clean | blank | permuted |" in made


def test_failures_come_first_and_observations_last() -> None:
    order = ["VIOLATED", "UNDECIDED", "HOLDS"]
    kinds = [reports.result(Decision(d), name="o", kind="observation") for d in reversed(order)]
    made = render(reports.report(*kinds, *[reports.result(Decision(d), name="r") for d in reversed(order)]))
    verdicts = [line.split("**")[-2] for line in made.splitlines() if re.match(r"\| [ro] ", line)]
    assert verdicts == [*order, "NOT AS IN PAPER", "UNDECIDED", "AS IN PAPER"]


def test_the_command_to_measure_again_can_be_copied() -> None:
    made = reports.report(reports.result())
    shown = re.search(r"Measure it again: <code>(.*)</code>", render(made))
    assert shown is not None
    assert html.unescape(shown[1]) == made["results"][0]["replay"]


def test_errors_within_the_budget_leave_the_verdict() -> None:
    found = reports.unmeasured("requirement")
    allowed = replace(found, settings={**found.settings, "max_errors": 0.9})
    assert "NOT MEASURED" in render(reports.report(found))
    assert "NOT MEASURED" not in render(reports.report(allowed))


@pytest.mark.parametrize("view", [render, page], ids=["markdown", "page"])
def test_a_model_of_unknown_size_has_no_parameters_counted(view: Callable[[Report], str]) -> None:
    """As a planted or a served one, of which the terminal says so too."""
    found = replace(reports.result(), model=replace(reports.MODEL, parameters=0))
    made = view(reports.report(found))
    assert "of unknown size" in made and not re.search(r"(?<![\d,])0 parameters|>0</td>\s*</tr>", made)


def test_a_thousand_results_are_still_a_comment() -> None:
    """Its tables alone had been twice as long as GitHub takes, and nothing would have been shown."""
    rows = [reports.result(Decision.UNDECIDED, "x" * 300, name=f"p{number}") for number in range(300)]
    made = render(reports.report(*rows))
    assert len(made.encode()) <= COMMENT_LIMIT and made.endswith(CUT)
    assert made.startswith("**300 of 300 requirements undecided")
