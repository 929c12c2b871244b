"""Data made of a benchmark's own questions, with a digest that tells what was done to them.

The digest covers what a change makes of a few examples of every kind of question, so that outcomes of
the change as it was are never taken for those of the change as it is. It does not hang on which samples
there are: a longer run goes on from a shorter one.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from ipllvm.benchmarks import rendering
from ipllvm.benchmarks.prompts import multiple_choice, short_answer
from ipllvm.records import Benchmark, Sample

Change = Callable[[Sample], Iterable[Sample]]
"""What is made of a sample: nothing, where it has no place in the variant, one sample, or several."""
_KINDS: Final = (
    ("What colour is the ring?", "red", ("red", "green", "blue", "black")),
    (short_answer("How many rings are there?"), "2", ("1", "2", "3", "4")),
    (short_answer("Is there a red ring?"), "yes", ("yes", "no")),
    ("Is there any ring that is not red?", "no", ("yes", "no")),
    (short_answer("What does the sign say?"), "stop", ()),
    (multiple_choice("Which ring is it?", ("red", "Red", "blue")), "C", ("red", "Red", "blue")),
    (multiple_choice("Which root?", ("C", "A", "B", "D")), "A", ("C", "A", "B", "D")),
    ("Which blood group is on the card?", "A", ("C", "A", "B", "O")),
)
EXAMPLES: Final = tuple(
    Sample(f"example-{kind}-{copy}", f"example-{kind}", (), prompt, answer, choices)
    for kind, (prompt, answer, choices) in enumerate(_KINDS)
    for copy in range(4)
)
"""Questions with and without an instruction, options, letters and other answers, under four ids each."""


def variant(data: Benchmark, change: Change, how: str) -> Benchmark:
    """What a change makes of every sample, as data of their own; `how` names the change."""
    made = [new for sample in EXAMPLES for new in change(sample)]
    samples = [new for sample in data.samples for new in change(sample)]
    return with_digest(data, samples, f"{how} {rendering.digest(made)}")


def with_digest(data: Benchmark, samples: Iterable[Sample], what: str) -> Benchmark:
    """The samples as data of their own; `what` tells all that they differ in from those of `data`.

    Some of its samples as they are need no other digest: `Benchmark.part`.
    """
    digest = rendering.digest((), data.digest.encode(), what.encode())
    return replace(data, samples=tuple(samples), digest=digest, pairs=False)
