"""The terminal: a table where it fits, blocks where not, plain characters only."""

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ipllvm.records import Decision, FlipExample
from ipllvm.reporting.advice import steps
from ipllvm.reporting.markdown import render
from ipllvm.reporting.report import WithoutResult
from ipllvm.reporting.terminal import OWN, summary
from ipllvm.tests.reporting import reports
from ipllvm.tests.reporting.golden import check_golden
from ipllvm.tests.reporting.hostile import HOSTILE
from ipllvm.tests.reporting.test_first_screen import gated

FOLDER = Path("reports/2025-03-01T12-00-00Z")
COMMANDS = ("  run it again: ", "  ipllvm check ", "  pytest ")
"""Lines to be copied, which are not folded."""


@pytest.mark.parametrize(
    ("name", "width", "ascii_only"),
    [
        ("wide.txt", 140, False),
        ("medium.txt", 80, False),
        ("narrow.txt", 60, False),
        ("ascii.txt", 140, True),
    ],
)
def test_golden(name: str, width: int, ascii_only: bool) -> None:
    lines = summary(reports.mixed(), width, folder=FOLDER, ascii_only=ascii_only)
    check_golden(name, "\n".join(lines) + "\n")


def test_many_models_take_no_longer_each_than_few() -> None:
    """600 results took 4.5 s when each was looked for among all."""
    seconds = []
    for count in (50, 300):
        models = [replace(reports.MODEL, name=f"m{n}", fingerprint=f"{n:064x}") for n in range(count)]
        made = reports.report(*(replace(reports.result(), model=each) for each in models))
        began = time.process_time()
        assert len(summary(made, 100)) > count
        seconds.append(time.process_time() - began)
    assert seconds[1] < 3 * 6 * seconds[0]


def test_the_header_names_the_model_and_its_numerics() -> None:
    answer, empty, header, *_ = summary(reports.report(reports.result()), 140)
    assert (answer, empty) == ("1 of 1 requirement holds", "")
    assert header == "llava-tiny, 0123456789ab, cpu, float32, 4,512,345 parameters"


def test_a_comparison_has_before_and_after_and_stands_before_the_models_own_claims() -> None:
    lines = summary(gated(), 140)
    heads = [place for place, line in enumerate(lines) if line.startswith("property ")]
    assert lines[heads[0]].split()[2:4] == ["before", "after"]
    assert lines[heads[0] - 1] == "against release-1:"
    assert ": clean score  " in lines[heads[0] + 1]
    assert "95.0   81.3" in lines[heads[0] + 1]
    assert lines[heads[1] - 1] == OWN
    assert lines[0].startswith("1 of 1 requirement violated; the model's own claims, which fail nothing here")
    assert "| 95.0 | 81.3 | 13.7 [10.4, 17.5] |" in render(gated())


def test_a_comparison_is_a_table_on_eighty_columns_with_its_baseline_said_once() -> None:
    report = gated()
    for row in report["results"]:
        row["property"] = "image_use"
    lines = summary(report, 80)
    (head,) = [place for place, line in enumerate(lines) if "worse by [low, high]" in line]
    assert max(map(len, lines)) <= 80
    assert lines[head - 1] == "against release-1:"
    assert "95.0   81.3" in lines[head + 1]
    assert lines[head + 1].endswith("VIOLATED")


def test_columns_are_aligned() -> None:
    lines = summary(reports.report(reports.result(), reports.result(name="a")), 140)[2:]
    assert len({line.index("]") for line in lines[1:4]}) == 1
    assert lines[1].index("verdict") == lines[2].index("HOLDS") == lines[3].index("HOLDS")


