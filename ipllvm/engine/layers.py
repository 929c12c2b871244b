"""Trials that enter at a decoder layer: one clean pass, then only the layers from there up.

The clean pass runs the prompts with the clean answers as drafts behind them and keeps the inputs
of the layers that trials enter. A trial perturbs its rows of that input, runs the layers above, and
takes the keys and values of those below from the clean pass, where a draft is rejected at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ipllvm.engine.decoding import Prefill, Prompts, Tokens, behind
from ipllvm.engine.plan import Case
from ipllvm.errors import UsageError
from ipllvm.models.base import VisionLanguageModel
from ipllvm.records import LayerPerturbation, Target


@dataclass(frozen=True, slots=True)
class Entry:
    """A sample on its way into the layers: its prompt, which of its positions are visual, its draft."""

    embeds: Float[Tensor, "positions hidden"]
    visual: Bool[Tensor, " positions"]
    draft: Tokens


@dataclass(frozen=True, slots=True)
class CleanPass:
    """The clean pass over some samples: the inputs of the layers that trials enter, and its cache."""

    entries: Sequence[Entry]
    inputs: Mapping[int, Float[Tensor, "samples positions hidden"]]
    cache: Any


@dataclass(frozen=True, slots=True)
class Held:
    """Where a sample is in its clean pass."""

    clean: CleanPass
    row: int

    @property
    def number(self) -> int:
        """What tells this clean pass from others that are held."""
        return id(self.clean)


def layer_of(case: Case) -> int:
    """The layer that a case enters."""
    return _perturbation(case).layer


def enter(model: VisionLanguageModel, entries: Sequence[Entry], layers: Sequence[int]) -> list[Held]:
    """The clean pass over some samples; raises UsageError for a layer that there is not."""
    beyond = [layer for layer in layers if layer >= model.layers()]
    if beyond:
        raise UsageError(f"{model.name} has {model.layers()} decoder layers, there is no layer {beyond[0]}")
    padded = behind(model, [e.embeds for e in entries], [e.draft for e in entries])
    inputs, cache = model.inputs_of(padded, sorted(set(layers)))
    clean = CleanPass(entries, inputs, cache)
    return [Held(clean, row) for row in range(len(entries))]


def entered(model: VisionLanguageModel, batch: Sequence[tuple[Case, Held]], max_new_tokens: int) -> Prefill:
    """Run some trials of one clean pass that enter at one layer."""
    layer, clean = layer_of(batch[0][0]), batch[0][1].clean
    rows = [held.row for _, held in batch]
    entries = [clean.entries[row] for row in rows]
    hidden = clean.inputs[layer][rows]
    noises = _Noises(
        [_Noise(case, entry, max_new_tokens) for (case, _), entry in zip(batch, entries, strict=True)]
    )
    noises.enter(hidden)
    prompts = Prompts([len(entry.embeds) for entry in entries], [entry.draft for entry in entries])
    speaking = prompts.speaking(model.device)
    upper, cache = model.decoder_from(layer, hidden, speaking)
    return Prefill(
        prompts,
        upper[speaking],
        hidden.shape[1],
        lambda: model.with_lower(cache, clean.cache, layer, rows, hidden.shape[1]),
        lambda numbers, positions: (layer, noises.stepping(numbers, positions)),
    )


def _perturbation(case: Case) -> LayerPerturbation:
    if not isinstance(case.perturbation, LayerPerturbation):
        raise TypeError(f"{case.perturbation} does not name the layer that it enters")
    return case.perturbation


class _Noise:
    """What one trial does to the input of its layer: to its prompt and draft, and to later steps."""

    def __init__(self, case: Case, entry: Entry, max_new_tokens: int) -> None:
        self._perturbation = _perturbation(case)
        self._places = _places(self._perturbation, entry)
        width, generated = entry.embeds.shape[1], self._perturbation.generated
        rows = len(entry.embeds) + max_new_tokens if generated else len(self._places)
        self._table = torch.from_numpy(self._perturbation.table(rows, width, case.rng()))

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


@dataclass(frozen=True, slots=True)
class _Noises:
    """Those of a batch, row by row."""

    rows: Sequence[_Noise]

    def enter(self, hidden: Float[Tensor, "batch positions hidden"]) -> None:
        """Perturb the input of the layer in place."""
        for noise, row in zip(self.rows, hidden, strict=True):
            noise.enter(row)

    def stepping(self, numbers: Sequence[int], positions: Sequence[int]) -> Any:
        """The function that perturbs one decoding step of the rows of these numbers."""

        def shift(hidden: Float[Tensor, "batch 1 hidden"]) -> Float[Tensor, "batch 1 hidden"]:
            rows = zip(numbers, hidden, positions, strict=True)
            return torch.stack([self.rows[number].step(row, position) for number, row, position in rows])

        return shift


def _places(perturbation: LayerPerturbation, entry: Entry) -> Int[Tensor, " places"]:
    """The positions of prompt and draft that are perturbed."""
    if perturbation.target is Target.ALL:
        return torch.arange(len(entry.embeds) + (len(entry.draft) if perturbation.generated else 0))
    visual = entry.visual if perturbation.target is Target.IMAGE else ~entry.visual
    return visual.nonzero()[:, 0]
