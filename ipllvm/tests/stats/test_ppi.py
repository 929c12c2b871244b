"""A judge put right by labels of people, against PPI++ written out."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ipllvm.records import Contrast
from ipllvm.stats.choice import choose
from ipllvm.stats.ppi import FEWEST_LABELS, Corrected, _interval, corrected
from ipllvm.stats.proportion import proportion_interval
from ipllvm.stats.score_interval import ScoreTest


def judged(values: np.ndarray, size: int = 1) -> Contrast:
    ids = tuple(map(str, range(len(values))))
    return Contrast("judge", values, tuple(str(i // size) for i in range(len(values))), samples=ids)


def drawn(
    n: int = 240, labels: int = 60, agree: float = 0.85, size: int = 1
) -> tuple[Contrast, dict[str, float]]:
    """A judge of `n` answers who agrees with people that often, and what people say of the first."""
    rng = np.random.default_rng(3)
    people = (rng.random(n) < 0.6).astype(float)
    judge = np.where(rng.random(n) < agree, people, 1 - people)
    return judged(judge, size), {str(i): float(people[i]) for i in range(labels)}


@pytest.mark.parametrize("alpha", [0.05, 0.2])
@pytest.mark.parametrize("size", [1, 4])
def test_mean_and_bounds_are_those_of_the_papers(alpha: float, size: int) -> None:
    contrast, labels = drawn(size=size)
    found = corrected(contrast, labels, alpha)
    assert found is not None
    people, judge, rest = np.array(list(labels.values())), contrast.values[:60], contrast.values[60:]
    trust = np.cov(people, judge, ddof=0)[0, 1] / ((1 + 60 / 180) * np.var(judge))
    off = people - trust * judge
    assert 0 < trust < 1 and found.trust == pytest.approx(trust)
    assert found.mean == pytest.approx(off.mean() + trust * rest.mean())
    assert found.off == pytest.approx(judge.mean() - people.mean()) and found.labels == 60
    first = Contrast("off", off, contrast.clusters[:60], lattice=0.0, weighted=True)
    low, high = choose(first).interval(alpha)
    others = Contrast("rest", rest, contrast.clusters[60:])
    below, above = proportion_interval(rest.mean(), ScoreTest.of(others).effective, alpha)
    assert found.low == pytest.approx(
        found.mean - math.hypot(off.mean() - low, trust * (rest.mean() - below))
    )
    assert found.high == pytest.approx(
        found.mean + math.hypot(high - off.mean(), trust * (above - rest.mean()))
    )


def test_with_every_answer_labelled_people_alone_are_asked() -> None:
    contrast, labels = drawn(labels=240)
    people = np.array(list(labels.values()))
    alone = replace(contrast, values=people, lattice=0.0, weighted=True)
    low, high = choose(alone).interval(0.05)
    off = float(contrast.values.mean() - people.mean())
    expected = Corrected(float(people.mean()), low, high, 0.0, pytest.approx(off), 240)  # type: ignore[arg-type]
    assert corrected(contrast, labels) == expected and 0 < low < high < 1


@pytest.mark.parametrize(
    ("judge", "trust"), [(np.ones(100), 0.0), (np.arange(100) % 2 == 0, 0.0), (np.arange(100) % 2 == 1, 0.6)]
)
def test_a_judge_is_trusted_as_far_as_he_predicts(judge: np.ndarray, trust: float) -> None:
    """All alike, or the opposite of what people say: not at all; always right: 1 / (1 + 40 / 60)."""
    labels = {str(i): float(i % 2) for i in range(40)}
    found = corrected(judged(judge.astype(float)), labels)
    assert found is not None and found.trust == pytest.approx(trust)
    assert 0 <= found.low <= found.mean <= found.high <= 1


@pytest.mark.parametrize(("labels", "said"), [(FEWEST_LABELS - 1, False), (FEWEST_LABELS, True)])
def test_a_few_labels_correct_nothing(labels: int, said: bool) -> None:
    contrast, _ = drawn()
    known = {**{str(i): 1.0 for i in range(labels)}, "of another run": 1.0}
    assert (corrected(contrast, known) is not None) is said
    assert FEWEST_LABELS == 20


def test_bounds_stay_in_the_range_of_scores() -> None:
    contrast, _ = drawn(agree=1.0)
    for values, end in ((np.ones(240), 1.0), (np.zeros(240), 0.0)):
        few = replace(contrast, values=np.where(np.arange(240) % 12 == 0, 1 - values, values))
        found = corrected(few, {str(i): float(few.values[i]) for i in range(24)})
        assert found is not None and 0 <= found.low < found.mean < found.high <= 1
        assert (found.high if end else found.low) == end


def test_answers_about_one_picture_say_nothing_of_others() -> None:
    """All that no person labelled is one cluster: where its mean lies for other pictures is not known."""
    contrast, labels = drawn()
    one = replace(contrast, clusters=(*contrast.clusters[:60], *["the rest"] * 180))
    whole, narrow = corrected(one, labels), corrected(contrast, labels)
    assert whole is not None and narrow is not None
    assert whole.mean == narrow.mean and whole.high - whole.low > 1.5 * (narrow.high - narrow.low)


def test_a_judge_who_is_too_mild_counts_no_more_than_whole() -> None:
    """A quarter for what people give nothing, three quarters for 1: once is the most."""
    people = (np.arange(400) % 2).astype(float)
    found = corrected(judged(0.25 + people / 2), {str(i): float(people[i]) for i in range(40)})
    assert found is not None and found.trust == 1.0 and found.mean == pytest.approx(0.5)


@pytest.mark.parametrize("mean", [0.0, 0.5, 1.0])
def test_one_picture_leaves_the_mean_open(mean: float) -> None:
    """Thirty answers about it are one, and one tells nothing of the others."""
    assert _interval(judged(np.full(30, mean), size=30), mean, 0.05) == (0.0, 1.0)
    low, high = _interval(judged(np.full(30, mean)), mean, 0.05)
    assert 0.0 < high - low < 0.4


@pytest.mark.parametrize("agree", [0.85, 0.5])
def test_bounds_hold_whatever_people_would_say_of_answers_that_no_judge_graded(agree: float) -> None:
    contrast, labels = drawn(agree=agree)
    whole, part = corrected(contrast, labels), corrected(replace(contrast, n_error=60), labels)
    assert whole is not None and part is not None and part.mean == whole.mean
    assert 0.8 * whole.low - 0.05 < part.low < 0.8 * whole.low
    assert 0.8 * whole.high + 0.2 < part.high < 0.8 * whole.high + 0.25, "how many have none is chance"
