"""Trials that enter at a decoder layer: one clean pass, then only the layers from there up.

The clean pass runs the prompts with the clean answers as drafts behind them and keeps the inputs
of the layers that trials enter. A trial perturbs its rows of that input, runs the layers above, and
takes the keys and values of those below from the clean pass, where a draft is rejected at all.
"""

import os
from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ipllvm.engine import batch_policy
from ipllvm.engine.decoding import Prefill, StepEdit
from ipllvm.engine.echo import MOST
from ipllvm.engine.packing import Packed, PackedPrompt, pack
from ipllvm.engine.plan import PlannedTrial
from ipllvm.errors import UsageError
from ipllvm.models.base import VisionLanguageModel
from ipllvm.records import LayerPerturbation, Stage, Target


@dataclass(frozen=True, slots=True)
class LayerEntry:
    """A sample on its way into the layers: its prompt and draft, and which of its positions are visual."""

    prompt: PackedPrompt
    visual: Bool[Tensor, " positions"]


@dataclass(frozen=True, slots=True)
class CleanPass:
    """The clean pass over some samples: the inputs of the layers that trials enter, and its cache."""

    entries: Sequence[LayerEntry]
    packed: Packed
    inputs: Mapping[int, Float[Tensor, "rows columns hidden"]]
    cache: Any


@dataclass(frozen=True, slots=True)
class Held:
    """Where a sample is in its clean pass."""

    clean: CleanPass
    number: int

    @property
    def row(self) -> Hashable:
        """The row of the clean pass that it stands in, of all that are held."""
        return id(self.clean), self.clean.packed.places[self.number].row


def layer_of(case: PlannedTrial) -> int:
    """The layer that a case enters."""
    return _perturbation(case).layer


def enter(model: VisionLanguageModel, entries: Sequence[LayerEntry], layers: Sequence[int]) -> list[Held]:
    """The clean pass over some samples; raises UsageError for a layer that there is not."""
    beyond = [layer for layer in layers if layer >= model.layers()]
    if beyond:
        raise UsageError(f"{model.name} has {model.layers()} decoder layers, there is no layer {beyond[0]}")
    prompts = [entry.prompt for entry in entries]
    packed = pack(model, prompts)
    inputs, cache = model.layer_inputs(packed.embeds(model), sorted(set(layers)), packed.attention(model))
    clean = CleanPass(entries, packed, inputs, cache)
    return [Held(clean, number) for number in range(len(entries))]


def entered(
    model: VisionLanguageModel, batch: Sequence[tuple[PlannedTrial, Held]], max_new_tokens: int
) -> Prefill:
    """Run some trials of one clean pass that enter at one layer; those of one draw share its rows."""
    layer, clean = layer_of(batch[0][0]), batch[0][1].clean
    rows: dict[Hashable, int] = {}
    origins, places = [], []
    for case, held in batch:
        place, draw = clean.packed.places[held.number], shared(case, held)
        if draw not in rows:
            rows[draw] = len(rows)
            origins.append(place.row)
        places.append(replace(place, row=rows[draw]))
    packed = Packed([clean.entries[held.number].prompt for _, held in batch], places)
    hidden = clean.inputs[layer][origins, : packed.shape[1]]
    longest = max(len(prompt) for prompt in packed.prompts) + max_new_tokens + MOST
    width = model.width or hidden.shape[-1]
    made = [_Noise(case, clean.entries[held.number], longest) for case, held in batch]
    noises = _Noises(_drawn(made, width), packed)
    noises.enter(hidden[..., :width])
    speaking = packed.speaking(model.device)
    final, cache = model.decode_from_layer(layer, hidden, packed.attention(model), speaking)

    def go_on(own: Tensor, slots: Tensor) -> Any:
        upper = model.select_from_cache(cache, own, slots)
        return model.fill_lower_layers(upper, layer, clean.cache, torch.tensor(origins).to(own)[own], slots)

    def stepping(number: int) -> StepEdit:
        return layer, noises.prompts[number].step

    return Prefill(
        packed, final[speaking], go_on, stepping, lambda number: (layer, noises.prompts[number].anew)
    )


def shared(case: PlannedTrial, held: Held) -> Hashable:
    """What names a row of the clean pass and the draw that it is perturbed by."""
    return held.row, case.trial.perturbation, case.drawn


def cost(pair: tuple[PlannedTrial, Held], before: tuple[PlannedTrial, Held] | None) -> float:
    """The share of a prompt's room that a trial takes behind another: that of its own positions."""
    prompt = pair[1].clean.entries[pair[1].number].prompt
    if before is None or shared(*before) != shared(*pair):
        return 1.0
    return 1 - pair[1].clean.packed.places[pair[1].number].shared / len(prompt)


