"""Retention: what the claim's contrast is, and the ratio beside it."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.metrics.retention import both, mean_of_classes, retention
from ipllvm.records import Contrast, Sample, Scores
from ipllvm.stats.choice import INDISTINCT
from ipllvm.stats.fieller import Ratio, ratio

NAN = float("nan")


def scores(values: Sequence[float]) -> Scores:
    """One score a sample, each in a cluster of its own."""
    ids = tuple(f"s{i}" for i in range(len(values)))
    errors = {name: "boom" for name, value in zip(ids, values, strict=True) if value != value}
    return Scores("clean", ids, ids, np.array(values, float)[:, None], errors)


def counted(right: int, gained: int, lost: int, neither: int) -> tuple[Scores, Scores]:
    """Scores of a model and its encoder, by how often both, one or neither is right."""
    llvm = [1] * right + [1] * gained + [0] * lost + [0] * neither
    encoder = [1] * right + [0] * gained + [1] * lost + [0] * neither
    return scores(llvm), scores(encoder)


def test_the_contrast_is_fiellers() -> None:
    made = retention(scores([1, 1, 0, 0]), scores([1, 0, 1, 0]), 0.9)
    assert made.values.tolist() == [0.1, 1.0, -0.9, 0.0]
    assert (made.bound, made.lattice, made.n_error) == (1.0, 0.0, 0)


def test_samples_that_failed_are_left_out_and_counted() -> None:
    made = retention(scores([1, NAN, 0]), scores([1, 1, NAN]), 0.5)
    assert made.values.tolist() == [0.5]
    assert made.n_error == 2


def test_the_ratio_of_the_test_vector() -> None:
    llvm, encoder = counted(110, 10, 140, 40)
    found = ratio(*both(llvm, encoder))
    assert found.value == pytest.approx(0.48)
    assert found.interval == pytest.approx((0.4243, 0.5366), abs=5e-5)
    assert str(found) == "0.48 [0.42, 0.54]"
    assert retention(llvm, encoder, 0.5).values.mean() == pytest.approx(-0.01667, abs=5e-6)


def test_a_denominator_that_may_be_0_gives_no_interval() -> None:
    assert str(ratio(*both(*counted(1, 0, 0, 29)))) == f"undefined: {INDISTINCT}"
    assert str(ratio(*both(scores([1, 0]), scores([0, 0])))) == f"undefined: {INDISTINCT}"
    assert ratio(*both(scores([NAN]), scores([1]))) == Ratio(None, None)


def test_other_samples_are_refused() -> None:
    first, second = (Contrast(name, np.ones(2), tuple(name)) for name in ("ab", "cd"))
    with pytest.raises(ValueError, match="ab and cd are not of the same samples"):
        ratio(first, second)


@given(st.lists(st.booleans(), min_size=2, max_size=40).filter(any))
def test_a_model_retains_all_of_itself(right: list[bool]) -> None:
    same = scores([1.0] * 10 + [float(each) for each in right])
    assert ratio(*both(same, same)).value == 1.0
    assert not retention(same, same, 1.0).values.any()


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=3, max_size=40))
def test_the_interval_holds_the_ratio(right: list[tuple[bool, bool]]) -> None:
    llvm, encoder = (scores([float(pair[side]) for pair in right]) for side in (0, 1))
    found = ratio(*both(llvm, encoder))
    if found.interval is not None and found.value is not None:
        assert found.interval[0] - 1e-9 <= found.value <= found.interval[1] + 1e-9


def test_a_mean_of_classes_weighs_a_class_of_one_as_one_of_three() -> None:
    samples = [Sample(f"s{i}", f"s{i}", (), "?", answer) for i, answer in enumerate("aaabb")]
    found = mean_of_classes(scores([1, 0, 0, 1, NAN]), samples)
    assert found.values == pytest.approx([2 / 3, 0, 0, 2])
    assert found.values.mean() == pytest.approx((1 / 3 + 1) / 2)
    assert (found.bound, found.lattice, found.weighted) == (2.0, 0.0, True)
    assert [each[2:4] for each in found.failures] == [(0.0, 2.0)]
    assert (found.samples, found.n_error) == (("s0", "s1", "s2", "s3"), 1)
