"""A judge's part in scoring: what it is asked of a free answer, and how its reply is read.

The paper has ChatGPT judge labels with "Is this prediction correct?" (section 3.6, after Zhai et al. 2024).
A judge is used only where one is named, and its reply is never guessed at.
"""

import re
from typing import Protocol

from ipllvm.records import Sample

_WORD = re.compile(r"[a-z]+")
_POINTS = {"yes": 1.0, "no": 0.0}


class Judge(Protocol):
    """Something that answers prompts; `identity` names it in a report."""

    @property
    def identity(self) -> str:
        """The same words for the same replies."""
        ...

    def ask(self, prompt: str) -> str:
        """The reply; raises NotMeasured where there is none."""
        ...


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
