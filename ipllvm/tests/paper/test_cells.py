"""Cells: what is measured meets what is printed, and says why where it does not."""

from typing import Any

import pytest

from ipllvm.claims.tables import language_models
from ipllvm.paper import words
from ipllvm.paper.agreement import (
    NO_NUMBER,
    OTHER_MODEL,
    OTHER_PROTOCOL,
    STAND_IN,
    UNBOUNDED,
    Agreement,
)
from ipllvm.paper.cells import cells
from ipllvm.paper.measured import Measured, PaperCell
from ipllvm.paper.parts import parts
from ipllvm.paper.words import PaperSection
from ipllvm.tests.paper.measured import estimate, measured, row

TABLE_1, FIG_7 = parts()["table1"], parts()["fig7"]


def found(part: Any, models: list[str], given: Measured) -> dict[tuple[str, str, str], PaperCell]:
    return {(c.model, c.benchmark, c.label): c for c in cells(part, models, given)}


def of_mmstar(low: float | None, high: float | None, benchmark: str = "mmstar@paper") -> PaperCell:
    scores = {"clean": estimate(34.0, low, high), "permuted": estimate(33.0, 30.0, 36.0)}
    key = "permutation_invariance", "llava-1.5", benchmark.partition("@")[0]
    given = measured({key: row(benchmark, scores)})
    return found(TABLE_1, ["llava-1.5"], given)["llava-1.5", key[2], "as it is"]


@pytest.mark.parametrize(
    ("low", "high", "agreement", "why"),
    [
        (33.0, 35.0, Agreement.INSIDE, ""),
        (34.2, 34.2, Agreement.INSIDE, ""),
        (34.5, 36.0, Agreement.OUTSIDE, "by 0.3"),
        (30.0, 33.0, Agreement.OUTSIDE, "by 1.2"),
        (None, 36.0, Agreement.NOT_COMPARABLE, UNBOUNDED),
    ],
)
def test_the_printed_value_lies_inside_or_outside(
    low: float | None, high: float | None, agreement: Agreement, why: str
) -> None:
    cell = of_mmstar(low, high)
    assert (cell.printed, cell.agreement, cell.why) == (34.2, agreement, why)


def test_another_protocol_is_not_comparable() -> None:
    cell = of_mmstar(33.0, 35.0, "mmstar")
    assert (cell.agreement, cell.why) == (Agreement.NOT_COMPARABLE, OTHER_PROTOCOL)


def test_another_model_and_a_stand_in_are_not_comparable() -> None:
    scores = {"clean": estimate(90.0, 80.0, 95.0), "permuted": estimate(70.0, 60.0, 80.0)}
    of = "permutation_invariance"
    given = measured(
        {
            (of, "llava-tiny", "mmstar"): row("mmstar@paper", scores),
            (of, "llava-1.5", "scenes"): row("scenes", scores),
        }
    )
    told = found(TABLE_1, ["llava-tiny", "llava-1.5"], given)
    assert told["llava-tiny", "mmstar", "+ Perm."].why == OTHER_MODEL
    assert told["llava-1.5", "scenes", "+ Perm."].why == STAND_IN


def test_what_was_not_measured_is_not_tested_with_the_command_that_gets_it() -> None:
    told = found(TABLE_1, ["llava-1.5"], measured({}, **{"llava-1.5": "benchmark 'mmstar' is not here"}))
    assert told["llava-1.5", "mmstar", "as it is"].why == "benchmark 'mmstar' is not here"
    asked = told["llava-next", "ai2d", "+ Perm."]
    assert (asked.agreement, asked.printed) == (Agreement.NOT_TESTED, 64.02)
    assert asked.why == "not asked for: ipllvm paper --models llava-next --only table1"
    meteor = found(parts()["table2"], [], measured({}))["meteor", "mmvp", "Syn."]
    assert meteor.printed == 35.3 and "--models meteor --only table2" in meteor.why


def test_table_1_has_its_sixty_printed_values_their_changes_and_averages() -> None:
    told = found(TABLE_1, ["llava-tiny"], measured({}))
    printed = [key for key, cell in told.items() if cell.printed is not None]
    assert len(printed) == 60 + 30 + 3 and len({model for model, *_ in printed}) == 3
    assert sum(model == "llava-tiny" for model, *_ in told) == 30
    assert told["llava-1.5", "Avg.", "Δ"].why == "0 of 10 benchmarks are measured"


