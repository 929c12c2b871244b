"""Changes and averages: what the paper prints of them, what is paired, and when neither can be compared."""

import numpy as np
import pytest

from ipllvm.claims.tables import averages
from ipllvm.paper.agreement import STAND_IN, Agreement
from ipllvm.paper.cells import cells
from ipllvm.paper.measured import PaperCell
from ipllvm.paper.parts import parts
from ipllvm.paper.summaries import AVERAGE, UNPAIRED, Bounded, difference, mean
from ipllvm.reporting.schema import Row
from ipllvm.session.profiles import TABLE_1
from ipllvm.tests.paper.measured import estimate, measured, row

PART = parts()["table1"]
OF = "permutation_invariance"
UNITS = {"mmvp": "_pairs", "mme": "_points", "llavaw": "_relative"}


def of(benchmark: str, clean: float, permuted: float, half: float = 3.0, paired: float | None = 1.0) -> Row:
    """A row whose scores have intervals of twice `half`, and their difference one of twice `paired`."""
    end = UNITS.get(benchmark, "")
    scores = {
        f"{name}{end}": estimate(value, value - half, value + half)
        for name, value in (("clean", clean), ("permuted", permuted))
    }
    if paired is not None:
        lost = clean - permuted
        scores["performance_drop"] = estimate(lost, lost - paired, lost + paired)
    return row(f"{benchmark}@paper", scores)


def told(model: str, rows: dict[str, Row]) -> dict[tuple[str, str], PaperCell]:
    given = measured({(OF, model, benchmark): each for benchmark, each in rows.items()})
    return {(c.benchmark, c.label): c for c in cells(PART, [model], given) if c.model == model}


def test_the_printed_averages_of_table_1_are_those_of_its_changes_but_for_the_one_that_is_noted() -> None:
    for model, follows in (("llava-1.5", False), ("llava-next", True), ("llava-ov", True)):
        found = told(model, {})
        changes = [found[name, "Δ"].printed for name in TABLE_1]
        average = found[AVERAGE, "Δ"]
        assert (np.mean([change for change in changes if change is not None]) == pytest.approx(
            average.printed, abs=0.011)) == follows  # fmt: skip
        assert any("does not follow from its row" in note for note in averages(OF, model)["change"].notes)


def test_changes_are_those_that_the_paper_prints_not_what_its_rounded_scores_give() -> None:
    printed = {
        "llava-1.5": [1.33, -0.13, 24.53, -0.87, -1.10, -1.30, -3.50, -0.15, -2.84, -0.65],
        "llava-next": [0.67, -1.00, 15.78, -0.93, -0.10, 0.30, -10.30, 0.0, -31.51, 0.0],
        "llava-ov": [-1.33, -0.27, -18.2, -4.93, -10.20, -5.10, -8.30, -4.76, -35.26, -5.67],
    }
    columns = [
        "mmvp",
        "qbench",
        "mme",
        "mmstar",
        "mmvet",
        "llavaw",
        "mathvista",
        "scienceqa",
        "chartqa",
        "ai2d",
    ]
    for model, changes in printed.items():
        found = told(model, {})
        assert [found[name, "Δ"].printed for name in columns] == changes, model
    drawn = {
        (c.model, c.benchmark): c.printed
        for c in cells(parts()["table2"], [], measured({}))
        if c.label == "Δ"
    }
    assert [drawn[model, "mmvp"] for model in parts()["table2"].models] == [-14.0, -20.0, -16.0, -23.3]
    assert [drawn[model, "mathvista"] for model in parts()["table2"].models] == [-1.8, -4.3, -20.7, -24.8]


def test_a_change_is_paired_where_the_report_has_it_in_the_same_unit() -> None:
    found = told("llava-1.5", {"mmstar": of("mmstar", 34.0, 33.0), "mmvp": of("mmvp", 34.0, 36.0)})
    paired, apart = found["mmstar", "Δ"], found["mmvp", "Δ"]
    assert (paired.value, paired.low, paired.high, paired.notes) == (-1.0, -2.0, 0.0, ())
    assert (paired.printed, paired.agreement) == (-0.87, Agreement.INSIDE)
    assert apart.value == 2.0 and apart.notes == (UNPAIRED,)
    assert apart.high == pytest.approx(2.0 + 18**0.5) and apart.printed == 1.33


def test_a_change_of_which_a_side_is_missing_says_what_is() -> None:
    cell = told("llava-1.5", {})["ai2d", "Δ"]
    assert cell.agreement is Agreement.NOT_TESTED and cell.printed == -0.65 and "--only table1" in cell.why
    unbounded = of("mmvp", 34.0, 36.0)
    unbounded["estimates"]["clean_pairs"]["low"] = None
    assert told("llava-1.5", {"mmvp": unbounded})["mmvp", "Δ"].agreement is Agreement.NOT_COMPARABLE


def test_an_average_of_all_is_compared_and_one_of_some_is_not() -> None:
    whole = {name: of(name, 50.0, 47.3) for name in TABLE_1}
    found = told("llava-next", whole)[AVERAGE, "Δ"]
    assert (round(found.value or 0, 2), found.printed, found.agreement) == (-2.7, -2.71, Agreement.INSIDE)
    assert found.n == 10 and (found.high or 0) - (found.low or 0) < 3.0
    part = {name: whole[name] for name in TABLE_1[:3]}
    some = told("llava-next", part)[AVERAGE, "Δ"]
    assert (some.agreement, some.why) == (Agreement.NOT_COMPARABLE, "3 of 10 benchmarks are measured")
    assert "over mmvp, qbench, mme" in some.notes


def test_an_average_of_what_stands_in_is_shown_and_not_compared() -> None:
    given = {name: of(name, 90.0, 80.0) for name in ("scenes", "charts")}
    other = told("llava-1.5", given)[AVERAGE, "Δ"]
    assert (other.value, other.agreement, other.why) == (-10.0, Agreement.NOT_COMPARABLE, STAND_IN)
    assert other.notes[0] == "over scenes, charts"


def test_recovered_intervals_cover_what_independent_ones_do() -> None:
    rng = np.random.default_rng(0)
    runs, n, z = 4000, 60, 1.645
    draws = rng.normal([1.0, 3.0], 2.0 / n**0.5, (runs, 2))
    half = z * 2.0 / n**0.5
    spans = [[Bounded(v, v - half, v + half) for v in pair] for pair in draws.tolist()]
    above = [difference(b, a) for a, b in spans]
    middle = [mean(pair) for pair in spans]
    for found, truth in ((above, 2.0), (middle, 2.0)):
        missed = np.mean([each.low > truth for each in found]), np.mean([each.high < truth for each in found])
        assert missed == pytest.approx((0.05, 0.05), abs=0.015)
