"""The experiment: a sample of its cells again, and the committed results against this code."""

import json
from pathlib import Path

import numpy as np
import pytest

from ipllvm.calibration import experiment, table
from ipllvm.calibration.catalogue import GRADED
from ipllvm.calibration.cells import Band, Cell, measure, within_bands
from ipllvm.calibration.distributions import Design, Flips, Retention
from ipllvm.calibration.fixed import AtMargin, Bounds, Power, TenClaims, claim, decision
from ipllvm.calibration.hard import (
    AtTruth,
    Combined,
    Decides,
    GuardFamily,
    Monotone,
    PropertyGate,
    RandomDraws,
)
from ipllvm.calibration.neighbours import AlikeSides
from ipllvm.calibration.ratios import RatioGate
from ipllvm.calibration.sequences import AdviceFollowed, GateLooks, PlannedLooks, SequentialErrors, Share
from ipllvm.errors import UsageError
from ipllvm.records import Contrast, Decision
from ipllvm.stats.choice import choose
from ipllvm.verdicts import decide

ROOT = Path(__file__).parents[3]
RUNS = 100
CHEAP = "bounds: lost 2 %, won 0 %; n=50, clusters of 10, K=1"
CELLS = {cell.name: cell for cell in experiment.cells()}


@pytest.mark.parametrize(
    "cell",
    [
        Bounds(Flips.of(0.05, 0.13), Design(300, 2, rho_c=0.3)),
        Bounds(Retention(0.98), Design(300)),
        AtMargin(Flips.of(0.02, 0.10), Design(300)),
        AtMargin(Flips.of(0.02, 0.10), Design(50, 10, rho_c=0.3)),
        Power(Design(1500), -1),
        Power(Design(1500), 1),
        TenClaims((2.0,) * 5 + (-5.0,) * 5, True, Design(50)),
        RatioGate(0.80, 0.75, Design(300)),
        SequentialErrors(Flips.of(0.02, 0.20), Design(300)),
        Share(-5.0, 0.05, Design(1500)),
        AtTruth("clusters", Flips(0.20), Design(1500, rho_c=0.3, layout="a giant of 750", beta=True)),
        AtTruth("clusters", Flips(0.05), Design(1500, 50, rho_c=0.3)),
        AtTruth("clusters", Flips(0.0, 0.05), Design(1500, 50, rho_c=0.3)),
        AtTruth("graded", GRADED[0], Design(300)),
        pytest.param(AtTruth("neighbours", AlikeSides(8), Design(60)), marks=pytest.mark.slow),
        AtTruth("few clusters", Retention(0.25), Design(60)),
        AtTruth("property gate", PropertyGate(GRADED[0], GRADED[1]), Design(150)),
        Combined((Flips(0.01), Flips(0.03)), (Design(300, 2, rho_c=0.3), Design(150))),
        GuardFamily(3, Design(100)),
        RandomDraws(10, True),
        Monotone(3),
        PlannedLooks(Flips(0.02), Design(300), (100, 300)),
        GateLooks(Flips(0.0), Design(600)),
        GateLooks(Flips(0.02), Design(600)),
        AdviceFollowed(Flips.of(0.02, 0.10), 900),
        Decides("singles", Flips(0.0), Design(300)),
    ],
    ids=lambda cell: cell.name,
)
def test_a_cell_keeps_its_bands(cell: Cell) -> None:
    found = measure(cell, RUNS)
    assert within_bands(found), found


def test_every_cell_has_a_name_of_its_own_and_a_kind() -> None:
    assert len(CELLS) == len(list(experiment.cells()))
    rates = ("miss_low", "miss_high", "HOLDS", "VIOLATED", "WORSE", "right", "wrong", "used")
    any_of = ("any_false_HOLDS", "any_false_VIOLATED", "any_vacuous_HOLDS", "lowered", "below_none", "turned")
    row = {"rates": dict.fromkeys((*rates, *any_of), 0.0)}
    assert len(list(table.lines(dict.fromkeys(CELLS, row)))) == 1 + 21


def test_the_committed_results_are_what_this_code_gives() -> None:
    committed = experiment.read(ROOT / "reports" / "calibration.json")["cells"]
    assert committed.keys() == CELLS.keys()
    assert committed[CHEAP] == measure(CELLS[CHEAP])


class Careless:
    """A procedure whose error is three times what it says."""

    name = "careless"

    def once(self, rng: np.random.Generator) -> dict[str, float]:
        return {"miss": rng.random() < 0.15}

    def bands(self, rates: object) -> list[Band]:
        return [Band("miss", 0.05)]


def test_an_unsound_procedure_is_found_out_in_fresh_runs() -> None:
    found = measure(Careless(), 500)
    assert not within_bands(found)
    assert found["again"]["runs"] == 5000 and found["again"]["rates"]["miss"] != found["rates"]["miss"]


def test_a_bound_misses_where_its_p_value_says_so() -> None:
    values = np.repeat([1.0, -1.0, 0.0], [12, 6, 282])
    test = choose(Contrast("drop", values, tuple(str(i) for i in range(300))))
    low, high = test.interval(0.05)
    for truth in (low - 0.001, low + 0.001, high - 0.001, high + 0.001):
        assert (test.p_holds(truth) <= 0.05) == (high < truth)
        assert (test.p_violated(truth) <= 0.05) == (low > truth)


def test_results_are_kept_and_gone_on_from(tmp_path: Path) -> None:
    cells = [CELLS[CHEAP], Careless()]
    file = tmp_path / "deep" / "found.json"
    known = {CHEAP: {"runs": 20, "mark": "not run again"}}
    rows = experiment.run(
        cells, known, 1, 20, lambda rows: experiment.write(file, {"cells": rows}), lambda text: None
    )
    assert rows[CHEAP]["mark"] == "not run again"
    assert json.loads(file.read_text())["cells"] == rows
    assert experiment.read(tmp_path / "absent.json") == {"schema": experiment.SCHEMA}


@pytest.mark.parametrize("text", ["", "notes of mine", "[]", '{"schema": "ipllvm-report/1"}', "[" * 100_000])
def test_a_file_of_anything_else_is_not_written_over(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.json"
    file.write_text(text)
    with pytest.raises(UsageError, match=r"mine\.json: no results of ipllvm calibrate"):
        experiment.read(file)


@pytest.mark.parametrize("direction", ["at_most", "at_least"])
def test_a_cell_decides_as_a_claim_is_decided(direction: str) -> None:
    asked = claim(2.0, direction)
    for run in range(20):
        contrast = Flips(0.002 * run, 0.01).contrast(Design(300, 2), np.random.default_rng(run))
        assert decision(contrast, asked) is decide.decide(contrast, asked).decision


def test_the_decisions_are_named_as_verdicts_are() -> None:
    found = AtMargin(Flips(0.02), Design(50)).once(np.random.default_rng(0))
    assert set(found) == {decision.value for decision in Decision} and sum(found.values()) == 1
