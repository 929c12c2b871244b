"""What every benchmark keeps to."""

from typing import TYPE_CHECKING

from ipllvm.errors import UnknownName
from ipllvm.registry import BENCHMARKS, SCORERS
from ipllvm.testing.expect import expect

if TYPE_CHECKING:
    from ipllvm.records import Benchmark, Sample


def check_benchmark(name: str) -> "Benchmark":
    """The registered benchmark, after its contract: names, ids, pictures, clusters, scorers.

    Raises AssertionError for what it does not keep to, BenchmarkUnavailable where its data are not here.
    """
    data: Benchmark = BENCHMARKS.load(name)(seed=0)
    expect(data.name == name, f"it is registered as {name} and calls itself {data.name}")
    expect(bool(data.samples), "it has no samples")
    expect(bool(data.source and data.digest), "source or digest is empty: a report could not name its data")
    expect(data.max_new_tokens > 0, "max_new_tokens must be at least 1")
    for scorer in (data.scorer, data.judged):
        expect(not scorer or _known(scorer), f"its scorer {scorer!r} is not registered")
    ids = [sample.id for sample in data.samples]
    expect(len(set(ids)) == len(ids), "sample ids repeat")
    expect(BENCHMARKS.load(name)(seed=0) == data, "loaded twice with one seed it differs")
    clusters: dict[object, str] = {}
    for sample in data.samples:
        _check(sample)
        for image in sample.images:
            expect(clusters.setdefault(image, sample.cluster) == sample.cluster, _APART.format(sample.id))
    return data


_APART = "sample {}: its picture is also another cluster's; samples that share a picture share a cluster"


def _check(sample: "Sample") -> None:
    told = f"sample {sample.id}: "
    expect(bool(sample.id) and sample.id.isprintable(), f"{told}an id is printable and not empty")
    expect(bool(sample.prompt.strip()), f"{told}nothing is asked")
    expect(len(set(sample.choices)) == len(sample.choices), f"{told}choices repeat")
    for image in sample.images:
        expect(image.load().mode == "RGB", f"{told}its picture is not RGB")


def _known(name: str) -> bool:
    try:
        return bool(SCORERS.check(name))
    except UnknownName:
        return False
