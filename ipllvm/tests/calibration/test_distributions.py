"""Simulated outcomes have the mean and the correlations that they are made with."""

import numpy as np
import pytest

from ipllvm.calibration.catalogue import GRADED
from ipllvm.calibration.distributions import LAYOUTS, Design, Flips, Graded, Retention
from ipllvm.models.planted import naming
from ipllvm.sampling import generator
from ipllvm.tests import planted_truth as truth


def _means(law: Flips | Graded | Retention, design: Design, runs: int = 200) -> np.ndarray:
    return np.array([law.contrast(design, generator(run)).values.mean() for run in range(runs)])


@pytest.mark.parametrize(
    "design",
    [
        Design(300),
        Design(300, 10, 5, rho_c=0.2, rho_k=0.4),
        Design(7, 3, rho_c=0.5),
        Design(300, 10, rho_c=0.3, beta=True),
        Design(1500, rho_c=0.3, layout="two giants of 300"),
    ],
)
def test_the_mean_is_the_truth(design: Design) -> None:
    laws = (Flips(0.05), Flips.of(0.02, 0.1), GRADED[0], GRADED[1])
    for law in laws if design.beta else (*laws, Retention(0.9), Retention(0.98)):
        means = _means(law, design)
        assert abs(means.mean() - law.truth) <= 4 * means.std() / np.sqrt(len(means))
        assert law.contrast(design, generator(0)).clusters == design.clusters


def test_changes_in_one_cluster_and_draws_of_one_sample_correlate_as_told() -> None:
    law, design = Flips(0.2), Design(40_000, 2, 2, rho_c=0.3, rho_k=0.5)
    lost = (design.luck(generator(1)) < law.lost).astype(float)
    assert np.corrcoef(lost[:, 0], lost[:, 1])[0, 1] == pytest.approx(0.5, abs=0.02)
    assert np.corrcoef(lost[::2, 0], lost[1::2, 0])[0, 1] == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_unequal_clusters_are_as_many_samples_as_they_say(layout: str) -> None:
    sizes = LAYOUTS[layout]
    design = Design(sum(sizes), rho_c=0.3, layout=layout)
    assert sorted(np.unique(design.clusters, return_counts=True)[1]) == sorted(sizes)


def test_rates_of_clusters_correlate_what_is_in_them() -> None:
    law, design = Flips(0.2, 0.1), Design(80_000, 2, rho_c=0.3, beta=True)
    lost = (law.contrast(design, generator(1)).values > 0).astype(float)
    assert np.corrcoef(lost[::2], lost[1::2])[0, 1] == pytest.approx(0.3, abs=0.02)


def test_a_retention_keeps_its_share_of_what_is_known() -> None:
    law = Retention(0.9)
    values = law.contrast(Design(100_000), generator(2)).values
    only, both, lost = (np.isclose(values, level).mean() for level in (1, 0.1, -0.9))
    assert both + only == pytest.approx(0.9 * law.known, abs=0.01)
    assert both + lost == pytest.approx(law.known, abs=0.01)


def test_a_planted_drop_is_the_simulated_one() -> None:
    law = naming.law("planted:exact-drop,a=0.9,d=0.1")
    assert truth.drop(law, truth.permuted()) == pytest.approx(Flips(0.9 * 0.1).truth)
