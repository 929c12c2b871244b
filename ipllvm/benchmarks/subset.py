"""A seeded part of a benchmark, made of whole clusters."""

from dataclasses import replace
from itertools import islice

from ipllvm.errors import UsageError
from ipllvm.records import Benchmark, Sample
from ipllvm.sampling import generator


def subset(benchmark: Benchmark, n: int, seed: int) -> Benchmark:
    """Exactly `n` samples, cluster after cluster in a seeded random order.

    Only the last cluster may be cut, so that exactly `n` come out. For one seed the orders are
    nested: a smaller subset is the beginning of a larger one; and both renderings of a benchmark
    get the same pictures. Name and digest stay those of the whole: they say which data a sample
    is from. Raises UsageError where n < 1 or there are
    fewer samples.
    """
    total = len(benchmark.samples)
    if n < 1:
        raise UsageError(f"--samples {n}: at least 1 sample is needed")
    if n > total:
        raise UsageError(f"--samples {n}: '{benchmark.name}' has {total:,} samples")
    clusters: dict[str, list[Sample]] = {}
    for sample in benchmark.samples:
        clusters.setdefault(sample.cluster, []).append(sample)
    names = sorted(clusters)
    order = generator("subset", seed).permutation(len(names))
    samples = (sample for i in order for sample in clusters[names[int(i)]])
    return replace(benchmark, samples=tuple(islice(samples, n)))
