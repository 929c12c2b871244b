"""The figures of the four ways: ratios, the table that is printed, growth, and what a verdict took."""

import math
from dataclasses import replace
from typing import Any

import pytest

from ipllvm.speed import growth
from ipllvm.speed.device_checks import DeviceFigure
from ipllvm.speed.fixed_design import GenerateCost, Plain, cost
from ipllvm.speed.growth import Cost
from ipllvm.speed.measure import Timing, table
from ipllvm.speed.prefill import PrefillRate
from ipllvm.speed.sessions import SessionTime
from ipllvm.speed.verdict import PropertyTime, Wait

TIMING = Timing("permutation", 1234, 2.0, 4.0, 16, 20.0, 40.0, 50.0, 0.904, 24, 1, 1_500_000_000, 0.126)


def test_the_row_of_a_timing_has_its_ratios_and_all_else() -> None:
    row = TIMING.row()
    assert (row["times_alone"], row["times_batched"]) == (10.0, 5.0)
    assert (row["of_floor"], row["of_linear"]) == (0.5, 0.4)
    assert {name: row[name] for name in ("name", "trials", "different")} == {
        "name": "permutation", "trials": 1234, "different": 1,
    }  # fmt: skip


def cells(row: dict[str, Any]) -> list[str]:
    return [cell.strip() for cell in table([row])[1].split("  ") if cell.strip()]


def test_the_table_has_a_line_a_row_and_its_columns_are_as_wide_as_the_widest() -> None:
    rows = [TIMING.row(), replace(TIMING, name="long answers at 0.5", memory=0).row()]
    head, first, second = table(rows)
    assert cells(rows[0]) == [
        "permutation", "1,234", "2.0", "4.0 (16)", "20.0", "10.0", "5.0", "50%", "40%", "13%", "1,500",
        "90%", "1 of 24",
    ]  # fmt: skip
    assert "unknown" in second.split("  ")[-5:] or " unknown " in second
    for column in ("trials", "engine/s", "peak MB", "differ"):
        at = head.index(column)
        assert first[at - 1] == second[at - 1] == " " and first[at] != " " and second[at] != " "
    assert not any(line.endswith(" ") for line in (head, first, second))


def test_models_are_a_column_where_there_are_several_and_nothing_is_a_head() -> None:
    assert table([{"model": "tiny", **TIMING.row()}])[0].startswith("model  workload")
    assert table([]) == [
        "workload  trials  generate/s  batched/s  engine/s  x alone  x batched  of floor  without attention  "
        "idle  peak MB  accepted  differ"
    ]


def test_a_prefill_says_its_share_of_the_rate_of_products() -> None:
    found = PrefillRate(8, 1024, 3e12, 4e12)
    assert found.share == 0.75
    assert str(found) == (
        "prefill of 8 prompts, 1024 positions: 3 TFLOP/s, 75% of the 4 of a large matrix product"
    )


