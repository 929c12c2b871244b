"""Laws of contrasts, scores and claims: round trips through JSON, parts of parts, pairs, how many to ask."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.benchmarks import planted
from ipllvm.records import BenchmarkInfo, Claim, Contrast, Failed, Scores

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.floats(-2, 2, allow_nan=False)
ENDS = st.just(()) | st.tuples(st.floats(-2, 0), st.floats(0, 2), st.just(((-1.0, 1.0), (0.0, 0.5))))


@st.composite
def contrasts(draw: st.DrawFn) -> Contrast:
    """Any that can be written down: of 0 to 6 samples, under names of any letters."""
    n = draw(st.integers(0, 6))
    numbers = draw(st.lists(NUMBERS, min_size=n, max_size=n))
    ids = draw(st.lists(NAMES, min_size=n, max_size=n, unique=True))
    made: dict[str, Any] = {
        "name": draw(NAMES), "values": np.array(numbers, float), "clusters": tuple(name[:1] for name in ids),
        "samples": tuple(ids), "bound": draw(st.sampled_from((1.0, 2.0))), "n_error": draw(st.integers(0, 3)),
        "weighted": draw(st.booleans()), "signed": draw(st.booleans()), "shared": draw(st.floats(1, 9)),
        "failed": tuple(Failed(name, name[:1], *draw(ENDS)) for name in draw(st.lists(NAMES, max_size=2))),
    }  # fmt: skip
    if draw(st.booleans()):
        made["crossed"] = np.array(numbers * 2, float).reshape(2, n).T
    below = Contrast("below", made["values"], made["clusters"], samples=made["samples"], weighted=True)
    return Contrast(**made, over=below if draw(st.booleans()) else None)


def told(contrast: Contrast) -> str:
    return json.dumps(contrast.to_builtins(), sort_keys=True)


@settings(deadline=None, max_examples=60)
@given(contrasts())
def test_a_contrast_comes_back_from_json(contrast: Contrast) -> None:
    back = Contrast.of_builtins(json.loads(told(contrast)))
    assert told(back) == told(contrast)
    assert (back.failures, back.together) == (contrast.failures, contrast.together)
    assert back.values.dtype == float and isinstance(back.samples, tuple)


@settings(deadline=None, max_examples=60)
@given(contrasts(), st.data())
def test_a_part_of_a_part_is_the_part_that_both_keep(contrast: Contrast, data: st.DataObject) -> None:
    n = len(contrast.values)
    first = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), bool)
    rest = int(first.sum())
    then = np.array(data.draw(st.lists(st.booleans(), min_size=rest, max_size=rest)), bool)
    both = np.zeros(n, bool)
    both[np.flatnonzero(first)[then]] = True
    assert told(contrast.only(first).only(then)) == told(contrast.only(both))
    assert contrast.only(both).failures == (), "nobody's"


@settings(deadline=None, max_examples=60)
@given(st.permutations(list("abcdef")), st.integers(0, 6), st.integers(0, 6))
def test_pairs_are_the_samples_of_both_either_way(order: list[str], first: int, last: int) -> None:
    one = Contrast("one", np.zeros(6), tuple("abcdef"), samples=tuple("abcdef"))
    some = tuple(order[min(first, last) : max(first, last)])
    other = Contrast("other", np.zeros(len(some)), some, samples=some)
    here, there = one.paired_with(other)
    assert [one.samples[row] for row in here] == [other.samples[row] for row in there]
    assert {one.samples[row] for row in here} == set(some) and here == sorted(here)
    back, forth = other.paired_with(one)
    assert sorted(zip(there, here, strict=True)) == sorted(zip(back, forth, strict=True))


def test_contrasts_without_sample_ids_have_no_pairs() -> None:
    plain = Contrast("x", np.zeros(2), ("a", "b"))
    assert plain.paired_with(plain) == ([], [])


@pytest.mark.parametrize(
    ("bound", "signed", "span", "ends"),
    [
        (1.0, True, (), (-1.0, 1.0)), (2.0, True, (), (-2.0, 2.0)), (1.0, False, (), (0.0, 1.0)),
        (1.0, True, (-1.0, 0.5), (-1.0, 0.5)), (1.0, True, (-3.0, 0.0), (-1.0, 0.0)),
    ],
)  # fmt: skip
def test_what_failed_could_be_anything_unless_it_is_known(
    bound: float, signed: bool, span: tuple[float, float] | tuple[()], ends: tuple[float, float]
) -> None:
    failed = (Failed("s", "c", *span),)
    found = Contrast("x", np.zeros(4), tuple("abcd"), bound, n_error=2, signed=signed, failed=failed)
    named, other = found.failures
    assert named == Failed("s", "c", *ends) and (other.cluster, found.complete.n_error) == ("no value 0", 0)
    assert other[2:4] == (-bound if signed else 0.0, bound) and named.anywhere == Failed("s", "c")
    whole = found.complete
    assert whole.failures == () and whole.complete is whole


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 5000), st.integers(0, 10_000))
def test_as_many_samples_are_asked_as_give_so_many_values(n: int, failed: int, asked: int, more: int) -> None:
    found = Contrast("x", np.zeros(n), ("a",) * n, n_error=failed, sample_count=asked)
    need, given_by = found.in_samples(more), n + failed
    assert need >= more
    if asked > given_by > 0:
        assert need * given_by >= more * asked > (need - 1) * given_by or more == need == 0
        assert found.in_samples(given_by) == asked
    else:
        assert need == more


@pytest.mark.parametrize(
    ("made", "together"),
    [
        ({}, False), ({"linearised": True}, True), ({"fitted": True}, True), ({"weighted": True}, False),
        ({"crossed": np.zeros((2, 3))}, True), ({"shared": 4.0}, False),
    ],
)  # fmt: skip
def test_values_that_hang_together_are_known(made: dict[str, Any], together: bool) -> None:
    assert Contrast("x", np.zeros(2), ("a", "b"), **made).together is together


def test_rows_of_scores_are_taken_in_their_order_and_as_often_as_asked() -> None:
    whole = Scores(
        "p", ("a", "b", "c"), ("A", "B", "B"), np.array([[1.0], [np.nan], [0.25]]), {"b": "boom"},
        shared=2.0,
    )  # fmt: skip
    part = whole.at([2, 0, 2])
    assert part.samples == ("c", "a", "c") and part.clusters == ("B", "A", "B")
    assert part.values.tolist() == [[0.25], [1.0], [0.25]] and part.errors == {} and part.shared == 2.0
    assert whole.at([1]).errors == {"b": "boom"}
    assert whole.at([]).values.shape == (0, 1) and whole.at([]).samples == ()
    assert whole.answers == part.answers == () and part.unread is None


@pytest.mark.parametrize(
    ("values", "answers", "unread"),
    [
        ([[1.0]], (("yes",),), 0.0), ([[0.0]], ((None,),), 1.0), ([[math.nan]], ((None,),), None),
        ([[0.0, 1.0, math.nan, 0.0]], ((None, "a", None, ""),), 1 / 3), ([[0.0]], (("",),), 0.0),
    ],
)  # fmt: skip
def test_unread_is_not_wrong_and_an_error_is_neither(
    values: Any, answers: tuple[tuple[str | None, ...], ...], unread: float | None
) -> None:
    """An answer that was read as nothing was read."""
    assert Scores("p", ("a",), ("a",), np.array(values), {}, answers).unread == unread


@pytest.mark.parametrize(
    ("direction", "margin", "words", "limit"),
    [
        ("at_most", 2.0, "at most 2 points", 0.02), ("at_least", 2.5, "at least 2.5 points", -0.025),
        ("at_most", 0.0, "at most 0 points", 0.0), ("at_least", 1e-3, "at least 0.001 points", -1e-5),
        ("at_least", -5.0, "at least -5 points", 0.05),
    ],
)  # fmt: skip
def test_a_claim_in_words_and_in_scores(direction: str, margin: float, words: str, limit: float) -> None:
    claim = Claim("c", "drop", direction, margin, "requirement", "", "")
    assert claim.words == words
    assert claim.signed_margin == pytest.approx(limit)
    holds = claim.sign * np.array([margin - 1, margin, margin + 1]) / 100 <= claim.signed_margin + 1e-12
    assert holds.tolist() == [direction == "at_most", True, direction == "at_least"]


@pytest.mark.parametrize("count", [0, 1, 7])
def test_the_benchmark_of_a_result_counts_its_samples_and_clusters(count: int) -> None:
    data = planted.single()
    some = (replace(sample, cluster=f"c{i // 2}") for i, sample in enumerate(data.samples[:count]))
    part = replace(data, samples=tuple(some))
    info = BenchmarkInfo.of(part, 99)
    assert (info.n, info.clusters, info.total) == (count, -(-count // 2), 99)
    assert (info.name, info.digest) == (data.name, data.digest)
