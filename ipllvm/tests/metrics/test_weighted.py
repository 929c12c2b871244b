"""Weighted sums of scores, and the claims made of them, against figures worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.metrics.curves import area_terms, kept_share, trapezoid
from ipllvm.metrics.importance import lowest_quarter, more_lost, quarter_share
from ipllvm.metrics.performance_drop import performance_drop
from ipllvm.metrics.retention import retention
from ipllvm.metrics.weighted import drawn, mean_terms, weighted
from ipllvm.records import Scores

SAMPLES = 400


def scores(accuracy: float, name: str = "p", n: int = SAMPLES) -> Scores:
    """Right for the first samples, a mean of `accuracy` in all."""
    ids = tuple(f"s{i}" for i in range(n))
    values = (np.arange(n) < round(accuracy * n)).astype(float)[:, None]
    return Scores(name, ids, tuple(f"c{i // 2}" for i in range(n)), values)


def test_the_area_is_that_of_the_trapezoid_rule() -> None:
    curve = {ratio: scores(f) for ratio, f in zip((0, 0.25, 0.5, 0.75), (0.8, 0.72, 0.56, 0.32), strict=True)}
    mean = float(weighted("area", area_terms(curve)).values.mean())
    assert mean / 0.8 == pytest.approx(0.76667, abs=1e-5)


def test_importance_of_eight_layers() -> None:
    clean = scores(0.75)
    layers = [scores(f) for f in (0.30, 0.45, 0.60, 0.60, 0.70, 0.70, 0.75, 0.75)]
    drops = [100 * float(performance_drop(clean, each).values.mean()) / 0.75 for each in layers]
    assert drops == pytest.approx([60, 40, 20, 20, 6.6667, 6.6667, 0, 0], abs=1e-3)
    assert lowest_quarter(8) == 2
    assert float(quarter_share(clean, layers, 0.65217).values.mean()) == pytest.approx(0, abs=1e-5)
    rest = more_lost("lowest", here=layers[:2], there=layers[2:])
    assert float(rest.values.mean()) == pytest.approx(0.30833, abs=1e-5)


def test_half_of_what_can_be_lost_is_kept() -> None:
    found = kept_share(scores(0.9), scores(0.3), scores(0.7), 0.5)
    assert float(found.values.mean()) == pytest.approx((0.7 - 0.3) - 0.5 * (0.9 - 0.3))
    assert found.bound == 1.0


def test_all_but_plain_differences_are_weighted() -> None:
    """The betting bound stands by for them, where few clusters inform."""
    clean, other = scores(0.9), scores(0.3)
    assert kept_share(clean, other, other, 0.5).weighted
    assert retention(clean, other, 0.9).weighted
    assert more_lost("centre", here=[clean, other], there=[other, other]).weighted
    assert not weighted("difference", [(1.0, clean), (-1.0, other)]).weighted
    assert not more_lost("centre", here=[clean], there=[other]).weighted


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=9, unique=True))
def test_trapezoid_weights_sum_to_one(places: list[float]) -> None:
    assert sum(trapezoid([0.0, *sorted(places)])) == pytest.approx(1)


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=5), st.integers(0, 2**32 - 1))
def test_no_sum_is_beyond_its_bound(weights: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    ids = tuple("abcdef")
    terms = [(w, Scores("p", ids, ids, rng.integers(0, 2, (6, 3)).astype(float))) for w in weights]
    found = weighted("any", terms)
    assert np.abs(found.values).max() <= found.bound + 1e-9
    expected = sum(w * s.values.mean(1) for w, s in terms)
    assert found.values == pytest.approx(expected)


def test_a_sample_with_an_error_in_any_term_is_left_out_and_counted() -> None:
    fine, broken = scores(1.0, n=4), scores(1.0, n=4)
    broken.values[2] = np.nan
    found = weighted("sum", [(1.0, fine), (-1.0, broken)])
    assert (len(found.values), found.n_error, len(found.clusters)) == (3, 1, 3)


def test_clusters_must_agree() -> None:
    other = Scores("p", ("s0",), ("elsewhere",), np.ones((1, 1)))
    with pytest.raises(ValueError, match="s0 is in two clusters"):
        weighted("sum", [(1.0, scores(1.0, n=1)), (1.0, other)])


def test_draws_are_put_side_by_side() -> None:
    found = drawn("both", [scores(1.0, n=4), scores(0.5, n=4)])
    assert found.values.tolist() == [[1, 1], [1, 1], [1, 0], [1, 0]]
    stopped = drawn("both", [scores(1.0, n=4), scores(0.5, n=3)])
    assert stopped.samples == ("s0", "s1", "s2")
    assert mean_terms(1.0, [found, stopped]) == [(0.5, found), (0.5, stopped)]


def test_errors_of_samples_that_not_all_draws_have_are_left_out_with_them() -> None:
    first, second = scores(1.0, n=4), scores(0.5, n=3)
    first = replace(first, errors={"s1": "no picture", "s3": "no picture"})
    second = replace(second, errors={"s2": "too long"})
    assert drawn("both", [first, second]).errors == {"s1": "no picture", "s2": "too long"}


def test_a_plain_difference_is_no_weighted_sum() -> None:
    first, second = scores(0.9), scores(0.3)
    assert not weighted("d", [(1.0, first), (-1.0, second)]).weighted
    assert weighted("r", [(1.0, first), (-0.5, second)]).weighted
    assert kept_share(first, second, scores(0.7), 0.5).weighted
