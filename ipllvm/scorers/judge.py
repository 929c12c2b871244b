"""A judge as a scorer: what it is asked of a free answer, and how its reply is read.

The paper has ChatGPT judge labels with "Is this prediction correct?" (section 3.6, after Zhai et al. 2024).
A judge is used only where one is named, and its reply is never guessed at.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ipllvm.errors import NotMeasured
from ipllvm.records import Judge, Sample, Score
from ipllvm.scorers.base import Scorer

_WORD = re.compile(r"[a-z]+")
_POINTS = {"yes": 1.0, "no": 0.0}


@dataclass(frozen=True, slots=True)
class Judged:
    """A way to grade by a judge: `question` is what it is asked, `read` takes the score from its reply.

    `read` gives a score in [0, 1], None for a reply that gives none.
    """

    question: Callable[[Sample, str], str]
    read: Callable[[str], float | None]

    def by(self, judge: Judge) -> Scorer:
        """See the interface."""
        return JudgedScorer(self, judge)


@dataclass(frozen=True, slots=True)
class JudgedScorer:
    """Grades by a judge's replies; the same question is asked once."""

    way: Judged
    judge: Judge
    replies: dict[str, str | NotMeasured] = field(default_factory=dict)

    def __call__(self, text: str, sample: Sample) -> Score:
        """See the interface; the answer is the response itself, the reply is in the note."""
        reply = self._reply(self.way.question(sample, text))
        value = self.way.read(reply)
        if value is None:
            raise NotMeasured(f"the judge said neither yes nor no: {reply[:80]!r}")
        return Score(value, text, f"judge: {reply[:80]!r}")

    def ask_ahead(self, responses: Iterable[tuple[str, Sample]]) -> None:
        """See the interface."""
        for text, sample in responses:
            self._ask(self.way.question(sample, text))

    def _reply(self, prompt: str) -> str:
        self._ask(prompt)
        reply = self.replies[prompt]
        if isinstance(reply, NotMeasured):
            raise reply
        return reply

    def _ask(self, prompt: str) -> None:
        if prompt in self.replies:
            return
        try:
            self.replies[prompt] = self.judge.ask(prompt)
        except NotMeasured as failed:
            self.replies[prompt] = failed


def question(sample: Sample, text: str) -> str:
    """What a judge is asked about an answer to a sample."""
    return (
        f"Question: {sample.prompt}\nReference answer: {sample.answer}\nPrediction: {text}\n"
        "Is this prediction correct? Answer yes or no."
    )


def read(reply: str) -> float | None:
    """1.0 for yes, 0.0 for no, by the first word; None where it is neither.

    >>> [read(reply) for reply in ("Yes.", "no, it is not", "It is correct", "")]
    [1.0, 0.0, None, None]
    """
    first = _WORD.search(reply.casefold())
    return _POINTS.get(first[0]) if first else None


CORRECT = Judged(question, read)
"""Is the prediction correct, yes or no?"""
