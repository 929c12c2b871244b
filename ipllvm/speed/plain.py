"""Transformers' plain `generate` on trials: what its processor makes of them, perturbed by hooks alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ipllvm.artifacts import Artifacts
from ipllvm.engine.encoding import encode_cases
from ipllvm.engine.fault_isolation import BatchBudget, Failure
from ipllvm.engine.packing import Tokens
from ipllvm.engine.pictures import pictures_of
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
        """Raises NotTested where tokens are left out and `generate` can't be trials without them."""
        if case.perturbation.stage is not Stage.VISUAL_TOKENS:
            return cls(case)
        prepared = model.prepare([source.load() for source in case.sample.images], case.sample.prompt)
        if case.perturbation.share < 1 and not model.embeddings_suffice:
            raise NotTested(
                f"plain generate of {model.name} can't leave visual tokens out: their positions, or what "
                "stands beside them, are prompts from all of them"
            )
        layout = model.layout(prepared)
        return cls(case, lambda visual: case.perturbation.apply(visual, layout=layout, rng=case.rng()))


@torch.inference_mode()
def plain(
    model: TransformersModel, trials: Sequence[Asked], limit: int, artifacts: Artifacts, *, stop: bool = True
) -> list[Tokens]:
    """`generate` on some trials of one perturbation at once, all of each from the image on anew."""
    if any(each.case.perturbation.share < 1 for each in trials):
        return model.generate(_shortened(model, trials, artifacts), limit, stop=stop)
    questions = [(pictures_of(each.case, artifacts), each.case.sample.prompt) for each in trials]
    fields = model.together(questions)
    noise = trials[0].case.perturbation
    edit = None
    if isinstance(noise, LayerPerturbation):
        cases = [each.case for each in trials]
        edit = noise.layer, _Noisy(cases, fields["attention_mask"], model.width, limit)
    changes = [each.change or _nothing for each in trials] if any(each.change for each in trials) else []
    return model.generate_from(fields, limit, changes, edit, stop=stop)


def _nothing(visual: Tensor) -> Tensor:
    return visual


def _shortened(model: TransformersModel, trials: Sequence[Asked], artifacts: Artifacts) -> list[Tensor]:
    """Prompts as embeddings, with the visual tokens that are left."""
    prompts = []
    for each in trials:
        (item,) = encode_cases(model, [each.case], BatchBudget(1), artifacts)
        if isinstance(item, Failure):
            raise RuntimeError(item.traceback)
        visual = model.pack(item.projected, item.prepared)
        prompts.append(model.embed(item.prepared, visual if each.change is None else each.change(visual)))
    return prompts


class _Noisy:
    """Layer noise on a padded batch: on all positions of the prompt, then on one a call.

    `real` [rows, columns] says which columns are no padding. Layers that are given the last position only
    have the noise of this one.
    """

    def __init__(self, cases: Sequence[PlannedTrial], real: Tensor, width: int, limit: int) -> None:
        self._noises: list[Any] = [case.perturbation for case in cases]
        self._real, self._ends, self._first = real.bool(), real.sum(1).tolist(), True
        self._tables = [
            torch.from_numpy(noise.table(length + limit, width, case.rng()))
            for noise, case, length in zip(self._noises, cases, self._ends, strict=True)
        ]

    def __call__(self, hidden: Tensor) -> Tensor:
        changed, last = hidden.clone(), torch.tensor([hidden.shape[1] - 1], device=hidden.device)
        whole = self._first and hidden.shape[1] == self._real.shape[1]
        for row, (noise, end, table) in enumerate(zip(self._noises, self._ends, self._tables, strict=True)):
            at = self._real[row].nonzero()[:, 0] if whole else last
            own = table[end - len(at) : end] if self._first else table[end : end + 1]
            changed[row, at] = noise.shift(hidden[row, at], own)
        self._ends = self._ends if self._first else [end + 1 for end in self._ends]
        self._first = False
        return changed
