"""A seeded part of a benchmark: as many pictures as there are, then more questions on each."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from ipllvm.errors import UsageError
from ipllvm.records import Benchmark, Sample
from ipllvm.sampling import generator

PAIR = 2
"""Samples of a cluster that are taken at once where the benchmark is made of pairs: a pair stays whole."""
OF_PAIRS = ("pair_accuracy", "mme_points")
"""Totals that count pictures with both answers right; a picture that was cut would count as wrong."""


def subset(benchmark: Benchmark, n: int, seed: int) -> Benchmark:
    """Exactly `n` samples: one of each cluster in a seeded random order, then one more, and so on.

    Where nothing changes only pictures count, not questions, so that one of each tells most; every picture
    counts alike. Which one is random. Of a benchmark of pairs both are taken at once; only the last two may
    be parted, so that exactly `n` come out. Where a picture is cut, one of pairs has accuracy for its total:
    its own would take what was not asked for wrong. For one seed the orders are nested: a smaller subset is
    the beginning of a larger one; and both renderings of a benchmark get the same questions. Name and digest
    stay those of the whole: they say which data a sample is from. Raises UsageError where n < 1 or there are
    fewer samples.
    """
    available = len(benchmark.samples)
    if n < 1:
        raise UsageError(f"--samples {n}: at least 1 sample is needed")
    if n > available:
        raise UsageError(f"--samples {n}: '{benchmark.name}' has {available:,} samples")
    clusters: dict[str, list[Sample]] = {}
    for sample in benchmark.samples:
        clusters.setdefault(sample.cluster, []).append(sample)
    names = sorted(clusters)
    order = [names[int(i)] for i in generator("subset", seed).permutation(len(names))]
    together = PAIR if benchmark.pairs else 1
    mixed = [_mixed(clusters[name], seed, together) for name in order[:n]]  # no other is reached
    chosen = tuple(islice(_rounds(mixed, together), n))
    counts = Counter(sample.cluster for sample in chosen)
    cut = any(count < len(clusters[name]) and count < PAIR for name, count in counts.items())
    total = "accuracy" if cut and benchmark.total in OF_PAIRS else benchmark.total
    return replace(benchmark.part(chosen), total=total)


def _mixed(samples: Sequence[Sample], seed: int, together: int) -> Sequence[Sample]:
    """The samples of a cluster in a seeded order; as they are where all are taken at once."""
    if len(samples) <= together:
        return samples
    order = generator("subset", seed, samples[0].cluster).permutation(len(samples))
    return [samples[int(i)] for i in order]


def _rounds(clusters: Sequence[Sequence[Sample]], together: int) -> Iterator[Sample]:
    """Some of every cluster, then some more, until all are taken."""
    for start in range(0, max(map(len, clusters)), together):
        for samples in clusters:
            yield from samples[start : start + together]