@pytest.mark.parametrize(
    ("value", "least", "most", "as_aimed"),
    [
        (0.0, None, 0.0, True), (1e-9, None, 0.0, False), (0.7, 0.7, None, True), (0.69, 0.7, None, False),
        (math.nan, 0.0, None, False), (math.nan, None, None, True), (math.inf, None, 1.0, False),
    ],
)  # fmt: skip
def test_a_figure_is_within_its_bounds_ends_included(
    value: float, least: float | None, most: float | None, as_aimed: bool
) -> None:
    """What is not a number is within no bounds."""
    figure = DeviceFigure("x", value, "words", least, most)
    assert figure.as_aimed is as_aimed
    assert figure.row() | {"value": 0} == {
        "name": "x", "value": 0, "words": "words", "least": least, "most": most, "as_aimed": as_aimed,
    }  # fmt: skip


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("ends", [(1, 2), (8, 64), (3, 300)])
def test_a_power_is_found_whatever_the_points_between_and_their_order(
    power: float, ends: tuple[int, int]
) -> None:
    low, high = ends
    points = [Cost("x", at, at, 9.0, 3.0 * at**power, round(1e9 * at**power)) for at in (high, low)]
    noisy = Cost("x", (low + high) // 2, 1, 9.0, 1e6, 10**15)
    found = growth.exponents([noisy, *points] if low + 1 < high else points)
    assert found["x"] == pytest.approx((power, power), abs=2e-3)


def test_memory_that_the_system_does_not_tell_has_no_power() -> None:
    points = [Cost("x", at, at, 1.0, float(at), 0) for at in (1, 4)]
    assert growth.exponents(points) == {"x": (1.0, 0.0)}


def test_the_table_of_growth_has_its_axes_in_order_and_says_which_grows_too_fast() -> None:
    points = [
        *(Cost("samples", n, 2 * n, 0.5 * n, float(n), 10**9) for n in (1, 1000)),
        *(Cost("memory", n, n, 1.0, 1.0, 10**6 * n**2) for n in (1, 8)),
    ]
    lines = growth.table(points)
    assert lines[0].split() == ["axis", "at", "trials", "seconds", "CPU", "s", "peak", "MB"]
    assert lines[2].split() == ["samples", "1,000", "2,000", "500.00", "1000.00", "1,000"]
    assert lines[5:] == [
        "samples: CPU time to the power of 1.00, memory 0.00",
        "memory: CPU time to the power of 0.00, memory 2.00: faster than what it grows with",
    ]
    assert growth.rows(points)[0] == {
        "axis": "samples", "at": 1, "trials": 2, "seconds": 0.5, "cpu": 1.0, "memory": 10**9,
    }  # fmt: skip


NEW, KNOWN = SessionTime(None, 10.0, 20.0), SessionTime(None, 2.0, 2.0)
PARTS = (
    PropertyTime("blind", 1500, 4.0, GenerateCost(3000, 90.0, 80.0, 0)),
    PropertyTime("unknown", 0, 0.0, GenerateCost(0, 0.0, 0.0, 0)),
)
CLAIM = ("blind", "image_use", "scenes")


def wait(here: dict[Any, str], there: dict[Any, str], untimed: int = 0) -> Wait:
    plain = Plain({}, GenerateCost(3000, 100.0, 80.0, untimed), 12, 0)
    return Wait(NEW, KNOWN, PARTS, here, there, plain)


def test_what_a_verdict_took_is_told_line_by_line() -> None:
    lines = wait({CLAIM: "HOLDS"}, {CLAIM: "HOLDS"}).lines()
    assert lines == [
        "sequential, from nothing: 10.0 s (20.0 s of processors), first outcome after none",
        "everything known: 2.0 s (2.0 s of processors)",
        f"{'property':<28}{'trials':>8}{'fixed n':>10}{'CPU s':>10}{'generate':>10}{'times':>7}",
        f"{'blind':<28}{'1,500':>8}{'3,000':>10}{'4.0':>10}{'80':>10}{'20.0':>7}",
        f"{'unknown':<28}{'0':>8}{'0':>10}{'0.0':>10}{'0':>10}{'0.0':>7}",
        f"{'start, checks, report':<28}{'':>18}{'16.0':>10}",
        "fixed n by plain generate, 3,000 trials one by one: 100 s, 10.0 times as long (80 s of processors, "
        "4.0 times)",
        "verdicts here: 1 HOLDS; at fixed n: 1 HOLDS",
        "answers of generate that differ from the engine's: 0 of 12",
    ]


@pytest.mark.parametrize(
    ("here", "there", "told"),
    [
        ({}, {}, []),
        ({CLAIM: "HOLDS"}, {}, ["  otherwise: blind image_use scenes: HOLDS, at fixed n NONE"]),
        ({}, {CLAIM: "HOLDS"}, []),
        (
            {CLAIM: "HOLDS", ("a", "b", "c"): "VIOLATED"},
            {CLAIM: "UNDECIDED", ("a", "b", "c"): "VIOLATED"},
            ["  otherwise: blind image_use scenes: HOLDS, at fixed n UNDECIDED"],
        ),
    ],
)
def test_every_claim_that_is_decided_otherwise_is_named(
    here: dict[Any, str], there: dict[Any, str], told: list[str]
) -> None:
    lines = wait(here, there).lines()
    assert [line for line in lines if "otherwise" in line] == told
    assert any(line.startswith(f"verdicts here: {'none' if not here else ''}") for line in lines)


def test_what_generate_can_not_run_is_told_with_its_number() -> None:
    assert any(
        "3,000 trials one by one; 1,200 that it can't run are left out: " in line
        for line in wait({}, {}, untimed=1200).lines()
    )


def test_the_row_of_a_wait_is_plain_values() -> None:
    row = wait({CLAIM: "HOLDS"}, {}).row()
    assert row["decisions"] == [["blind", "image_use", "scenes", "HOLDS"]] and row["fixed_decisions"] == []
    assert [each["times"] for each in row["properties"]] == [20.0, 0.0]
    assert row["times"] == 10.0 and row["plain"]["compared"] == 12


def test_no_plans_cost_nothing() -> None:
    assert cost([]) == Plain({}, GenerateCost(0, 0.0, 0.0, 0), 0, 0)
