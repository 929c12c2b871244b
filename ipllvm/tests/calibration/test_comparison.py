"""The gate beside other rules: as they are restated, on cells of known truth."""

import numpy as np
import pytest

from ipllvm.calibration import comparison, releases, rivals
from ipllvm.calibration.rival_rules import MARGIN, RULES, Paired
from ipllvm.sampling import generator


def paired(lost: int, won: int = 0, n: int = 300) -> Paired:
    values = np.zeros(n)
    values[:lost], values[lost : lost + won] = 1.0, -1.0
    return Paired(values, np.arange(n))


def test_ten_identical_answers_pass_every_rule_but_this_one() -> None:
    said = {name: rule(paired(0, n=10)) for name, rule in RULES.items()}
    ours = {name for name in said if name.startswith("ipllvm")}
    assert {said[name] for name in ours} == {(False, False)}
    assert {said[name] for name in said if name not in ours} == {(True, False)}


def test_what_each_rule_says_of_a_plain_case() -> None:
    worse = {name: alarm for name, rule in RULES.items() for _, alarm in [rule(paired(9, 1))]}
    assert worse["ipllvm"] and not worse["ipllvm --fail-on=violated"]
    assert worse["threshold of 2 points"] and worse["McNemar two-sided (mlflow, holdline)"]
    assert not worse["unpaired z (lm-eval)"] and not worse["TOST (distil, statsmodels)"]


@pytest.mark.parametrize("cell", rivals.CELLS, ids=lambda cell: cell.name)
def test_a_cell_has_the_truth_that_it_says(cell: rivals.RivalCell) -> None:
    means = {"at": MARGIN, "same": 0.0, "equal": 0.0, "bad": 0.05}
    for truth in rivals.TRUTHS:
        law = sum(step * chance for step, chance in cell.laws[truth])
        assert law == pytest.approx(means[truth], abs=1e-9), truth
        drawn = [cell.drawn(truth, generator("t", run)).lost.mean() for run in range(60)]
        assert np.mean(drawn) == pytest.approx(law, abs=0.02), truth


def test_a_release_that_loses_a_point_everywhere_is_red_and_an_unchanged_one_is_not() -> None:
    named = {release.name: release for release in releases.RELEASES}
    worse = releases.drawn(named["all lose 1, none won, engine exact"], "clusters", 0)
    same = releases.drawn(named["unchanged, nothing flips"], "clusters", 0)
    for name in ("ipllvm", "ipllvm --noise-floor"):
        assert releases.PROCEDURES[name](worse) and not releases.PROCEDURES[name](same)


def test_the_table_is_made_of_the_rows() -> None:
    tasks = {name: task for name, task in comparison.tasks().items() if "baseline 100" in name}
    rows = {name: {"runs": 5, "rates": comparison.measure(*task, 5)} for name, task in tasks.items()}
    text = "\n".join(comparison.lines(rows))
    assert "| ipllvm |" in text and "300 singles, baseline 100 %" in text