def test_scores_in_a_benchmarks_own_unit_meet_the_printed_ones() -> None:
    scores = {"clean": estimate(80.0), "clean_points": estimate(1850.0, 1800.0, 1900.0)}
    key = "permutation_invariance", "llava-1.5", "mme"
    cell = found(TABLE_1, ["llava-1.5"], measured({key: row("mme@paper", scores)}))[
        "llava-1.5", "mme", "as it is"
    ]
    assert (cell.value, cell.printed, cell.agreement) == (1850.0, 1850.07, Agreement.INSIDE)


def test_cosines_are_compared_in_points_and_notes_stand() -> None:
    scores = {"clip_i": estimate(83.0, 80.0, 86.0)}
    key = "synthetic_images", "llava-ov", "mmvp"
    given = measured({key: row("mmvp@paper", scores, n=50, total=300)})
    cell = found(parts()["table2"], ["llava-ov"], given)["llava-ov", "mmvp", "CLIP-I"]
    assert (cell.printed, cell.agreement) == (84.0, Agreement.INSIDE)
    assert cell.notes[0].startswith("By CLIP ViT-L/14;") and cell.notes[1:] == ("50 of 300 samples",)


def test_a_judge_is_named_beside_its_scores() -> None:
    key = "permutation_invariance", "llava-1.5", "mmvet"
    judged = row("mmvet@paper", {"clean": estimate(31.0, 29.0, 33.0)}, judge="gpt-9")
    cell = found(TABLE_1, ["llava-1.5"], measured({key: judged}))["llava-1.5", "mmvet", "as it is"]
    assert any(note.startswith("judged by gpt-9") for note in cell.notes)


def test_alignment_stands_with_each_language_model() -> None:
    scores = {
        name: estimate(25.0, 20.0, 30.0)
        for name in (
            "encoder",
            "projector",
            "encoder with a/b",
            "projector with a/b",
            "projector_input with a/b",
        )
    }
    told = found(FIG_7, ["llava-1.5"], measured({("alignment", "llava-1.5", "docci"): row("docci", scores)}))
    labels = {label for model, _, label in told if model == "llava-1.5"}
    ten = {f"{side} with {name}" for side in ("encoder", "projector") for name in language_models().values()}
    assert labels == {"encoder", "projector", "encoder with a/b", "projector with a/b", *ten}
    assert told["llava-1.5", "docci", "encoder"].why == NO_NUMBER
    lost = told["llava-1.5", "docci", "projector with google/gemma-7b"]
    assert lost.agreement is Agreement.NOT_TESTED and "hf download" in lost.why


def test_language_models_have_columns_and_those_that_are_missing_one_line() -> None:
    scores = {f"{side} with a/b": estimate(25.0, 20.0, 30.0) for side in ("encoder", "projector")}
    given = measured({("alignment", "llava-tiny", "captions-mc"): row("captions-mc", scores)})
    section = PaperSection(FIG_7, list(cells(FIG_7, ["llava-tiny"], given)))
    columns, rows = words.grid(section)
    assert "docci with google/gemma-7b" in columns and "captions-mc with a/b" in columns
    assert {(model, label) for model, label, _ in rows} == {
        (model, side)
        for model in ("llava-1.5", "llava-next", "llava-tiny")
        for side in ("encoder", "projector")
    }
    (line,) = (line for line in words.reasons(section) if "hf download NAME" in line)
    assert line.startswith("NOT TESTED: llava-1.5, llava-next on ") and line.count("google/gemma-7b") == 2


def test_a_later_report_counts_and_the_first_claim_of_a_test() -> None:
    def report(value: float, *names: str) -> dict[str, Any]:
        results = [
            {**row("mmstar", {"clean": estimate(value)}), "property": "modality_importance",
             "model": "m", "benchmark": "b", "claim": name}
            for name in names
        ]  # fmt: skip
        return {
            "results": results, "models": [{"id": "m", "name": "m"}],
            "benchmarks": [{"id": "b", "name": "mmstar@paper", "n": 1, "total": 1}],
            "not_tested": [], "not_measured": [],
        }  # fmt: skip

    given = Measured.of([report(1.0, "image_first", "then_text"), report(2.0, "image_first")])
    (kept,) = given.rows.values()
    assert kept["estimates"]["clean"]["value"] == 2.0
    first = Measured.of([report(1.0, "image_first", "then_text")])
    assert [each["claim"] for each in first.rows.values()] == ["image_first"]
