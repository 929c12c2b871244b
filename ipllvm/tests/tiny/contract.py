"""The engine's answers against hooked `generate`, for any kind of checkpoint."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ipllvm.engine.packing import Tokens
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import Outcomes, run
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.loading import load
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Perturbation, Response, Sample, Stage
from ipllvm.tests.tiny import KINDS, make
from ipllvm.tests.tiny.reference import Reference

LIMIT = 6
SIZES = ((64, 64), (150, 60), (50, 120), (130, 97))
QUESTIONS = ("what?", "how many red circles are in the picture?", "yes or no: is the largest bar blue?")


@dataclass(frozen=True)
class Shown:
    """A picture of noise as a value."""

    width: int
    height: int
    seed: int = 0

    def load(self) -> Image.Image:
        """The picture in RGB."""
        rng = np.random.default_rng((self.width, self.height, self.seed))
        return Image.fromarray(rng.integers(0, 256, (self.height, self.width, 3), dtype=np.uint8))


def samples(
    questions: int = 3, sizes: Sequence[tuple[int, int]] = SIZES, pictures: int = 1
) -> tuple[Sample, ...]:
    """Some questions about each of some pictures, or of some sets of pictures."""
    made = []
    for width, height in sizes:
        shown = tuple(Shown(width, height, seed) for seed in range(pictures))
        for number, question in enumerate(QUESTIONS[:questions]):
            name = f"{width}x{height}"
            made.append(Sample(f"{name}-{number}", name, shown, question, ""))
    return tuple(made)


def spoilt(answer: Tokens, right: int) -> Tokens:
    """An answer of which so many tokens are right, and no other."""
    wrong = (token - 1 if token > 8 else token + 5 for token in answer[right:])  # known words
    return (*answer[:right], *wrong)


@dataclass(frozen=True)
class Both:
    """Our model of a checkpoint, and transformers' own."""

    model: VisionLanguageModel
    reference: Reference
    said: dict[tuple[Sample, Perturbation], Tokens] = field(default_factory=dict)
    """What hooked `generate` has said: the same each time, and slow."""

    @classmethod
    def of(cls, kind: str, folder: Path) -> "Both":
        make(kind, folder)
        return cls(load(str(folder), device="cpu"), Reference.of(folder, KINDS[kind].family))

    def answers(self, rows: Sequence[Sample]) -> list[Tokens]:
        """What plain `generate` says."""
        return [self._once(row, Clean(), partial(self._clean, row)) for row in rows]

    def _clean(self, row: Sample) -> Tokens:
        fields = self.reference.fields([source.load() for source in row.images], row.prompt)
        return self.reference.answer(fields, LIMIT)

    def _once(self, row: Sample, perturbation: Perturbation, say: Callable[[], Tokens]) -> Tokens:
        """What `say` says, asked once of a row under a perturbation."""
        if (row, perturbation) not in self.said:
            self.said[row, perturbation] = say()
        return self.said[row, perturbation]

    @property
    def projector(self) -> str:
        """The module whose tiles are packed behind it; empty where they stand behind each other.

        Granite 4 Vision has one for each layer that is fed.
        """
        if type(self.model).pack is TransformersModel.pack:
            return ""
        named = str(getattr(self.model, "PROJECTOR", ""))
        return "*_projectors.?" if named == "layerwise_projectors.0" else named

    @torch.inference_mode()
    def require_equal(
        self,
        rows: Sequence[Sample],
        perturbations: Sequence[Perturbation],
        size: int,
        drafts: Sequence[Tokens] = (),
    ) -> int:
        """Every trial says what hooked `generate` says; returns how many answers the perturbations changed.

        `drafts` stand in for the clean answers, one a sample.
        """
        plan = Plan(tuple(rows), (Clean(), *perturbations), 1, 0, LIMIT)
        known: Outcomes = {
            plan.trial(row, Clean(), 0): Response("", draft) for row, draft in zip(rows, drafts, strict=False)
        }
        outcomes = dict(known)
        run(self.model, plan, size, outcomes, lambda done: None)
        changed = 0
        for row in rows:
            pictures = [source.load() for source in row.images]
            fields = self.reference.fields(pictures, row.prompt)
            prepared = self.model.prepare(pictures, row.prompt)
            assert torch.equal(prepared.input_ids, fields["input_ids"][0])
            (tiles, tokens, _) = self.model.projected([prepared])[0].shape
            shape = tiles, tokens
            clean = self._once(row, Clean(), partial(self.reference.answer, fields, LIMIT))
            for perturbation in plan.perturbations:
                (trial,) = plan.cases([row], perturbation)
                if trial.trial in known:
                    continue
                layout = self.model.layout(prepared) if perturbation.stage is Stage.VISUAL_TOKENS else None
                visual, projector = prepared.visual, self.projector
                say = partial(self.reference.trial, trial, fields, visual, layout, LIMIT, shape, projector)
                said = self._once(row, perturbation, say)
                found = outcomes[trial.trial]
                assert found.error is None, found.error
                assert found.tokens == said, f"{row.id} {perturbation}"
                changed += said != clean
        return changed
