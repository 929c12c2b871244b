"""Properties on a model that answers by a rule on what it is shown: the truth is planted.

Everything else is the real thing: pictures are perturbed, questions asked, answers read, claims decided.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image

from ipllvm import claims
from ipllvm.engine.store.outcomes import forgetful
from ipllvm.evaluation.evaluation import Evaluation, Settings
from ipllvm.models.whole import Question, WholeModel
from ipllvm.records import Benchmark, ModelInfo, Response, Result

Rule = Callable[[Sequence[Image.Image], str], str]
"""The answer to pictures and words, or BROKEN where there is none."""
BROKEN = "RuntimeError: out of memory"
COLORS = {"red": (210, 30, 30), "blue": (30, 30, 210), "green": (30, 170, 30), "yellow": (210, 190, 30)}
NAMES = tuple(COLORS)
SIDE = 16
WHITE = (240, 240, 240)
GREY = 20.0
"""How far the channels of a mean may be apart and still be no colour, of 255."""


class RuledModel(WholeModel):
    """Says what the rule says to each question."""

    sealed = "answers by a rule"

    def __init__(self, rule: Rule) -> None:
        self.name, self.fingerprint = "ruled", "rule"
        self.device, self.dtype = torch.device("cpu"), torch.float32
        self._rule = rule

    def info(self) -> ModelInfo:
        """See the interface."""
        return ModelInfo(self.name, "ruled", self.fingerprint, "cpu", "float32", "none", "ruled", 0)

    def batch_size(self) -> int:
        """See the interface."""
        return 64

    def answers(self, questions: Sequence[Question], limit: int) -> list[Response]:
        """See the interface."""
        said = (self._rule(pictures, prompt) for pictures, prompt in questions)
        return [Response("", error=BROKEN) if each == BROKEN else Response(each) for each in said]


@dataclass(frozen=True, slots=True)
class Painted:
    """A picture whose left half has a colour, and whose right half is white."""

    color: str

    def load(self) -> Image.Image:
        """The picture, RGB, 16 x 16 px."""
        picture = Image.new("RGB", (SIDE, SIDE), WHITE)
        picture.paste(COLORS[self.color], (0, 0, SIDE // 2, SIDE))
        return picture


def color(picture: Image.Image) -> str:
    """The colour that a picture has on the average, of those that are known, or grey.

    >>> color(Painted("green").load()), color(Image.new("RGB", (4, 4), (127, 127, 127)))
    ('green', 'grey')
    """
    mean = _centred(np.asarray(picture.convert("RGB"), dtype=float).mean((0, 1)))
    if np.linalg.norm(mean) < GREY:
        return "grey"
    return max(COLORS, key=lambda name: float(_DIRECTIONS[name] @ mean))


def _centred(channels: Float[np.ndarray, "3"]) -> Float[np.ndarray, "3"]:
    return np.asarray(channels - channels.mean())


_DIRECTIONS = {
    name: _centred(np.array(of, dtype=float)) / np.linalg.norm(_centred(np.array(of, dtype=float)))
    for name, of in COLORS.items()
}


def evaluated(
    name: str, data: Benchmark, rule: Rule, rows: list[Result] | None = None, **how: Any
) -> Evaluation:
    """The shipped property of that name measured on a model of that rule; `how` are an evaluation's own."""
    asked = {
        "settings": Settings(draws=1, report_only=True),
        "memory": forgetful(),
        "record": ([] if rows is None else rows).append,
        "progress": lambda done, total: None,
        "claims": claims.load(),
        "total": len(data.samples),
        **how,
    }
    evaluation = Evaluation(name, RuledModel(rule), data, **asked)
    test = getattr(import_module(f"properties.test_{name}"), f"test_{name}")
    evaluation.measure(lambda: test(evaluation))
    return evaluation


def checked(name: str, data: Benchmark, rule: Rule, errors: float = 0) -> dict[str, Result]:
    """What the shipped property of that name records of a model of that rule, by claim."""
    rows: list[Result] = []
    evaluated(name, data, rule, rows, settings=Settings(draws=1, report_only=True, max_errors=errors))
    return {row.claim.name: row for row in rows}
