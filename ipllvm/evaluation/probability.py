"""A second row beside a claim: its quantity in the probability of the right option, not in right and wrong.

Where answers are chosen by likelihood the test of a property is called once more before, on these
probabilities; nothing of that is a row. It is another estimand, which varies less, and decides nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ipllvm.benchmarks.answer_options import options
from ipllvm.records import Benchmark, Contrast, Decision, Estimate, Verdict

SUFFIX = "_probability"
"""Of the name of such an estimate."""
WORDS = "the probability of the right option: another estimand than the claim's"
NO_VERDICT = Verdict(Decision.UNDECIDED, WORDS)


@dataclass
class Probabilities:
    """Whether scores are probabilities in this call of the test, and what its claims come to, by name."""

    reading: bool = False
    contrasts: dict[str, Contrast] = field(default_factory=dict)

    def calls(self, answer: str, data: Benchmark) -> Iterator[None]:
        """The calls of the test on `data`, the last one on scores; `answer` is how answers are chosen."""
        chosen = answer == "likelihood" and any(map(options, data.samples))
        for self.reading in (True, False) if chosen else (False,):
            yield

    def named(self, found: Estimate) -> dict[str, Estimate]:
        """The estimate by its name, with what it is of."""
        return {found.name: replace(found, method=f"{found.method}; {WORDS}")}