@pytest.mark.parametrize("width", [1, 20, 40, 60, 80, 99, 100, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    folded = [line for line in summary(reports.mixed(), width) if not line.startswith(COMMANDS)]
    assert max(map(len, folded)) <= max(width, 20)


@pytest.mark.parametrize("width", [40, 140])
def test_every_width_tells_the_same(width: int) -> None:
    text = " ".join(" ".join(summary(reports.mixed(), width)).split())
    for fact in ("95.3", "41.0", "94.9", "0.4 [-0.8, 1.6]", "300", "≤ 2.0", "NOT AS IN PAPER"):
        assert fact in text
    assert "the drop is at least 2.4 points" in text
    assert "nothing to lose: clean exceeds blank" in text
    assert "not tested alignment, charts, llava-tiny: the model has no text encoder" in text
    assert "3 errors, budget 0" in text
    assert "90 % interval (95 % on each side)" in text
    assert "NOT MEASURED dim, easyvqa" in text
    assert "law broken: permutation_inverse, llava-tiny: swaps (0, 1) change" in text
    assert "test failed: nothing, llava-tiny: AssertionError: assert 1 == 2" in text


def test_the_level_of_the_intervals_is_the_claims_own() -> None:
    strict = replace(reports.result(), claim=replace(reports.CLAIM, alpha=0.005))
    text = " ".join(summary(reports.report(strict), 140))
    assert "interval at the claim's own level, 99.5 % on each side" in text
    both = " ".join(summary(reports.report(strict, reports.result()), 140))
    assert "own level, 95 to 99.5 % on each side" in both


@pytest.mark.parametrize("width", [40, 140])
def test_the_command_that_runs_a_broken_law_again_is_on_one_line(width: int) -> None:
    law = reports.broken()
    assert f"  run it again: {law.replay}" in summary(reports.report(failed=(law,)), width)


def test_laws_that_hold_are_counted() -> None:
    laws = tuple(reports.kept(name) for name in ("a", "b", "c"))
    assert summary(reports.report(passed_laws=laws), 100) == ["3 laws hold"]


def test_a_long_name_costs_columns_and_then_the_table() -> None:
    made = reports.report(reports.result(name="x" * 60))
    assert summary(made, 110)[3].split() == [
        "property",
        "benchmark",
        "Δ",
        "[low,",
        "high]",
        "margin",
        "verdict",
    ]
    lines = summary(made, 80)
    assert max(map(len, lines)) <= 80
    assert f"HOLDS {'x' * 60}, easyvqa" in lines


def test_with_every_number_wanted_a_table_that_lacks_some_turns_into_blocks() -> None:
    made = reports.report(reports.result())
    assert summary(made, 80)[3].startswith("property ")
    assert "  clean 95.3, blank 41.0, permuted 94.9" in summary(made, 80, verbose=True)


@pytest.mark.parametrize("width", [40, 80, 140])
def test_colour_says_nothing_that_words_do_not(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")  # pytest has read it already: what it says counts here
    colored = summary(reports.mixed(), width, color=True)
    assert any("\x1b[1;31mVIOLATED" in line for line in colored)
    assert any("\x1b[33mUNDECIDED" in line for line in colored)
    bare = [re.sub(r"\x1b\[[\d;]*m", "", line).rstrip() for line in colored]
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert bare == summary(reports.mixed(), width)


def test_a_verdict_over_results_is_coloured_as_theirs_are() -> None:
    said = {"kind": "requirement", "decision": "VIOLATED", "name": "fit_for_release", "models": ["m"]}
    said |= {"benchmarks": ["b"], "unit": "", "text": "Not fit.", "reason": ""}
    report = reports.report()
    report["statements"] = [said]
    assert any(line.startswith("\x1b[1;31mVIOLATED") for line in summary(report, 80, color=True))


def test_wide_characters_keep_the_columns_aligned() -> None:
    lines = summary(reports.report(reports.result(name="像素"), reports.result(name="abcd")), 140)
    assert lines[4].index("easyvqa") + 2 == lines[5].index("easyvqa")


def test_what_was_not_tested_for_the_same_reason_is_on_one_line() -> None:
    skipped = tuple(
        WithoutResult(property=name, model="llava-tiny", benchmark="easyvqa", reason="pip install easy-vqa")
        for name in ("a", "b", "a")
    )
    lines = summary(
        reports.report(
            not_tested=(*skipped, WithoutResult(property="c", model="m", benchmark="", reason="why"))
        ),
        80,
    )
    assert lines[1:3] == [
        "not tested a, b, easyvqa, llava-tiny: pip install easy-vqa",
        "not tested c, m: why",
    ]


@pytest.mark.parametrize("view", ["terminal", "markdown"])
def test_a_benchmark_that_is_not_here_is_told_once_for_all_models(view: str) -> None:
    """Of 21 lines, three models on seven sets, the reasons were seven; no pair is told that was not tried."""
    lost = [("a", "m"), ("b", "m"), ("a", "n"), ("b", "n"), ("c", "n")]
    report = reports.report(
        not_tested=tuple(
            WithoutResult(property=name, model=model, benchmark="mmvp", reason="get it")
            for name, model in lost
        )
    )
    text = "\n".join(summary(report, 80)) if view == "terminal" else render(report)
    told = [line.strip("-* ").replace("**", "") for line in text.splitlines() if "get it" in line]
    assert told == ["not tested a, b, mmvp, m, n: get it", "not tested c, mmvp, n: get it"]


def test_an_empty_report_says_so() -> None:
    lines = summary(reports.report(), 100, folder=FOLDER)
    assert lines == ["No requirement was measured", f"report: {FOLDER}/report.json"]


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_moves_no_cursor(text: str, ascii_only: bool) -> None:
    found = replace(
        reports.result(Decision.UNDECIDED, text, name=text),
        model=replace(reports.MODEL, name=text, device=text),
        benchmark=replace(reports.BENCHMARK, name=text),
        claim=replace(reports.CLAIM, primary=False),
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
    for width in (60, 400):
        lines = summary(made, width, folder=Path("reports\x1b[2J"), ascii_only=ascii_only)
        assert all(line.isprintable() for line in lines)
        assert not ascii_only or all(line.isascii() for line in lines)


def test_that_command_names_the_run_where_the_page_beside_it_names_its_own_folder() -> None:
    """A terminal stands where the run was started, a page wherever it lies now."""
    found = reports.result(Decision.VIOLATED)
    replayed = "ipllvm replay reports/r1 permutation_invariance s1 --draw=0"
    flip = FlipExample("s1", "what?", "red", "red", "blue", "permutation", 0, replay=replayed)
    report = reports.report(
        replace(found, claim=replace(found.claim, name="regression:clean"), flips=(flip,))
    )
    assert f"  {replayed}" in [str(line) for line in summary(report, 200)]
    assert "ipllvm replay . permutation_invariance s1 --draw=0" in [step.command for step in steps(report)]


@pytest.mark.parametrize("name", ["regression:clean", "permutation"])
def test_a_gate_that_fails_ends_in_the_command_that_shows_an_answer(name: str) -> None:
    found = reports.result(Decision.VIOLATED)
    flip = FlipExample("s1", "what?", "red", "red", "blue", "permutation", 0, replay="pytest 'x::y'")
    report = reports.report(replace(found, claim=replace(found.claim, name=name), flips=(flip,)))
    said = "\n".join(map(str, summary(report, 200)))
    shown = "next: See an answer of permutation invariance that changed\n  pytest 'x::y'"
    assert (shown in said) == (name == "regression:clean")
