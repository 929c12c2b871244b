"""What is said of the paper's cells: whether a printed value agrees, what is folded, counted, explained."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ipllvm.claims.tables import COSINE, PrintedNumber
from ipllvm.paper import agreement, words
from ipllvm.paper.agreement import Agreement, Compared, compare
from ipllvm.paper.cells import NOT_ASKED
from ipllvm.paper.measured import WITH, PaperCell
from ipllvm.paper.parts import PaperPart, parts
from ipllvm.paper.summaries import AVERAGE
from ipllvm.paper.words import Document, PaperSection

ASKED = {"in_paper": True, "own_set": True, "papers_protocol": True}
PART = parts()["table1"]
CELL = PaperCell("table1", "m", "mmvp", "clean", 50.0, 47.0, 53.0, "points", 300, 49.0, Agreement.INSIDE)
EMPTY = replace(CELL, value=None, low=None, high=None, n=0, agreement=Agreement.NOT_TESTED, why="not here")


def estimate(
    low: float | None = 47.0, high: float | None = 53.0, value: float | None = 50.0
) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high}


def figure(value: float | None, unit: str = "percent") -> PrintedNumber:
    return PrintedNumber("clean", value, unit, "Table 1")


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (47.0, "percent", Compared(Agreement.INSIDE)),
        (53.0, "percent", Compared(Agreement.INSIDE)),
        (53.1, "percent", Compared(Agreement.OUTSIDE, "by 0.1")),
        (44.5, "percent", Compared(Agreement.OUTSIDE, "by 2.5")),
        (0.5, COSINE, Compared(Agreement.INSIDE)),
        (0.6, COSINE, Compared(Agreement.OUTSIDE, "by 7.0")),
    ],
)
def test_a_printed_value_is_inside_up_to_the_ends_of_the_interval(
    value: float, unit: str, expected: Compared
) -> None:
    assert compare(estimate(), figure(value, unit), **ASKED) == expected


@pytest.mark.parametrize(
    ("changed", "found", "printed", "why"),
    [
        ({"in_paper": False}, estimate(), figure(50.0), agreement.OTHER_MODEL),
        ({"own_set": False}, estimate(), figure(50.0), agreement.STAND_IN),
        ({}, estimate(), None, agreement.NO_NUMBER),
        ({}, estimate(), figure(None), agreement.NO_NUMBER),
        ({"papers_protocol": False}, estimate(), figure(50.0), agreement.OTHER_PROTOCOL),
        ({}, estimate(low=None), figure(50.0), agreement.UNBOUNDED),
        ({}, estimate(high=None), figure(50.0), agreement.UNBOUNDED),
        ({}, estimate(value=None), figure(50.0), agreement.UNBOUNDED),
        ({"in_paper": False, "own_set": False}, estimate(low=None), None, agreement.OTHER_MODEL),
    ],
)
def test_what_is_not_the_same_question_is_not_compared(
    changed: dict[str, bool], found: dict[str, Any], printed: PrintedNumber | None, why: str
) -> None:
    """The first reason is told: another model says more than a lacking bound."""
    assert compare(found, printed, **{**ASKED, **changed}) == Compared(Agreement.NOT_COMPARABLE, why)


def test_a_cell_says_what_was_measured_and_what_the_paper_prints() -> None:
    assert words.measured(CELL).startswith("50.0 [47.0, 53.0]")
    assert words.beside(CELL) == "paper 49.00, inside the interval"
    outside = replace(CELL, printed=60.0, agreement=Agreement.OUTSIDE, why="by 7.0")
    assert words.beside(outside) == "paper 60.00, outside the interval by 7.0"
    assert (words.measured(EMPTY), words.beside(EMPTY)) == ("NOT TESTED", "paper 49.00")
    lost = replace(EMPTY, agreement=Agreement.NOT_COMPARABLE, printed=None)
    assert (words.measured(lost), words.beside(lost)) == ("n/a", "")


def test_what_was_measured_comes_first_and_an_average_last() -> None:
    other = replace(EMPTY, model="a", benchmark="ai2d")
    average = replace(CELL, benchmark=AVERAGE)
    cells = [other, average, replace(EMPTY, benchmark="ai2d"), CELL]
    columns, rows = words.grid(PaperSection(PART, cells))
    assert columns == ["mmvp", "ai2d", AVERAGE]
    assert [(model, label) for model, label, _ in rows] == [("m", "clean"), ("a", "clean")]
    assert rows[0][2] == [CELL, cells[2], average] and rows[1][2] == [None, other, None]


def test_a_language_model_has_a_column_of_its_own() -> None:
    cell = replace(CELL, label=f"projector{WITH}lm-tiny")
    assert (words.side(cell), words.column(cell)) == ("projector", f"mmvp{WITH}lm-tiny")
    assert (words.side(CELL), words.column(CELL)) == ("clean", "mmvp")


def test_a_model_that_was_not_tested_on_a_set_says_so_once() -> None:
    """Below it the cells are folded; of one that was tested in part none is."""
    rows: words.Rows = [
        ("m", "clean", [EMPTY, CELL]),
        ("m", "permuted", [EMPTY, EMPTY]),
        ("a", "clean", [EMPTY, None]),
    ]
    assert words.folded(rows) == {(1, 0)}


def test_reasons_are_told_once_with_all_that_they_are_of() -> None:
    here = "benchmark '{}' is neither on this machine nor what"
    cells = [
        replace(EMPTY, model=model, benchmark=name, why=here.format(name))
        for model in ("m", "a")
        for name in ("mmvp", "ai2d")
    ]
    (line,) = words.reasons(PaperSection(PART, cells))
    assert line.startswith(
        "NOT TESTED: m, a on mmvp, ai2d: not on this machine: with network ipllvm data get"
    )
    assert "ipllvm data get mmvp ai2d," in line
    unasked = [replace(EMPTY, model=model, why=NOT_ASKED.format(model, "table1")) for model in ("m", "a")]
    (line,) = words.reasons(PaperSection(PART, unasked))
    assert line == f"NOT TESTED: m, a on mmvp: {NOT_ASKED.format('m a', 'table1')}"
    assert list(words.reasons(PaperSection(PART, [CELL]))) == []


def test_a_note_stands_once_with_its_places() -> None:
    cells = [replace(CELL, benchmark=name, notes=("Mind it.",)) for name in ("a", "b", "c", "d")]
    part = cast(PaperPart, SimpleNamespace(anomalies=("As printed.",)))
    section = PaperSection(part, cells, remarks=("Seen.",))
    assert list(words.notes(section)) == ["As printed.", "m on a and 3 more: Mind it.", "Seen."]
    assert "m on a, m on b: Mind it." in list(words.notes(replace(section, cells=cells[:2])))
    noted = replace(CELL, notes=("As printed.",))
    assert list(words.notes(replace(section, cells=[noted], remarks=()))) == ["As printed."]


def test_cells_are_counted_by_what_is_said_of_them() -> None:
    section = PaperSection(PART, [CELL, EMPTY, EMPTY], examples={"a": b"", "b": b""})
    said = words.counts(Document([section, PaperSection(PART, [CELL])], (), ()))
    assert said.startswith("2 of 4 cells are filled (2 inside the interval, 0 outside the interval, ")
    assert said.endswith("2 NOT TESTED); 2 drawings")