def _perturbation(case: PlannedTrial) -> LayerPerturbation:
    if case.perturbation.stage is not Stage.HIDDEN_STATES:
        raise TypeError(f"{case.perturbation} does not name the layer that it enters")
    return cast(LayerPerturbation, case.perturbation)


class _Noise:
    """What one trial does to the input of its layer: to its prompt and draft, and to later steps.

    `rows` are those that it wants of the table of its `draw`, of at most `longest` positions.
    """

    def __init__(self, case: PlannedTrial, entry: LayerEntry, longest: int) -> None:
        self.case, self.draw = case, (case.trial.perturbation, case.drawn)
        self._perturbation = _perturbation(case)
        self._places = _places(self._perturbation, entry)
        self.rows = longest if self._perturbation.generated else len(self._places)
        self._table = torch.empty(0)

    def given(self, table: Float[Tensor, "positions hidden"]) -> "_Noise":
        """With the table of its draw."""
        self._table = table
        return self

    def drawn(self, width: int) -> Float[Tensor, "positions hidden"]:
        """The table of its draw, made."""
        return torch.from_numpy(self._perturbation.table(self.rows, width, self.case.rng()))

    def enter(
        self, hidden: Float[Tensor, "columns hidden"], packed: Packed, number: int, first: bool
    ) -> None:
        """Perturb the targeted positions in place: in a row that others entered before, its own only."""
        places, table = self._places, self._table[: len(self._places)]
        if not first:
            own = places >= packed.places[number].shared
            places, table = places[own], table[own]
        columns = packed.column(number, places).to(hidden.device)
        hidden[columns] = self._perturbation.shift(hidden[columns], table)

    def anew(self, hidden: Float[Tensor, "1 positions hidden"]) -> Float[Tensor, "1 positions hidden"]:
        """The input of a prompt, and of the answer so far, that stand alone in a row, perturbed."""
        everywhere = torch.arange(hidden.shape[1])
        places = everywhere if self._perturbation.generated else self._places
        changed, at = hidden.clone(), places.to(hidden.device)
        changed[0, at] = self._perturbation.shift(hidden[0, at], self._table[: len(places)])
        return changed

    def step(self, hidden: Float[Tensor, "columns hidden"], position: int) -> Float[Tensor, "columns hidden"]:
        """The input of positions of the answer from one on, perturbed where answers are."""
        if not self._perturbation.generated:
            return hidden
        table = self._table[position : position + len(hidden)]
        shifted: Tensor = self._perturbation.shift(hidden, table)
        return shifted


def _drawn(noises: Sequence[_Noise], width: int) -> list[_Noise]:
    """Each with the table of its draw, which is made once; by threads where that is much work.

    Each draw has a generator of its own, which lets go of the interpreter while it draws.
    """
    widest: dict[Hashable, _Noise] = {}
    for noise in noises:
        widest[noise.draw] = max(noise, widest.get(noise.draw, noise), key=lambda each: each.rows)
    threads = batch_policy.drawing_threads(
        sum(each.rows for each in widest.values()) * width, len(widest), os.cpu_count() or 1
    )
    if threads > 1:
        with ThreadPoolExecutor(threads, "tables") as pool:
            found = [*pool.map(lambda each: each.drawn(width), widest.values())]
    else:
        found = [each.drawn(width) for each in widest.values()]
    tables = dict(zip(widest, found, strict=True))
    return [noise.given(tables[noise.draw]) for noise in noises]


@dataclass(frozen=True, slots=True)
class _Noises:
    """Those of a batch, prompt by prompt."""

    prompts: Sequence[_Noise]
    packed: Packed

    def enter(self, hidden: Float[Tensor, "rows columns hidden"]) -> None:
        """Perturb the input of the layer in place."""
        entered: set[int] = set()
        for number, (noise, place) in enumerate(zip(self.prompts, self.packed.places, strict=True)):
            noise.enter(hidden[place.row], self.packed, number, place.row not in entered)
            entered.add(place.row)


def _places(perturbation: LayerPerturbation, entry: LayerEntry) -> Int[Tensor, " places"]:
    """The positions of prompt and draft that are perturbed."""
    if perturbation.target is Target.ALL:
        return torch.arange(len(entry.prompt) + (len(entry.prompt.guess) if perturbation.generated else 0))
    visual = entry.visual if perturbation.target is Target.IMAGE else ~entry.visual
    return visual.nonzero()[:, 0]
