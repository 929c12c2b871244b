"""What a sample is put beside hangs on the whole benchmark and the sample alone."""

from collections import Counter
from dataclasses import replace
from functools import cache
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.benchmarks import charts, word_problems
from ipllvm.benchmarks.partners import beside, elsewhere
from ipllvm.benchmarks.rewording import with_other_pictures, with_pictures_before
from ipllvm.benchmarks.subset import subset
from ipllvm.records import Benchmark, Sample
from ipllvm.tests.ruled import Painted

PROBLEMS = word_problems.benchmark()
CHARTS = charts.short()
CLUSTERS = st.lists(st.integers(0, 6), min_size=2, max_size=20)


def of_clusters(clusters: list[int], pictured: bool = True) -> Benchmark:
    """A sample of each of these clusters, every picture one of its own."""
    samples = tuple(
        Sample(f"s-{n}", f"c-{cluster}", (Painted(f"{n}"),) if pictured else (), f"{n}?", "red")
        for n, cluster in enumerate(clusters)
    )
    return Benchmark("rings", samples, "exact_match", "digest", "made up")


@given(CLUSTERS)
def test_each_cluster_is_next_to_another_and_next_of_one(clusters: list[int]) -> None:
    found = elsewhere(of_clusters(clusters))
    assert set(found) == ({f"c-{cluster}" for cluster in clusters} if len(set(clusters)) > 1 else set())
    assert all(other.cluster != cluster for cluster, other in found.items())
    assert Counter(other.cluster for other in found.values()) == Counter(found.keys())


def test_what_has_no_picture_is_no_partner() -> None:
    assert elsewhere(of_clusters([0, 1, 2], pictured=False)) == {}
    some = of_clusters([0, 1, 2]).samples[:2] + of_clusters([0, 1, 2], pictured=False).samples[2:]
    whole = replace(of_clusters([0, 1, 2]), samples=some)
    assert {cluster: other.cluster for cluster, other in elsewhere(whole).items()} == {
        "c-0": "c-1",
        "c-1": "c-0",
    }
    assert [sample.id for sample in with_other_pictures(whole, whole).samples] == ["s-0", "s-1"]


@given(CLUSTERS.filter(lambda clusters: len(set(clusters)) > 1), st.randoms())
def test_neither_part_nor_order_bears_on_a_picture(clusters: list[int], random: Random) -> None:
    whole = of_clusters(clusters)
    mixed = replace(whole, samples=tuple(random.sample(whole.samples, len(whole.samples))))
    part = replace(whole, samples=mixed.samples[: max(1, len(clusters) // 3)])
    for change in (with_other_pictures, with_pictures_before):
        all_of_it = change(whole, whole)
        images = {sample.id: sample.images for sample in all_of_it.samples}
        for found in (change(mixed, mixed), change(part, whole), change(part, mixed)):
            assert found.digest == all_of_it.digest
            assert all(images[sample.id] == sample.images for sample in found.samples)


def test_another_picture_is_another_digest() -> None:
    """Else answers to the pictures before would be those to the pictures now."""
    few, more = of_clusters([0, 1, 2]), of_clusters([0, 1, 2, 3])
    for change in (with_other_pictures, with_pictures_before):
        assert change(few, few).digest != change(few, more).digest
    assert with_other_pictures(few, few).digest != with_pictures_before(few, few).digest


@settings(max_examples=40)
@given(st.integers(1, 1000), st.integers(0, 3))
def test_so_many_questions_stand_beside_as_many_of_the_first_others(n: int, seed: int) -> None:
    some = beside(subset(PROBLEMS, n, seed), PROBLEMS, CHARTS, seed)
    assert some == subset(CHARTS, n, seed)


@cache
def order() -> tuple[Sample, ...]:
    """What all problems stand beside."""
    return beside(PROBLEMS, PROBLEMS, CHARTS, 0).samples


@settings(max_examples=40)
@given(st.sets(st.integers(0, 999), min_size=1, max_size=20))
def test_a_part_stands_beside_its_own_in_any_order(rows: set[int]) -> None:
    part = replace(PROBLEMS, samples=tuple(PROBLEMS.samples[row] for row in rows))
    assert beside(part, PROBLEMS, CHARTS, 0).samples == tuple(order()[row] for row in rows)


def test_behind_the_last_of_the_others_there_is_none() -> None:
    few = replace(CHARTS, samples=CHARTS.samples[:10])
    assert sorted(s.id for s in beside(PROBLEMS, PROBLEMS, few, 0).samples) == sorted(
        s.id for s in few.samples
    )
