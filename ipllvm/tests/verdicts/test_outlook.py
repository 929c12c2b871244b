"""What would decide, by hand, and what is told where nothing would."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from ipllvm.records import Claim, Contrast, Point, Series
from ipllvm.stats.choice import choose
from ipllvm.stats.score_interval import ScoreTest
from ipllvm.stats.sequential import Order, Sequential
from ipllvm.tests.stats.contrasts import doubled, flips, grouped, scattered
from ipllvm.verdicts.decide import decide
from ipllvm.verdicts.outlook import ahead, evidence, outlook_of, unbounded

CLAIM = Claim("permutation", "drop", "at_most", 2.0, "requirement", "paper", "costs little")


def outlook_for(contrast: Contrast, margin: float, available: int | None = None) -> tuple[int | None, str]:
    claim = replace(CLAIM, margin=margin)
    found = ahead(contrast, claim, ScoreTest.of(contrast), choose(contrast), available)
    return found.n, found.sentence


@pytest.mark.parametrize(
    ("contrast", "margin"), [(flips(300, 12, 6), 6.0), (flips(300, 25, 5), 4.0), (doubled(), 7.0)]
)
def test_four_runs_in_five_of_that_size_would_decide(contrast: Contrast, margin: float) -> None:
    """At so many times the clusters the p-value of a typical run is the one that 80 % of runs are below."""
    n, sentence = outlook_for(contrast, margin)
    test, level = ScoreTest.of(contrast), norm.sf(norm.isf(0.05) + norm.ppf(0.8))
    inside = contrast.values.mean() < margin / 100
    p = test.p_holds if inside else test.p_violated
    assert n is not None and n > len(contrast.values)
    grown = test.grown(n / len(contrast.values))
    assert (grown.p_holds if inside else grown.p_violated)(margin / 100) == pytest.approx(level, rel=0.05)
    assert p(margin / 100) > level
    low, high = test.interval(0.05)
    far, gap = (low if inside else high), contrast.values.mean() - margin / 100
    there = math.ceil(n * (gap / (abs(gap) + abs(far - contrast.values.mean()))) ** 2)
    assert (
        f"(about {max(there, len(contrast.values) + 1)} if it is {100 * far:.2f}, none at the margin)"
        in sentence
    )


def test_where_nothing_changed_the_exact_bound_is_asked() -> None:
    """(1 - 0.02)^149 is below 5 %, ten samples a cluster ask for ten times as many."""
    assert outlook_for(flips(60, 0), 2.0) == (149, "about 149 samples would decide")
    assert outlook_for(flips(60, 0, size=10), 2.0)[0] == 1483
    assert outlook_for(replace(flips(60, 0), bound=2.0), 2.0)[0] == math.ceil(math.log(0.05) / math.log(0.99))
    assert outlook_for(flips(60, 0), 0.0) == (None, "at the margin")
    assert outlook_for(flips(60, 0), -2.0)[0] == 149
    assert "it has 100" in outlook_for(flips(60, 0), 2.0, available=100)[1]


def test_what_is_told_is_in_samples_of_the_benchmark() -> None:
    """Of 300 questions 60 are of absent things: to have 149 of these, 745 have to be asked."""
    few = flips(60, 0)
    assert outlook_for(replace(few, sample_count=300), 2.0) == (745, "about 745 samples would decide")
    assert outlook_for(replace(few, sample_count=60), 2.0)[0] == outlook_for(few, 2.0)[0] == 149
    assert outlook_for(replace(few, sample_count=300, n_error=60), 2.0)[0] != 745
    sentence = outlook_for(replace(few, sample_count=300), 2.0, available=700)[1]
    assert sentence.startswith("this benchmark cannot decide: about 745 samples would")
    changed = flips(300, 12, 6)
    alone, sentence = outlook_for(changed, 6.0)
    five, told = outlook_for(replace(changed, sample_count=1500), 6.0)
    assert alone is not None and five == 5 * alone
    numbers = [int(re.findall(r"about (\d+) if", text)[0]) for text in (sentence, told)]
    assert numbers[1] == 5 * numbers[0]
    little = Contrast("drop", np.array([0.0]), ("a",), samples=("a",))
    claim = replace(CLAIM, margin=2.0)
    found = [decide(replace(little, sample_count=count), claim).n_to_decide for count in (0, 4)]
    assert found[0] is not None and found[1] == 4 * found[0]
    six = replace(CLAIM, margin=6.0)
    run = [outlook_of(replace(changed, sample_count=count), six, 300, 9000).n for count in (0, 1500)]
    assert run[0] is not None and run[1] is not None and 4 * run[0] < run[1] <= 5 * run[0] + 5


def test_draws_that_stand_for_others_and_means_at_the_margin_have_no_number() -> None:
    table = np.random.default_rng(0).random((60, 10))
    crossed = Contrast("x", table.mean(1), grouped(60, 1), lattice=0.0, draws=10, crossed=table)
    assert outlook_for(crossed, 90.0) == (
        None,
        "more draws would tell more than more samples, as draws stand for others",
    )
    assert outlook_for(flips(300, 12, 6), 2.0) == (
        None,
        "at the margin: no number of samples is likely to decide",
    )


@pytest.mark.parametrize(("logs", "expected"), [(0, (1.0, 1.0)), (30, None), (3000, None)])
def test_the_evidence_is_the_largest_so_far(logs: int, expected: tuple[float, float] | None) -> None:
    contrast = flips(logs, logs // 3)
    sequence = Sequential.of(contrast, Order.of(contrast.clusters))
    found = evidence(sequence, 0.02)
    if expected is None:
        seen = [float(np.max(log)) for log in (sequence.log_holds(0.02), sequence.log_violated(0.02))]
        expected = (math.exp(max(seen[0], 0)), math.exp(min(max(seen[1], 0), 700)))
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("contrast", "margin", "size"), [(scattered(), 8.0, 10), (flips(200, 60), 12.0, 1), (doubled(), 20.0, 1)]
)
def test_a_run_that_is_looked_at_goes_on_for_as_long_as_such_runs_do(
    contrast: Contrast, margin: float, size: int
) -> None:
    """8.5 variances over the squared distance, at least 5.7 clusters over the distance, all in bounds."""
    groups = np.add.reduceat(contrast.values, np.arange(0, len(contrast.values), size))
    variance = size * float(groups.var(ddof=1)) / size**2 / contrast.bound**2
    gap = abs(contrast.values.mean() - margin / 100) / contrast.bound
    needed = math.ceil(max(8.5 * variance / gap**2, 5.7 / gap * size) - 1e-9)
    samples = len(contrast.values)
    found = outlook_of(contrast, replace(CLAIM, margin=margin), samples, 10**6)
    assert found.n == max(needed, samples + 1)
    assert outlook_of(contrast, replace(CLAIM, margin=margin), 0, 10**6).n == needed


def test_near_the_margin_and_of_nothing_no_number_is_told() -> None:
    contrast = flips(100, 10)
    error = float(contrast.values.std(ddof=1)) / 10
    for steps, near in ((0.49, True), (0.51, False)):
        found = outlook_of(contrast, replace(CLAIM, margin=100 * (0.1 + steps * error)), 100, 10**6)
        assert (found.n is None) is near
    assert outlook_of(flips(0, 0), CLAIM, 0, 100).sentence == "nothing was measured"


def test_a_curve_that_was_looked_at_has_points_alone() -> None:
    series = Series("c", "drop", "points", ("x",), (Point((1.0,), 3.0, 1.0, 5.0), Point((2.0,), None)))
    assert unbounded(series) == replace(series, points=(Point((1.0,), 3.0), Point((2.0,), None)))
