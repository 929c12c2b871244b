"""From who grades an answer to the scores of a perturbation."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ipllvm.errors import NotMeasured

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float


@dataclass(frozen=True, slots=True)
class JudgeQuestion:
    """What a judge is asked: `prompt`, behind `system` where there is such, and how it is to reply.

    Equal questions have one reply; `replicate` tells apart those that are asked anew to see how much a
    judge differs from itself.
    """

    prompt: str
    system: str = ""
    max_tokens: int = 8
    temperature: float = 0.0
    replicate: int = 0


JudgeReply = str | NotMeasured
"""What a judge says, or why it says nothing."""


@runtime_checkable
class Judge(Protocol):
    """Something that answers prompts; `identity` names it in a report."""

    @property
    def identity(self) -> str:
        """The same words for the same replies."""
        ...

    def ask(self, prompt: str) -> str:
        """The reply; raises NotMeasured where there is none."""
        ...


@runtime_checkable
class AsksMany(Protocol):
    """A judge that would rather be asked many questions at once, and that heeds all that they say."""

    def ask_all(
        self, questions: Sequence[JudgeQuestion], got: Callable[[JudgeQuestion, JudgeReply], None], /
    ) -> None:
        """Tell `got` what came of each question as soon as it is known."""
        ...


@dataclass(frozen=True, slots=True)
class Score:
    """One response graded.

    `value` is in [0, 1]. `answer` is what was read of the response ("B", "yes", "17"), None where nothing
    could be read: unread is counted apart, as it is not the same as wrong. `note` says what a reader of
    the score should know, such as what a judge replied.
    """

    value: float
    answer: str | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores in [0, 1] of one perturbation: `values` is [samples, draws], NaN where an error is.

    `answers` is what was read of each response, [samples][draws], as in `Score`; empty where the scores
    were not graded one by one but made of others. `shared` as in Contrast.
    """

    perturbation: str
    samples: tuple[str, ...]
    clusters: tuple[str, ...]
    values: "Float[np.ndarray, 'samples draws']"
    errors: Mapping[str, str] = field(default_factory=dict)
    answers: tuple[tuple[str | None, ...], ...] = ()
    shared: float = 1.0

    def only(self, kept: Collection[str]) -> "Scores":
        """The scores of the samples with an id in `kept`, with what failed among them."""
        return self.at([row for row, sample in enumerate(self.samples) if sample in kept])

    def at(self, rows: Sequence[int]) -> "Scores":
        """The scores in these rows, in their order."""
        names = tuple(self.samples[row] for row in rows)
        return replace(
            self,
            samples=names,
            clusters=tuple(self.clusters[row] for row in rows),
            values=self.values[list(rows)],
            errors={name: self.errors[name] for name in names if name in self.errors},
            answers=tuple(self.answers[row] for row in rows) if self.answers else (),
        )

    @property
    def unread(self) -> float | None:
        """The share of the graded responses, 0 to 1, of which no answer could be read; None if unknown."""
        pairs = zip(chain(*self.answers), self.values.flat, strict=True) if self.answers else ()
        graded = [answer for answer, value in pairs if value == value]  # NaN is an error: nothing to read
        return graded.count(None) / len(graded) if graded else None
