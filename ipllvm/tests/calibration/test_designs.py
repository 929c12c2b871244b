"""Laws of what is simulated: designs, their luck, the means that are promised, and the bands of rates."""

import re
from typing import Any

import numpy as np
import pytest

from ipllvm.calibration import catalogue, experiment
from ipllvm.calibration.cells import AGAIN, Band, measure, within_bands
from ipllvm.calibration.distributions import LAYOUTS, Design, Flips, Graded, Retention
from ipllvm.calibration.hard import PropertyGate
from ipllvm.calibration.sequences import Share
from ipllvm.calibration.table import lines
from ipllvm.sampling import generator

DESIGNS = (
    Design(7), Design(10, 3), Design(11, 10, 5, rho_c=0.2, rho_k=0.4), Design(12, 4, 2, rho_c=0.3, beta=True),
    *(Design(sum(sizes), rho_c=0.3, layout=name) for name, sizes in LAYOUTS.items()),
)  # fmt: skip


@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_a_design_has_as_many_samples_as_it_says_in_whole_clusters(design: Design) -> None:
    assert sum(design.sizes) == design.n == len(design.clusters)
    assert len(set(design.clusters)) == len(design.sizes)
    assert design.layout or max(design.sizes) <= design.size
    first = [design.clusters.index(name) for name in dict.fromkeys(design.clusters)]
    assert first == sorted(first) and np.diff([*first, design.n]).tolist() == list(design.sizes)


@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_luck_is_between_0_and_1_and_its_generators(design: Design) -> None:
    luck = design.luck(generator("luck", 1))
    assert luck.shape == (design.n, design.draws) and luck.min() >= 0 and luck.max() < 1
    assert np.array_equal(luck, design.luck(generator("luck", 1)))
    assert not np.array_equal(luck, design.luck(generator("luck", 2)))


def test_rates_of_clusters_are_chances_about_the_common_ones() -> None:
    common = (0.1, 0.2, 0.7)
    design = Design(40_000, 2, rho_c=0.3, beta=True)
    found = design.rates(common, generator("rates", 0))
    assert found.min() >= 0 and np.allclose(found.sum(1), 1)
    assert found.mean(0) == pytest.approx(common, abs=0.01)
    assert np.array_equal(found[::2], found[1::2]), "one for a cluster"
    assert np.array_equal(Design(3).rates(common, generator("rates", 0)), np.tile(common, (3, 1)))


@pytest.mark.parametrize(
    ("drop", "changed", "lost", "won"),
    [
        (0.02, 0.10, 0.06, 0.04), (0.0, 0.10, 0.05, 0.05), (-0.02, 0.10, 0.04, 0.06), (0.2, 0.1, 0.2, 0.0),
        (-0.2, 0.0, 0.0, 0.2), (0.0, 0.0, 0.0, 0.0), (1.0, 1.0, 1.0, 0.0),
    ],
)  # fmt: skip
def test_flips_of_a_drop_change_as_many_as_they_are_told_and_at_least_what_it_takes(
    drop: float, changed: float, lost: float, won: float
) -> None:
    law = Flips.of(drop, changed)
    assert (law.lost, law.won) == pytest.approx((lost, won))
    assert law.truth == pytest.approx(drop)


@pytest.mark.parametrize(
    ("law", "values"),
    [
        (Flips(0.3, 0.3), {-1.0, 0.0, 1.0}), (Flips(1.0), {1.0}), (Flips(0.0, 1.0), {-1.0}),
        (Flips(0.0), {0.0}),
        (Graded("g", ((0.1, 0.4), (-0.5, 0.4))), {0.1, -0.5, 0.0}), (Graded("g", ((0.25, 1.0),)), {0.25}),
        (Retention(0.9), {1.0, -0.9, 0.1, 0.0}), (Retention(1.0, known=1.0, gained=0.0), {0.0}),
    ],
)  # fmt: skip
def test_values_are_those_of_the_law_and_no_others(law: Any, values: set[float]) -> None:
    found = law.contrast(Design(2000), generator("values", 0)).values
    assert set(np.round(found, 9).tolist()) == values


