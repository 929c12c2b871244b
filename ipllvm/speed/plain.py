"""Transformers' plain `generate` on trials: what its processor makes of them, perturbed by hooks alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ipllvm.artifacts import Artifacts
from ipllvm.engine.encoding import encode_cases, pictures_of
from ipllvm.engine.fault_isolation import BatchBudget, Failure
from ipllvm.engine.packing import Tokens
from ipllvm.engine.plan import PlannedTrial
from ipllvm.errors import NotTested
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.records import LayerPerturbation, Stage

Change = Callable[[Tensor], Tensor]
"""What a trial does to the visual tokens of its prompt."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A trial, and what it does to visual tokens: worked out before any clock runs."""

    case: PlannedTrial
    change: Change | None = None

    @classmethod
    def of(cls, model: TransformersModel, case: PlannedTrial) -> "Asked":
        """Raises NotTested where tokens are left out and `generate` can't be asked without them."""
        if case.perturbation.stage is not Stage.VISUAL_TOKENS:
            return cls(case)
        prepared = model.prepare([source.load() for source in case.sample.images], case.sample.prompt)
        if case.perturbation.share < 1 and not model.embeddings_suffice:
            raise NotTested(
                f"plain generate of {model.name} can't leave visual tokens out: their positions, or what "
                "stands beside them, are made from all of them"
            )
        layout = model.layout(prepared)
        return cls(case, lambda visual: case.perturbation.apply(visual, layout=layout, rng=case.rng()))


@torch.inference_mode()
def plain(
    model: TransformersModel, asked: Sequence[Asked], limit: int, artifacts: Artifacts, *, stop: bool = True
) -> list[Tokens]:
    """`generate` on some trials of one perturbation at once, all of each from the image on anew."""
    if any(each.case.perturbation.share < 1 for each in asked):
        return model.generate(_shortened(model, asked, artifacts), limit, stop=stop)
    questions = [(pictures_of(each.case, artifacts), each.case.sample.prompt) for each in asked]
    fields = model.together(questions)
    noise = asked[0].case.perturbation
    edit = None
    if isinstance(noise, LayerPerturbation):
        lengths = fields["attention_mask"].sum(1).tolist()
        edit = noise.layer, _Noisy([each.case for each in asked], lengths, model.width, limit)
    changes = [each.change for each in asked if each.change is not None]
    return model.generate_from(fields, limit, changes, edit, stop=stop)


def _shortened(model: TransformersModel, asked: Sequence[Asked], artifacts: Artifacts) -> list[Tensor]:
    """Prompts as embeddings, with the visual tokens that are left."""
    made = []
    for each in asked:
        (item,) = encode_cases(model, [each.case], BatchBudget(1), artifacts)
        if isinstance(item, Failure):
            raise RuntimeError(item.traceback)
        visual = model.pack(item.projected, item.prepared)
        made.append(model.embed(item.prepared, visual if each.change is None else each.change(visual)))
    return made


class _Noisy:
    """Layer noise on a left-padded batch: on all positions of the prompt, then on one a call.

    Layers that are given the last position only have the noise of this one.
    """

    def __init__(self, cases: Sequence[PlannedTrial], lengths: Sequence[int], width: int, limit: int) -> None:
        self._noises: list[Any] = [case.perturbation for case in cases]
        self._ends = list(lengths)
        self._tables = [
            torch.from_numpy(noise.table(length + limit, width, case.rng()))
            for noise, case, length in zip(self._noises, cases, lengths, strict=True)
        ]
        self._first = True

    def __call__(self, hidden: Tensor) -> Tensor:
        changed = hidden.clone()
        for row, (noise, end, table) in enumerate(zip(self._noises, self._ends, self._tables, strict=True)):
            new = min(end, hidden.shape[1]) if self._first else 1
            changed[row, -new:] = noise.shift(hidden[row, -new:], table[end - new : end])
        self._first, self._ends = False, [end + 1 for end in self._ends]
        return changed
