"""Does the engine say what transformers' own pipeline says, and may it enter the decoder at a layer?

The first sample with a picture and the first without are asked by the checkpoint's own processor and
plain `generate`, and a clean pass is restarted once at every kind of layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ipllvm.engine.decoding import finite_logits, prefill
from ipllvm.engine.packing import PackedPrompt, Tokens, pack
from ipllvm.engine.pool import verified
from ipllvm.errors import FAULTS, NotMeasured, first_line
from ipllvm.models.base import VisionLanguageModel
from ipllvm.records import Sample, Stage

STEPS = 3
"""Tokens that answers go on for."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Where two answers part: `at` counts tokens; both are whole, the stop tokens among them."""

    at: int
    expected: Tokens
    said: Tokens


def first_of_each(samples: Sequence[Sample]) -> list[int]:
    """The places of the first sample with a picture and of the first without.

    >>> first_of_each([])
    []
    """
    kinds = [bool(sample.images) for sample in samples]
    return sorted(kinds.index(kind) for kind in set(kinds))


def disagreement(model: VisionLanguageModel, sample: Sample, prompt: PackedPrompt) -> Disagreement | None:
    """Where the engine's answer parts from that of the checkpoint's own pipeline; None where it does not.

    Raises NotMeasured where the pipeline refuses the sample, as it would for any user.
    """
    try:
        images = [source.load() for source in sample.images]
        expected = model.pipeline_answer(images, sample.prompt, STEPS)
    except FAULTS as error:
        raise NotMeasured(
            f"transformers' own pipeline (processor and generate) can't answer {sample.id}: "
            f"{first_line(error)}"
        ) from error
    if expected is None:
        return None
    said = verified(model, prefill(model, [prompt]), STEPS)[0]
    expected = _ended(expected, model.stop_tokens)
    at = next((i for i, (a, b) in enumerate(zip(expected, said, strict=False)) if a != b), None)
    if at is None and len(expected) != len(said):
        at = min(len(expected), len(said))
    return None if at is None else Disagreement(at, expected, said)


def _ended(tokens: Tokens, stops: frozenset[int]) -> Tokens:
    """The tokens up to the first that ends an answer."""
    end = next((i for i, token in enumerate(tokens) if token in stops), len(tokens))
    return tokens[: end + 1]


def entered_layers(model: VisionLanguageModel) -> list[int]:
    """One layer of each kind, not the first of all where there is another."""
    kinds = model.layer_kinds() if Stage.HIDDEN_STATES in model.stages else ()
    return sorted(
        {max(kinds.index(kind), kinds.index(kind, 1) if kind in kinds[1:] else 0) for kind in kinds}
    )


def restarted(
    model: VisionLanguageModel, prompt: PackedPrompt, layers: Sequence[int]
) -> tuple[Float[Tensor, "restarts vocabulary"], Float[Tensor, "restarts vocabulary"]]:
    """The logits after a prompt: of whole passes, and of passes that restart at these layers."""
    packed = pack(model, [prompt])
    embeds, attention, ends = packed.embeds(model), packed.attention(model), packed.speaking(model.device)
    hidden, _ = model.decoder(embeds, attention=attention, use_cache=False)
    whole = finite_logits(model, hidden[ends]).cpu()  # [1, vocabulary]
    inputs, _ = model.layer_inputs(embeds, layers, attention)
    entered = [model.decode_from_layer(layer, inputs[layer], attention, wanted=ends)[0] for layer in layers]
    found = [finite_logits(model, states[ends]).cpu() for states in entered]  # [1, vocabulary] each
    return whole.expand(len(layers), -1), torch.cat(found)  # [restarts, vocabulary] each