@pytest.mark.parametrize("draws", [1, 4, 5])
def test_a_mean_over_draws_is_on_its_lattice(draws: int) -> None:
    found = Flips(0.4, 0.3).contrast(Design(300, draws=draws), generator("lattice", 0))
    assert found.lattice == 1 / draws and found.draws == draws
    assert np.allclose(np.round(found.values / found.lattice), found.values / found.lattice)


@pytest.mark.parametrize("law", catalogue.GRADED, ids=str)
def test_graded_steps_are_chances_that_fit_and_their_name_says_them(law: Graded) -> None:
    assert sum(chance for _, chance in law.steps) <= 1 + 1e-12
    told = [float(number) for number in re.findall(r"([\d.]+) %", str(law))]
    assert told == pytest.approx([100 * chance for _, chance in law.steps])


def test_a_gate_is_the_difference_of_two_runs() -> None:
    law = PropertyGate(Flips(0.02, 0.02), Flips(0.05, 0.02))
    found = law.contrast(Design(60_000), generator("gate", 0))
    assert law.truth == pytest.approx(0.03) and found.values.mean() == pytest.approx(0.03, abs=0.005)
    assert found.bound == 2.0 and set(found.values.tolist()) == {-2.0, -1.0, 0.0, 1.0, 2.0}


@pytest.mark.parametrize("at_most", [True, False])
@pytest.mark.parametrize("value", [0.0, 0.05, 0.5, 0.8, 1.0])
def test_a_band_keeps_its_value_and_narrows_with_the_runs(value: float, at_most: bool) -> None:
    few, many = (Band("x", value, at_most).limit(runs) for runs in (200, 20_000))
    assert Band("x", value, at_most).keeps(value, 200)
    assert (value <= many <= few) if at_most else (few <= many <= value)
    assert Band("x", value, at_most, drawn=False).limit(3) == value


def test_a_band_is_kept_at_its_limit_and_not_beyond() -> None:
    for band in (Band("x", 0.05), Band("x", 0.8, at_most=False), Band("x", 0.4, drawn=False)):
        limit, beyond = band.limit(1000), 0.001 if band.at_most else -0.001
        assert band.keeps(limit, 1000) and not band.keeps(limit + beyond, 1000)


class Counted:
    """A procedure that errs in the first runs alone: what chance does once."""

    name = "counted"

    def __init__(self) -> None:
        self.runs, self.luck = 0, set[float]()

    def once(self, rng: np.random.Generator) -> dict[str, float]:
        self.runs += 1
        self.luck.add(float(rng.random()))
        return {"miss": float(self.runs <= 50)}

    def bands(self, rates: Any) -> list[Band]:
        return [Band("miss", 0.05)]


def test_a_cell_that_failed_by_chance_is_kept_by_fresh_runs() -> None:
    cell = Counted()
    found = measure(cell, 100)
    assert found["broken"] == ["miss 0.5000, limit 0.1300"] and within_bands(found)
    assert cell.runs == 100 + AGAIN * 100 and found["again"]["rates"]["miss"] == 0.0
    assert len(cell.luck) == cell.runs, "none of them is one of the first again"


def test_what_a_run_uses_is_predicted_between_nothing_and_all() -> None:
    for design in (Design(300), Design(1500), Design(1500, 10, rho_c=0.1)):
        shares = [Share(-gap, 0.1, design).predicted for gap in (1.0, 2.0, 5.0, 10.0, 50.0)]
        assert all(0 < share <= 1 for share in shares) and shares == sorted(shares, reverse=True)
        assert Share(5.0, 0.1, design).predicted == Share(-5.0, 0.1, design).predicted
        assert Share(-5.0, 0.2, design).predicted >= Share(-5.0, 0.05, design).predicted


def test_a_table_of_nothing_has_a_head() -> None:
    assert list(lines({})) == [f"{'cells of':<28}{'kept':>10}  rates, % (least to largest)"]


def test_small_cells_run_once_and_have_the_rates_that_their_bands_are_about() -> None:
    """A law and a design that do not fit would only fail hours later."""
    cells = {cell.name.partition(":")[0]: cell for cell in experiment.cells() if "n=50," in cell.name}
    assert cells
    for cell in cells.values():
        rates = cell.once(generator("once", cell.name))
        assert all(float(value) >= 0 for value in rates.values())
        assert all(band.rate in rates for band in cell.bands({name: float(v) for name, v in rates.items()}))
