"""Subsets: exact size, few samples of many clusters, nested, and one line for what can't be had."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.benchmarks import easyvqa, scenes
from ipllvm.benchmarks.definition import Definition, Protocol
from ipllvm.benchmarks.names import STANDARD
from ipllvm.benchmarks.subset import subset
from ipllvm.errors import UsageError
from ipllvm.records import Benchmark, Sample

SIZES = (1, 3, 2, 5, 1, 4)


def toy() -> Benchmark:
    """16 samples in clusters of unequal size."""
    samples = [
        Sample(f"{cluster}-{k}", f"{cluster}", (), "?", "yes")
        for cluster, size in enumerate(SIZES)
        for k in range(size)
    ]
    return Benchmark("toy", tuple(samples), "exact_match", "digest", "made up")


def ids(n: int, seed: int) -> list[str]:
    """The sample ids of a subset."""
    return [sample.id for sample in subset(toy(), n, seed).samples]


@given(n=st.integers(1, sum(SIZES)), seed=st.integers(0, 50))
def test_exactly_n_and_no_cluster_two_ahead_of_another(n: int, seed: int) -> None:
    chosen = subset(toy(), n, seed).samples
    assert len(chosen) == len({sample.id for sample in chosen}) == n
    counts = Counter(sample.cluster for sample in chosen)
    for cluster, size in enumerate(SIZES):
        assert counts[str(cluster)] >= min(size, max(counts.values()) - 1)


@given(n=st.integers(1, sum(SIZES)), seed=st.integers(0, 50))
def test_pairs_stay_whole_but_for_the_last(n: int, seed: int) -> None:
    chosen = subset(replace(toy(), pairs=True), n, seed).samples
    assert len(chosen) == len({sample.id for sample in chosen}) == n
    counts = Counter(sample.cluster for sample in chosen)
    parted = [c for c, count in counts.items() if count % 2 and count < SIZES[int(c)]]
    assert len(parted) <= 1, "two that are taken at once are parted at the end alone"


def of_pairs(total: str) -> Benchmark:
    """30 pictures with two questions each, of a definition with that total."""
    rows = [{"id": f"{n // 2}-{n % 2}", "cluster": f"{n // 2}"} for n in range(60)]
    made = Definition(
        "toy",
        "Toy",
        60,
        "none",
        lambda row: Sample("", str(row["cluster"]), (), "", "yes", labels=(("category", "count"),)),
        {STANDARD: Protocol(lambda row, sample: "?", 8, "plain", "nobody")},
        {"plain": "yes_no"},
        total=total,
        pictures=(),
    )
    return made.benchmark(rows, "made up", STANDARD)


@pytest.mark.parametrize("total", ["mme_points", "pair_accuracy"])
@given(pairs=st.integers(1, 30), seed=st.integers(0, 20))
def test_what_counts_both_answers_on_a_picture_is_asked_both(total: str, pairs: int, seed: int) -> None:
    part = subset(of_pairs(total), 2 * pairs, seed)
    assert set(Counter(sample.cluster for sample in part.samples).values()) == {2}
    assert part.total == total


@pytest.mark.parametrize("total", ["mme_points", "pair_accuracy"])
@pytest.mark.parametrize("n", [1, 31, 59])
def test_a_parted_picture_has_no_total_of_pairs(total: str, n: int) -> None:
    assert subset(of_pairs(total), n, 0).total == "accuracy"
    assert subset(of_pairs("accuracy"), n, 0).total == "accuracy"


@pytest.mark.parametrize("n", [30, 45])
def test_pictures_that_nobody_called_pairs_have_no_total_of_pairs_when_cut(n: int) -> None:
    whole = replace(of_pairs("mme_points"), pairs=False)
    assert subset(whole, n, 0).total == "accuracy"


def test_which_two_of_many_is_random() -> None:
    taken = {
        sample.id for seed in range(40) for sample in subset(toy(), 10, seed).samples if sample.cluster == "3"
    }
    assert taken == {f"3-{k}" for k in range(5)}


def test_all_of_it_is_all_of_it() -> None:
    assert sorted(ids(sum(SIZES), 3)) == sorted(sample.id for sample in toy().samples)


@given(sizes=st.tuples(st.integers(1, 16), st.integers(1, 16)), seed=st.integers(0, 50))
def test_a_smaller_subset_begins_a_larger_one(sizes: tuple[int, int], seed: int) -> None:
    small, large = sorted(sizes)
    assert ids(large, seed)[:small] == ids(small, seed)


def test_the_seed_decides() -> None:
    assert ids(6, 1) == ids(6, 1)
    assert len({tuple(ids(6, seed)) for seed in range(10)}) > 5


def test_both_renderings_get_the_same_samples() -> None:
    short, lettered = subset(scenes.short(0), 101, 4), subset(scenes.lettered(0), 101, 4)
    assert [sample.id for sample in short.samples] == [sample.id for sample in lettered.samples]


def test_two_hundred_pictures_rather_than_twenty() -> None:
    chosen = subset(easyvqa.short(0), 200, 0).samples
    assert len({sample.cluster for sample in chosen}) == 200
    assert len({sample.kind for sample in chosen}) == len(
        {sample.kind for sample in easyvqa.short(0).samples}
    )


def test_the_rest_stays_the_benchmark_s_own() -> None:
    part = subset(toy(), 3, 0)
    assert (part.name, part.digest, part.scorer) == ("toy", "digest", "exact_match")


@pytest.mark.parametrize("n", [0, -1])
def test_too_few(n: int) -> None:
    with pytest.raises(UsageError, match=rf"^--samples {n}: at least 1 sample is needed$"):
        subset(toy(), n, 0)


def test_too_many() -> None:
    with pytest.raises(UsageError) as caught:
        subset(scenes.short(0), 5000, 0)
    assert str(caught.value) == "--samples 5000: 'scenes' has 1,500 samples"
