"""Multiple-choice questions with their options in every cyclic order: pure re-renderings.

Over the cyclic orders of a question each option stands at each letter exactly once, so that a model
that goes by the options alone names every letter equally often.
"""

from dataclasses import replace
from hashlib import sha256

from ipllvm.benchmarks.prompts import LETTERS, multiple_choice
from ipllvm.errors import UsageError
from ipllvm.records import Benchmark, Sample


def cyclic(sample: Sample) -> tuple[Sample, ...]:
    """The question in each cyclic order of its options: itself, then the others with ids of their own.

    Raises UsageError where the prompt does not show the options as `multiple_choice` does.
    """
    if not is_lettered(sample):
        raise UsageError(f"sample '{sample.id}': no lettered options whose order could be changed")
    question = sample.prompt.removesuffix(multiple_choice("", sample.choices))
    return (sample, *(_turned(sample, question, by) for by in range(1, len(sample.choices))))


def is_lettered(sample: Sample) -> bool:
    """Whether the prompt shows two options or more as `multiple_choice` does."""
    return len(sample.choices) > 1 and sample.prompt.endswith(multiple_choice("", sample.choices))


def reordered(benchmark: Benchmark) -> Benchmark:
    """Every question in every cyclic order but its own, as data that is measured apart."""
    samples = tuple(other for sample in benchmark.samples for other in cyclic(sample)[1:])
    digest = sha256(f"{benchmark.digest} in cyclic orders".encode()).hexdigest()
    return replace(benchmark, samples=samples, digest=digest, pairs=False)


def _turned(sample: Sample, question: str, by: int) -> Sample:
    """The options moved up by `by` places, the first ones to the end."""
    options = sample.choices[by:] + sample.choices[:by]
    right = (LETTERS.index(sample.answer) - by) % len(options)
    return replace(
        sample,
        id=f"{sample.id}-order{by}",
        prompt=multiple_choice(question, options),
        choices=options,
        answer=LETTERS[right],
    )
