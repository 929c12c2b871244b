"""What a sample is put beside: a picture of another cluster, or a question of another benchmark.

It is fixed by the whole benchmark and the sample alone. A part of the samples, in whatever order, is put
beside the same as all of them are, so that a repetition, a longer run, each look of a sequential run and the
parts of a run ask the same questions.
"""

from ipllvm.benchmarks.subset import subset
from ipllvm.records import Benchmark, Sample
from ipllvm.sampling import generator


def elsewhere(whole: Benchmark) -> dict[str, Sample]:
    """By cluster that has pictures, a sample of the one that comes next in a ring of all of them.

    Each is the next of exactly one. Empty where there are fewer than two.
    """
    backwards = sorted(whole.samples, key=lambda sample: sample.id, reverse=True)
    firsts = {sample.cluster: sample for sample in backwards if sample.images}
    names = sorted(firsts)
    ring = [names[place] for place in generator("other picture").permutation(len(names))]
    nexts = zip(ring, ring[1:] + ring[:1], strict=True)
    return {name: firsts[after] for name, after in nexts} if len(ring) > 1 else {}


def beside(data: Benchmark, whole: Benchmark, others: Benchmark, seed: int) -> Benchmark:
    """Of the `others` one for each sample of `data`, a part of `whole`: that of its place.

    Places are those of the seeded orders that a `subset` begins with: with so many of the first samples come
    as many of the first others. Samples behind the last of the others have none.
    """
    ordered = subset(whole, len(whole.samples), seed).samples
    places = {sample.id: place for place, sample in enumerate(ordered)}
    found = subset(others, len(others.samples), seed).samples
    samples = (found[places[each.id]] for each in data.samples if places[each.id] < len(found))
    return others.part(samples)
