"""Multiple-choice questions with their options in every cyclic order: pure re-renderings.

Over the cyclic orders of a question each option stands at each letter exactly once, so that a model
that goes by the options alone names every letter equally often.
"""

from collections.abc import Sequence
from dataclasses import replace

from ipllvm.benchmarks.option_words import speak_of_each_other
from ipllvm.benchmarks.prompts import LETTERS, multiple_choice
from ipllvm.benchmarks.variants import variant
from ipllvm.errors import NotTested, UsageError
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


def is_movable(sample: Sample) -> bool:
    """Whether its lettered options mean the same in every order: none speaks of others."""
    return is_lettered(sample) and not speak_of_each_other(sample.choices)


def reordered(benchmark: Benchmark) -> Benchmark:
    """Every question in every cyclic order but its own, as data that is measured apart; none of those whose
    options speak of each other ("both A and B").

    Raises UsageError as `cyclic` does, NotTested where all options speak of each other.
    """
    for sample in benchmark.samples:
        cyclic(sample)
    if not any(map(is_movable, benchmark.samples)):
        raise NotTested(f"{benchmark.name}: the options of all questions speak of each other")
    return variant(benchmark, _others, "in cyclic orders")


def _others(sample: Sample) -> Sequence[Sample]:
    """The question in the orders that are not its own; in none where its options can't be moved."""
    return cyclic(sample)[1:] if is_movable(sample) else ()


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
