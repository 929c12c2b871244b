"""What is said before a run, against the planning figures."""

from dataclasses import replace

import pytest

from ipllvm import claims
from ipllvm.tests.stats.contrasts import grouped, singletons
from ipllvm.verdicts.planning import expected_share, gates, power_line

SHIPPED = claims.load()


def test_both_edges_and_the_samples_that_would_decide() -> None:
    line = power_line(SHIPPED["permutation"], singletons(1000), 1, 1200)
    assert line.startswith("permutation: minimum detectable effect 2.53 points at n = 1000: ")
    assert "HOLDS if the truth is <= -0.53, VIOLATED if >= 4.53" in line
    assert line.endswith("this benchmark cannot decide: about 1540 samples would, it has 1200")
    better = power_line(SHIPPED["permutation"], grouped(1000, 10), 5, 5000)
    assert "effect 2.48 points" in better and "about 1521 samples would decide" in better


def test_at_least_holds_above() -> None:
    claim = replace(SHIPPED["image_use"], planned_discordance=0.10)
    assert "HOLDS if the truth is >= 4.53, VIOLATED if <= -0.53" in power_line(
        claim, singletons(1000), 1, 2000
    )


def test_a_margin_of_nothing_needs_no_number() -> None:
    assert "would" not in power_line(SHIPPED["patch_information"], singletons(100), 1, 100)


def test_a_gate_that_cannot_hold_is_told() -> None:
    (line,) = gates([SHIPPED["permutation"]], singletons(300), 1, 5000)
    assert "minimum detectable effect of 4.70 points exceeds the regression margin of 2" in line
    assert line.endswith("about 1540 samples would decide")
    assert list(gates([SHIPPED["permutation"]], singletons(2000), 1, 5000)) == []


def test_what_a_sequential_run_uses_is_predicted_from_the_plan() -> None:
    """8.5 x 0.10 / 0.05^2 = 340 samples; 5.7 / 0.05 = 114 clusters at least; more than there are is all."""
    claim = SHIPPED["permutation"]
    assert expected_share(claim, [1] * 1500, 1) * 1500 == pytest.approx(340)
    assert expected_share(claim, [10] * 150, 5) * 1500 == pytest.approx(1140)
    assert expected_share(claim, [1] * 300, 1) == 1.0
    assert expected_share(claim, [1] * 1500, 1, bound=2.0) == pytest.approx(340 / 1500)
