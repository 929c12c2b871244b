"""Rules of other tools, beside the same tests of scipy, and what every rule must say of plain cases."""

import numpy as np
import pytest
from scipy import stats

from ipllvm.calibration import rival_rules as rules
from ipllvm.calibration.rival_rules import LEVEL, MARGIN, RULES, Paired, Rule
from ipllvm.calibration.rivals import CELLS, TRUTHS, RivalCell, Truth, measure

N = 200


def paired(lost: int, won: int, n: int = N, size: int = 1) -> Paired:
    """So many of n samples were lost and won, in clusters of `size`."""
    values = np.zeros(n)
    values[:lost], values[lost : lost + won] = 1, -1
    return Paired(values, np.arange(n) // size)


COUNTS = [(0, 0), (1, 0), (0, 1), (4, 4), (5, 0), (6, 0), (9, 2), (14, 4), (20, 3), (3, 20), (60, 20)]


@pytest.mark.parametrize(("lost", "won"), COUNTS)
def test_mcnemar_is_the_exact_sign_test(lost: int, won: int) -> None:
    def p(alternative: str) -> float:
        test = stats.binomtest(lost, lost + won, alternative=alternative) if lost + won else None
        return float(test.pvalue) if test else 1.0

    found = paired(lost, won)
    two = p("two-sided") < LEVEL and lost > won
    assert rules.mcnemar(found) == (not two, two)
    one = p("greater") <= LEVEL
    assert rules.one_sided_mcnemar(found) == (not one, one)


@pytest.mark.parametrize(("lost", "won"), COUNTS[1:])
def test_the_t_interval_is_that_of_the_paired_difference(lost: int, won: int) -> None:
    found = paired(lost, won)
    low, high = stats.ttest_1samp(found.lost, 0).confidence_interval(1 - LEVEL)
    assert rules.paired_t(found) == (high < MARGIN, low > 0)


@pytest.mark.parametrize(("lost", "won"), COUNTS)
def test_two_one_sided_tests_are_those_of_scipy(lost: int, won: int) -> None:
    found = paired(lost, won)
    if lost + won:
        inside = stats.ttest_1samp(found.lost, MARGIN, alternative="less").pvalue <= LEVEL
        outside = stats.ttest_1samp(found.lost, MARGIN, alternative="greater").pvalue <= LEVEL
    else:
        inside, outside = True, False
    assert rules.tost(found) == (inside, outside)


@pytest.mark.parametrize(("lost", "won"), [(9, 2), (14, 4), (60, 20)])
def test_an_interval_over_clusters_of_one_is_the_paired_one_and_wider_where_they_agree(
    lost: int, won: int
) -> None:
    assert rules.cluster_t(paired(lost, won)) == rules.paired_t(paired(lost, won))
    together = paired(20, 0, size=20)
    assert rules.paired_t(together)[1] and not rules.cluster_t(together)[1]


@pytest.mark.parametrize(
    ("lost", "n", "passes"),
    [(0, 100, True), (2, 100, True), (3, 100, False), (1, 49, False), (1, 50, True), (1, 1, False)],
)
def test_a_threshold_looks_at_the_mean_alone(lost: int, n: int, passes: bool) -> None:
    assert rules.threshold(paired(lost, 0, n)) == (passes, not passes)


def test_an_unpaired_test_needs_more_to_be_lost_than_a_paired_one() -> None:
    assert rules.mcnemar(paired(6, 0))[1] and not rules.unpaired_z(paired(6, 0))[1]
    first = next(lost for lost in range(N) if rules.unpaired_z(paired(lost, 0))[1])
    drop, now = first / N, rules.BASELINE - first / N
    error = np.sqrt((rules.BASELINE * (1 - rules.BASELINE) + now * (1 - now)) / N)
    assert 2 * stats.norm.sf(drop / error) < LEVEL
    assert not rules.unpaired_z(paired(0, N - 1))[1], "what is won is no alarm"


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("size", [1, 2])
def test_what_every_rule_must_say(name: str, size: int) -> None:
    """Of a model that lost a half, an alarm; of one that won as much or did not change, none."""
    rule: Rule = RULES[name]
    assert rule(paired(N // 2, 0, size=size)) == (False, True)
    assert rule(paired(0, N // 2, size=size)) == (True, False)
    assert rule(paired(0, 0, size=size))[1] is False


@pytest.mark.parametrize("name", RULES)
def test_a_rule_does_not_look_at_the_order_of_the_samples(name: str) -> None:
    rng = np.random.default_rng(3)
    found = paired(11, 3, size=2)
    order = rng.permutation(N)
    _, renamed = np.unique(found.cluster[order], return_inverse=True)
    shuffled = Paired(found.lost[order], renamed)
    assert RULES[name](shuffled) == RULES[name](found)


def test_counts_are_of_samples_whatever_their_values() -> None:
    found = Paired(np.array([1.0, 0.1, 0.0, -0.1, -1.0, -0.5]), np.arange(6), 0.0)
    assert found.counts == (2, 3)
    assert found.contrast.clusters == tuple("012345") and found.contrast.lattice == 0.0


def expected(cell: RivalCell, truth: Truth) -> float:
    return float(sum(change * chance for change, chance in cell.laws[truth]))


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_the_four_truths_of_a_cell_are_what_they_are_called(cell: RivalCell) -> None:
    assert expected(cell, "at") == pytest.approx(MARGIN)
    assert expected(cell, "same") == pytest.approx(0) and expected(cell, "equal") == 0
    assert expected(cell, "bad") == pytest.approx(0.05)
    assert all(sum(chance for _, chance in cell.laws[truth]) <= 1 for truth in TRUTHS)


@pytest.mark.parametrize("agree", ["", "mix", "beta"])
@pytest.mark.parametrize("draws", [1, 5])
def test_what_is_drawn_has_the_mean_and_the_clusters_of_its_law(agree: str, draws: int) -> None:
    sizes = (1, 2, 5) * 4000
    cell = RivalCell("x", sizes, CELLS[0].laws, agree, draws=draws)
    found = cell.drawn("bad", np.random.default_rng(5))
    assert np.bincount(found.cluster).tolist() == list(sizes)
    assert found.lost.mean() == pytest.approx(0.05, abs=0.01)
    assert found.lattice == 1 / draws and np.allclose(found.lost * draws % 1, 0)
    assert not cell.drawn("equal", np.random.default_rng(5)).lost.any()


def test_rates_are_shares_of_runs_in_percent_and_the_same_each_time() -> None:
    told = {"all": lambda found: (True, False), "none": lambda found: (False, True)}
    found = measure(CELLS[2], 3, told)
    assert found["all"] == {f"pass {t}": 100.0 for t in TRUTHS} | {f"alarm {t}": 0.0 for t in TRUTHS}
    assert found["none"] == {f"pass {t}": 0.0 for t in TRUTHS} | {f"alarm {t}": 100.0 for t in TRUTHS}
    some = {"threshold": RULES["threshold of 2 points"]}
    assert measure(CELLS[2], 5, some) == measure(CELLS[2], 5, some)
