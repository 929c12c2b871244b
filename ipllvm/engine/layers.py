"""Trials that enter at a decoder layer: one clean pass, then only the layers from there up.

The clean pass runs the prompts with the clean answers as drafts behind them and keeps the inputs
of the layers that trials enter. A trial perturbs its rows of that input, runs the layers above, and
takes the keys and values of those below from the clean pass, where a draft is rejected at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ipllvm.engine.answering import respond
from ipllvm.engine.decoding import Tokens, behind, speaking, until_stop
from ipllvm.engine.plan import Case, Plan
from ipllvm.errors import UsageError
from ipllvm.models.base import VisionLanguageModel
from ipllvm.records import LayerPerturbation, Response, Target


@dataclass(frozen=True, slots=True)
class Entry:
    """A sample on its way into the layers: its prompt, which of its positions are visual, its draft."""

    embeds: Float[Tensor, "positions hidden"]
    visual: Bool[Tensor, " positions"]
    draft: Tokens


@dataclass(frozen=True, slots=True)
class _Pass:
    """The clean pass over some samples."""

    entries: Sequence[Entry]
    inputs: Mapping[int, Float[Tensor, "samples positions hidden"]]
    cache: Any


@torch.inference_mode()
def answers(
    model: VisionLanguageModel,
    plan: Plan,
    entries: Sequence[Entry],
    cases: Sequence[Sequence[Case]],
    size: int,
) -> list[list[Response]]:
    """The responses of every sample to its cases, in batches of at most `size` trials."""
    limit = plan.max_new_tokens
    entries = [Entry(e.embeds, e.visual, until_stop(model, e.draft, limit)) for e in entries]
    placed = sorted(
        (
            (_perturbation(case).layer, row, column)
            for row, own in enumerate(cases)
            for column, case in enumerate(own)
        )
    )
    beyond = [layer for layer, _, _ in placed if layer >= model.layers()]
    if beyond:
        raise UsageError(f"{model.name} has {model.layers()} decoder layers, there is no layer {beyond[0]}")
    padded = behind(model, [e.embeds for e in entries], [e.draft for e in entries])
    inputs, cache = model.inputs_of(padded, sorted({layer for layer, _, _ in placed}))
    clean = _Pass(entries, inputs, cache)
    found: dict[tuple[int, int], Response] = {}
    for layer, group in groupby(placed, key=lambda place: place[0]):
        places = [(row, column) for _, row, column in group]
        for start in range(0, len(places), size):
            part = places[start : start + size]
            batch = [(row, cases[row][column]) for row, column in part]
            found |= zip(part, _batch(model, plan, clean, layer, batch), strict=True)
    return [[found[row, column] for column in range(len(own))] for row, own in enumerate(cases)]


def _perturbation(case: Case) -> LayerPerturbation:
    if not isinstance(case.perturbation, LayerPerturbation):
        raise TypeError(f"{case.perturbation} does not name the layer that it enters")
    return case.perturbation


def _batch(
    model: VisionLanguageModel, plan: Plan, clean: _Pass, layer: int, batch: Sequence[tuple[int, Case]]
) -> list[Response]:
    """The responses to some trials that enter at one layer."""
    rows = [row for row, _ in batch]
    entries = [clean.entries[row] for row in rows]
    hidden = clean.inputs[layer][rows]
    noises = [
        _Noise(_perturbation(case), case, entry, plan.max_new_tokens)
        for (_, case), entry in zip(batch, entries, strict=True)
    ]
    for row, noise in enumerate(noises):
        noise.enter(hidden[row])
    lengths, drafts = [len(entry.embeds) for entry in entries], [entry.draft for entry in entries]
    upper, cache = model.decoder_from(layer, hidden, speaking(model, lengths, drafts))
    return respond(
        model,
        [case.sample for _, case in batch],
        plan.answer,
        lengths,
        drafts,
        upper,
        lambda: model.with_lower(cache, clean.cache, layer, rows, hidden.shape[1]),
        plan.max_new_tokens,
        lambda numbers, positions: (layer, _stepping([noises[n] for n in numbers], positions)),
    )


class _Noise:
    """What one trial does to the input of its layer: to its prompt and draft, and to later steps."""

    def __init__(
        self, perturbation: LayerPerturbation, case: Case, entry: Entry, max_new_tokens: int
    ) -> None:
        self._perturbation = perturbation
        self._places = _places(perturbation, entry)
        width = entry.embeds.shape[1]
        more = len(entry.embeds) + max_new_tokens if perturbation.generated else len(self._places)
        self._table = torch.from_numpy(perturbation.table(more, width, case.rng()))

    def enter(self, hidden: Float[Tensor, "positions hidden"]) -> None:
        """Perturb the targeted positions in place."""
        places = self._places.to(hidden.device)
        hidden[places] = self._perturbation.shift(hidden[places], self._table[: len(places)])

    def step(self, hidden: Float[Tensor, "1 hidden"], position: int) -> Float[Tensor, "1 hidden"]:
        """The input of a position of the answer, perturbed where answers are."""
        if not self._perturbation.generated:
            return hidden
        shifted: Tensor = self._perturbation.shift(hidden, self._table[position : position + 1])
        return shifted


def _places(perturbation: LayerPerturbation, entry: Entry) -> Int[Tensor, " places"]:
    """The positions of prompt and draft that are perturbed."""
    if perturbation.target is Target.ALL:
        return torch.arange(len(entry.embeds) + (len(entry.draft) if perturbation.generated else 0))
    visual = entry.visual if perturbation.target is Target.IMAGE else ~entry.visual
    return visual.nonzero()[:, 0]


def _stepping(noises: Sequence[_Noise], positions: Sequence[int]) -> Any:
    """The function that perturbs one decoding step of a batch, row by row."""

    def shift(hidden: Float[Tensor, "batch 1 hidden"]) -> Float[Tensor, "batch 1 hidden"]:
        rows = zip(noises, hidden, positions, strict=True)
        return torch.stack([noise.step(row, position) for noise, row, position in rows])

    return shift
