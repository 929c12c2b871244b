"""Simulated releases: what is drawn, which procedure alarms on what, and the tables of a comparison."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from ipllvm.calibration import comparison, releases
from ipllvm.calibration.comparison import lines
from ipllvm.calibration.releases import (
    BENCHMARKS,
    PROCEDURES,
    RELEASES,
    SAMPLES,
    SHAPES,
    SimulatedGate,
    drawn,
    looked,
)
from ipllvm.calibration.rival_rules import RULES, Paired
from ipllvm.calibration.rivals import TRUTHS

BY_NAME = {release.name: release for release in RELEASES}
NOTHING = "unchanged, nothing flips"


def gate(*lost: int, again: int = 0) -> SimulatedGate:
    """As many benchmarks, each of which lost so many of 300; a repetition flips `again` of each."""

    def benchmark(count: int) -> Paired:
        values = np.zeros(SAMPLES)
        values[:: max(1, SAMPLES // max(count, 1))][:count] = 1
        values[np.flatnonzero(values)[count:]] = 0
        return Paired(values, np.arange(SAMPLES))

    return SimulatedGate([benchmark(count) for count in lost], [benchmark(again) for _ in (*lost, *lost)])


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_has_as_many_benchmarks_of_as_many_samples(shape: str) -> None:
    assert [sum(sizes) for sizes in SHAPES[shape]] == [SAMPLES] * BENCHMARKS
    run = drawn(BY_NAME["unchanged, 2 % flip"], shape, 0)
    assert [len(each.lost) for each in run.found] == [SAMPLES] * BENCHMARKS
    assert len(run.again) == 2 * BENCHMARKS, "a repetition of the baseline and one of the candidate"


def test_a_run_is_the_same_each_time_and_another_by_its_number() -> None:
    release = BY_NAME["unchanged, 2 % flip"]
    first, same, other = (drawn(release, "singles", run) for run in (1, 1, 2))
    assert all(np.array_equal(a.lost, b.lost) for a, b in zip(first.found, same.found, strict=True))
    assert not all(np.array_equal(a.lost, b.lost) for a, b in zip(first.found, other.found, strict=True))


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_a_release_is_harmful_where_its_law_loses(release: releases.Release) -> None:
    mean = sum(change * chance for law in (release.law, release.first) for change, chance in law)
    assert (mean > 1e-9) is release.harmful
    assert sum(change * chance for change, chance in release.noise) == pytest.approx(0)


@pytest.mark.parametrize("name", PROCEDURES)
def test_no_procedure_alarms_where_nothing_changed_and_all_do_where_a_tenth_is_lost(name: str) -> None:
    assert not PROCEDURES[name](gate(*[0] * BENCHMARKS))
    assert PROCEDURES[name](gate(*[30] * BENCHMARKS))


def test_a_loss_of_a_point_everywhere_is_seen_in_the_pool_and_not_row_by_row() -> None:
    everywhere = gate(*[3] * BENCHMARKS)
    assert releases.ours(everywhere)
    assert not PROCEDURES["McNemar two-sided (mlflow, holdline), any row"](everywhere)
    assert not PROCEDURES["threshold of 2 points, any row"](everywhere)


def test_flips_that_a_repetition_makes_too_are_no_alarm_beside_noise() -> None:
    run = gate(*[3] * BENCHMARKS, again=30)
    assert releases.ours(run) and not releases.ours_beside_noise(run)


def test_looks_stop_early_where_nothing_is_lost_and_say_after_how_many() -> None:
    quiet, answers = looked(gate(*[0] * BENCHMARKS))
    assert not quiet and answers < BENCHMARKS * SAMPLES
    loud, seen = looked(gate(*[60] * BENCHMARKS))
    assert loud and seen <= BENCHMARKS * SAMPLES // 6


@pytest.mark.parametrize("shape", SHAPES)
def test_a_look_has_the_first_clusters_of_every_benchmark_whole(shape: str) -> None:
    run = drawn(BY_NAME["unchanged, 2 % flip"], shape, 0)
    counts = [test.n for test in run.looks]
    assert counts == sorted(counts) and counts[-1] == BENCHMARKS * SAMPLES
    assert counts[2] == pytest.approx(BENCHMARKS * SAMPLES / 2, rel=0.02)


def test_rates_are_of_the_runs_in_percent() -> None:
    found = releases.measure(BY_NAME[NOTHING], "singles", 1)
    assert set(found) == {*PROCEDURES, "answers with looks"}
    assert {found[name] for name in PROCEDURES} == {0.0}
    assert 0 < found["answers with looks"] <= BENCHMARKS * SAMPLES


def rates(**more: float) -> dict[str, float]:
    return {f"{what} {truth}": 0.0 for what in ("pass", "alarm") for truth in TRUTHS} | {
        name.replace("_", " "): value for name, value in more.items()
    }


GATES: Mapping[str, Any] = {
    "gate: few": {"rates": {"ipllvm": rates(pass_at=4.94, alarm_bad=60.0), "other": rates(alarm_bad=80.0)}},
    "gate: many": {
        "rates": {"ipllvm": rates(alarm_equal=1.0, alarm_same=2.0), "other": rates(pass_same=99.96)}
    },
}
RELEASED = {"release, singles: nothing": {"rates": {"ipllvm": 4.96, "answers with looks": 1234.5}}}


def test_the_table_has_a_line_a_rule_and_a_column_a_cell() -> None:
    assert list(lines(GATES)) == [
        "| rule | few | many |",
        "| --- | --- | --- |",
        "| ipllvm | 4.9 / 0.0 / 0.0 / 60 | 0.0 / 0.0 / 2.0 / 0.0 |",
        "| other | 0.0 / 0.0 / 0.0 / 80 | 0.0 / 100 / 0.0 / 0.0 |",
        "",
    ]


def test_releases_have_a_line_each_and_stand_below_the_gates() -> None:
    table = [
        "| release of ten benchmarks x 300, red in % | ipllvm | answers with looks |",
        "| --- | --- | --- |",
        "| singles: nothing | 5.0 | 1,234.5 |",
    ]
    assert list(lines(RELEASED)) == table
    assert list(lines({**GATES, **RELEASED})) == [*lines(GATES), *table]
    assert list(lines({})) == []


def test_every_cell_is_a_task_under_a_name_of_its_own() -> None:
    tasks = comparison.tasks()
    gates = [name for name in tasks if name.startswith("gate: ")]
    assert len(tasks) - len(gates) == len(SHAPES) * len(RELEASES)
    assert f"release, clusters: {NOTHING}" in tasks and set(RULES) >= {"ipllvm"}


def add(first: int, second: int, runs: int) -> dict[str, int]:
    return {"sum": first + second, "runs": runs}


def test_known_rows_are_kept_and_the_others_measured_in_the_order_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    chosen = {"b": (add, 1, 2), "a": (add, 3, 4), "c": (add, 5, 6)}
    saved: list[set[str]] = []
    known = {"a": {"mark": "known"}, "other": {"mark": "of another run"}}
    found = comparison.run(chosen, known, 1, 7, lambda rows: saved.append(set(rows)))
    assert list(found) == ["b", "a", "c"] and found["a"] == {"mark": "known"}
    assert found["c"] == {"runs": 7, "rates": {"sum": 11, "runs": 7}}
    assert saved == [{"a", "b"}, {"a", "b", "c"}] or saved == [{"a", "c"}, {"a", "b", "c"}]
    assert sorted(capsys.readouterr().out.split()) == ["b", "c"]
