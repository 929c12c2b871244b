"""Right answers that the rule of their own benchmark does not take for right."""

from collections.abc import Iterator, Sequence
from typing import Any

from ipllvm.records import Sample
from ipllvm.registry import SCORERS


def refused(scorer: str, samples: Sequence[Sample]) -> Iterator[tuple[int, str]]:
    """The number of each sample, from 1, whose right answer the scorer would not accept, and what it says.

    Nothing of a scorer that asks a judge.
    """
    rule: Any = SCORERS.load(scorer)
    for number, sample in enumerate(samples if not hasattr(rule, "by") else (), start=1):
        try:
            found = rule(sample.answer, sample)
        except ValueError as error:
            yield number, str(error).removeprefix(f"sample {sample.id!r}: ")
        else:
            if found.value < 1:
                yield number, f"the scorer {scorer} does not take {sample.answer!r} for right"
