"""Subsets: exact size, whole clusters, nested, and one line for what can't be had."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.benchmarks import scenes
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
def test_exactly_n_and_only_the_last_cluster_cut(n: int, seed: int) -> None:
    chosen = subset(toy(), n, seed).samples
    assert len(chosen) == len({sample.id for sample in chosen}) == n
    clusters = list(dict.fromkeys(sample.cluster for sample in chosen))
    for cluster in clusters[:-1]:
        assert sum(sample.cluster == cluster for sample in chosen) == SIZES[int(cluster)]


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
