"""What was asked and said, sample by sample: kept with a baseline, to show the samples that flipped.

Questions and clean answers are the same in every entry on a benchmark and are kept once.
"""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ipllvm.records import Transcript


@dataclass(frozen=True, slots=True)
class FlippedSample:
    """A sample that flipped between two runs: what was said `before` and `after`, None where not kept.

    `worse` is by how much its score got worse, in scores; negative where it got better.
    """

    sample: str
    before: Transcript | None = None
    after: Transcript | None = None
    worse: float = 0.0

    @property
    def question(self) -> str:
        """What was asked; empty where neither run has kept it."""
        return next((said.question for said in (self.after, self.before) if said is not None), "")

    def line(self, ending: str = "") -> str:
        """The sample in a line, its question without an `ending` that all have."""
        question = self.question.removesuffix(ending).strip()
        which = {1: "lost ", -1: "gained ", 0: ""}[(self.worse > 0) - (self.worse < 0)]
        quoted = f" {question!r}" if question else ""
        gold = next((each.gold for each in (self.after, self.before) if each is not None and each.gold), "")
        right = f", right is {gold!r}" if gold else ""
        return (
            f"{which}{self.sample}{quoted}: {_words(self.before)} before, {_words(self.after)} after{right}"
        )

    def __str__(self) -> str:
        return self.line()


def common_ending(questions: Sequence[str]) -> str:
    r"""The last line of the questions of several samples where all have it, as an instruction is; else empty.

    >>> common_ending(["how many?\nIn a word.", "which?\nIn a word."])
    '\nIn a word.'
    """
    endings = {"".join(question.rpartition("\n")[1:]) for question in questions if question}
    ending = endings.pop() if len(endings) == 1 else ""
    return ending if ending.startswith("\n") else ""


def _words(said: Transcript | None) -> str:
    """Both answers, or those of each draw.

    >>> _words(Transcript("what?", "yes", ("no", "yes"))), _words(None)
    ("'yes' and perturbed 'no', 'yes'", 'an answer that was not kept')
    """
    if said is None:
        return "an answer that was not kept"
    perturbed = f" and perturbed {', '.join(map(repr, said.perturbed))}" if said.perturbed else ""
    return f"{said.clean!r}{perturbed}"


def pack(value: object) -> str:
    """A value of builtins, compressed, as text."""
    return base64.b85encode(zlib.compress(json.dumps(value).encode(), 9)).decode()


def as_rows(said: Mapping[str, Transcript], samples: Sequence[str], clean_alone: bool) -> dict[str, Any]:
    """What was said to some samples in builtins: question, clean and right answer and, unless `clean_alone`,
    the perturbed ones.
    """
    found = ((sample, said[sample]) for sample in samples if sample in said)
    return {
        sample: [each.question, each.clean, each.gold, [] if clean_alone else [*each.perturbed]]
        for sample, each in found
    }


def shared(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, list[str]]]:
    """Questions, clean and right answers by benchmark and sample, of rows that have them."""
    found: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        for sample, (*alike, _) in row.get("said", {}).items():
            found.setdefault(row["benchmark"], {})[sample] = alike
    return found


def perturbed(row: Mapping[str, Any]) -> dict[str, list[str]]:
    """What of a row is its own: the perturbed answers by sample."""
    return {sample: said[-1] for sample, said in row.get("said", {}).items()}


def together(asked: Mapping[str, list[str]], own: Mapping[str, list[str]]) -> dict[str, Any]:
    """What was said, of what `shared` and `perturbed` took apart; older files have no right answer."""
    return {sample: [*(*asked[sample], "")[:3], own[sample]] for sample in own if sample in asked}


def of_rows(rows: Mapping[str, Sequence[Any]]) -> dict[str, Transcript]:
    """The inverse of `as_rows`."""
    return {
        sample: Transcript(question, clean, tuple(others), gold)
        for sample, (question, clean, gold, others) in rows.items()
    }
