"""What is said before a run, against the planning figures."""

import re
from dataclasses import replace

import numpy as np
import pytest

from ipllvm import claims
from ipllvm.stats.dirichlet import Totals
from ipllvm.tests.stats.contrasts import grouped, singletons
from ipllvm.verdicts.planning import _needed, catch_line, expected_share, gates, out_of_reach, power_line

SHIPPED = claims.load()
CLAIM = SHIPPED["permutation"]


def test_both_edges_and_the_samples_that_would_decide() -> None:
    line = power_line(SHIPPED["permutation"], singletons(1000), 1, 1200)
    assert line.startswith("permutation: minimum detectable effect 2.53 points at n = 1000: ")
    assert "HOLDS if the truth is <= -0.53, VIOLATED if >= 4.53" in line
    assert line.endswith("this benchmark cannot decide: about 1,540 samples would, it has 1,200")
    better = power_line(SHIPPED["permutation"], grouped(1000, 10), 5, 5000)
    assert "effect 3.16 points" in better and "about 2,150 samples would decide" in better
    assert "HOLDS if the truth is <= -1.16, VIOLATED if >= 4.48" in better
    few = power_line(SHIPPED["permutation"], [*["giant"] * 750, *singletons(750)], 1, 5000)
    assert "nothing can be decided at n = 1500 in 751 clusters" in few


def test_of_random_draws_the_plan_says_how_many_are_needed() -> None:
    """By the floor of their test: all draws without a loss, and one that was not drawn and lost all."""
    claim = replace(CLAIM, draws="random")
    assert power_line(claim, singletons(1000), 9, 1200) == (
        "permutation: nothing can be decided about random draws by 9: 10 at least are needed (--draws)"
    )
    differ = "; more where draws differ, which is not planned"
    for draws, said in (
        (148, f"; HOLDS takes 149 draws even if none changes anything{differ}"),
        (149, differ),
    ):
        fixed = power_line(CLAIM, singletons(1000), draws, 1200)
        assert power_line(claim, singletons(1000), draws, 1200) == fixed + said
        floor = Totals.of(np.zeros(draws), np.ones(draws)).p_below(claim.margin / 100, 1.0)
        assert (floor <= claim.alpha) == (said == differ)
    loss = replace(SHIPPED["image_use"], draws="random")
    assert "HOLDS takes" not in power_line(loss, singletons(1000), 10, 1200)


def test_at_least_holds_above() -> None:
    claim = replace(SHIPPED["image_use"], planned_discordance=0.10)
    assert "HOLDS if the truth is >= 4.53, VIOLATED if <= -0.53" in power_line(
        claim, singletons(1000), 1, 2000
    )


def test_a_margin_of_nothing_needs_no_number() -> None:
    assert "would" not in power_line(SHIPPED["patch_information"], singletons(100), 1, 100)


def test_what_no_number_of_samples_decides_is_said_before() -> None:
    """Of an order, which has no margin, only effects that are large enough are decided."""
    line = power_line(SHIPPED["then_text"], singletons(60), 1, 1500)
    assert "minimum detectable effect 18.42 points" in line
    assert line.endswith("below 3.55 none of its 1500 samples would do")


@pytest.mark.parametrize("clusters", [["a"] * 40, ["a", "b"], [*["a"] * 30, *["b"] * 30]])
def test_a_design_that_decides_nothing_is_told(clusters: list[str]) -> None:
    """Even if all were lost, or all were won: chance does that to so few clusters."""
    lines = {name: power_line(claim, clusters, 1, 60) for name, claim in SHIPPED.items()}
    assert all("nothing can be decided" in line for line in lines.values()), lines
    assert all("nothing can be decided at n = " in line for line in lines.values()), lines
    assert "samples would, it has 60" in lines["permutation"], "nor can the whole benchmark"
    assert "nothing can be decided" not in power_line(CLAIM, singletons(30), 1, 60)


@pytest.mark.parametrize("n", range(1, 12))
def test_no_plan_promises_an_effect_that_cannot_be(n: int) -> None:
    lines = [power_line(claim, singletons(n), 1, 60) for claim in SHIPPED.values()]
    lines += gates(list(SHIPPED.values()), singletons(n), 1, 60)
    effects = [
        float(each) for line in lines for each in re.findall(r"effect (?:of )?([\d.]+|inf) points", line)
    ]
    assert all(each <= 100 for each in effects) and not any("inf" in line.split() for line in lines)


def test_a_gate_that_cannot_hold_is_told() -> None:
    (line,) = gates([SHIPPED["permutation"]], singletons(300), 1, 5000)
    assert "minimum detectable effect of 4.70 points exceeds the regression margin of 2" in line
    assert line.endswith("about 1,540 samples would decide; it takes fewer if fewer change")
    assert list(gates([SHIPPED["permutation"]], singletons(2000), 1, 5000)) == []


def test_what_a_sequential_run_uses_is_predicted_from_the_plan() -> None:
    """8.5 x 0.10 / 0.05^2 = 340 samples; 5.7 / 0.05 = 114 clusters at least; more than there are is all."""
    claim = SHIPPED["permutation"]
    assert expected_share(claim, [1] * 1500, 1) * 1500 == pytest.approx(340)
    assert expected_share(claim, [10] * 150, 5) * 1500 == pytest.approx(1140)
    assert expected_share(claim, [1] * 300, 1) == 1.0
    assert expected_share(claim, [1] * 1500, 1, bound=2.0) == pytest.approx(340 / 1500)


def test_a_plan_for_bets_says_that_they_take_more() -> None:
    pictures = [str(i) for i in range(300)]
    usual, bets = (
        power_line(replace(CLAIM, exact=exact), pictures, 1, 750) for exact in ("dirichlet", "bets")
    )
    assert bets.startswith(usual) and "bets take more" in bets.removeprefix(usual)


def test_what_is_needed_to_catch_a_regression_is_said_with_the_bound() -> None:
    line = catch_line("scenes", [str(i) for i in range(750)], 1, 0.80, benchmarks=10)
    assert "a loss of 1 point is caught in 80 % by 1,333 answers if 2 % flip" in line
    assert "by 161 at least, if harmless changes flip none; it has 750; 167 of each of 10 benchmarks" in line
    pairs = catch_line("pairs", [str(i // 2) for i in range(750)], 1, 0.80)
    assert "1,457 answers if 2 %" in pairs and "benchmarks" not in pairs
    assert "a loss of 12 points" in (all_lost := catch_line("x", ["a", "b"], 12, 0.95))
    assert "if 12 % flip" in all_lost
    assert "by 4 answers if 100 % flip; by 1 at least" in catch_line("x", ["a", "b"], 100, 0.95)


def test_a_tolerance_out_of_reach_is_said_before_the_run() -> None:
    pictures = [str(i) for i in range(200)]
    assert out_of_reach(CLAIM, pictures, pictures) == ""
    assert out_of_reach(CLAIM, pictures[:100], pictures).endswith("149 would do (--samples)")
    assert out_of_reach(CLAIM, pictures[:100], pictures[:120]).endswith(
        "149 would do, this benchmark has 120"
    )
    assert out_of_reach(replace(CLAIM, direction="at_least"), pictures[:9], pictures) == ""


@pytest.mark.parametrize(("draws", "samples"), [(5, 266), (20, 243)])
def test_more_draws_of_a_sample_make_its_scores_finer_and_fewer_would_do(draws: int, samples: int) -> None:
    """Scores that are means of 20 draws take steps of a twentieth, by which a bound is corrected."""
    claim = replace(CLAIM, planned_discordance=0.1)
    assert _needed(0.05, claim, grouped(600, 4), draws) == samples
