"""Transformers' own way from pictures and words to an answer, which every other way is compared with.

The processor's chat template makes the inputs and plain `generate` answers, greedily; nothing of the
stages is used.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from ipllvm.models.prompting import PromptStyle, pad_to_square
from ipllvm.records import ModelInfo


@dataclass(frozen=True, slots=True)
class LoadedCheckpoint:
    """A loaded checkpoint: transformers' model and processor, and what it is called; `parameters` where the
    model's own tensors can't tell, as those of some quantisers hold several in one number, 0 elsewhere.
    """

    model: Any
    processor: Any
    name: str
    fingerprint: str
    prompt: PromptStyle
    parameters: int = 0


NEUTRAL: dict[str, Any] = {
    "do_sample": False, "num_beams": 1, "temperature": None, "top_p": None, "top_k": None, "min_p": None,
    "typical_p": None, "epsilon_cutoff": None, "eta_cutoff": None, "repetition_penalty": 1.0,
    "no_repeat_ngram_size": 0, "min_length": 0, "min_new_tokens": None, "bad_words_ids": None,
    "suppress_tokens": None, "begin_suppress_tokens": None, "forced_bos_token_id": None,
    "forced_eos_token_id": None, "sequence_bias": None, "guidance_scale": None, "stop_strings": None,
    "exponential_decay_length_penalty": None, "max_time": None, "watermarking_config": None,
    "prompt_lookup_num_tokens": None, "encoder_repetition_penalty": 1.0, "encoder_no_repeat_ngram_size": 0,
    "penalty_alpha": None, "dola_layers": None, "force_words_ids": None, "token_healing": False,
    "assistant_early_exit": None, "cache_implementation": None, "cache_config": None,
}  # fmt: skip
"""Settings of `generate` that make it greedy."""
FORM: dict[str, Any] = {"return_dict_in_generate": False, "num_return_sequences": 1}
"""Those of the form in which it returns the tokens."""
SAMPLING = ("do_sample", "temperature", "top_p", "top_k", "min_p", "typical_p")
"""Those that mean nothing where nothing is sampled."""


def unfollowed(generation: Any) -> tuple[str, ...]:
    """The settings of a generation config that change greedy answers, which are not followed here.

    >>> from transformers import GenerationConfig
    >>> unfollowed(GenerationConfig(repetition_penalty=1.5, temperature=0.2))
    ('repetition_penalty=1.5',)
    """
    named = {name: getattr(generation, name, None) for name in NEUTRAL if name not in SAMPLING}
    return tuple(f"{name}={value}" for name, value in named.items() if value not in (None, NEUTRAL[name]))


@torch.inference_mode()
def answer(
    model: Any, processor: Any, style: PromptStyle, images: Sequence[Image.Image], question: str, limit: int
) -> tuple[int, ...]:
    """At most `limit` tokens of transformers' greedy answer, the stop token among them.

    Raises whatever the processor or `generate` raises.
    """
    fields = _inputs(model, processor, style, images, question)
    with _greedy(model):
        done = model.generate(**fields, max_new_tokens=limit)
    return tuple(_said(model, fields["input_ids"][0].tolist(), done[0].tolist(), limit))


def _said(model: Any, asked: list[int], returned: list[int], limit: int) -> list[int]:
    """The answer in what `generate` returned: behind the prompt, the first token of a decoder that has an
    encoder, or nothing, where code of its own gives embeddings to its language model.
    """
    if getattr(model.config, "is_encoder_decoder", False):
        return returned[1:]
    alone = len(returned) <= limit and returned[: len(asked)] != asked
    return returned if alone else returned[len(asked) :]


@torch.inference_mode()
def logits(
    model: Any, processor: Any, style: PromptStyle, images: Sequence[Image.Image], question: str, steps: int
) -> Float[Tensor, "steps vocabulary"]:
    """The logits behind the first tokens of that answer, at most `steps` of them.

    Raises whatever the processor or `generate` raises.
    """
    fields = _inputs(model, processor, style, images, question)
    form = {"return_dict_in_generate": True, "output_logits": True}
    with _greedy(model):
        done = model.generate(**fields, max_new_tokens=steps, **form)
    return torch.cat([step[:1].float() for step in done.logits])


def _inputs(
    model: Any, processor: Any, style: PromptStyle, images: Sequence[Image.Image], question: str
) -> Any:
    """What the processor makes of them, where the model is and in its numbers."""
    pictures = [image.convert("RGB") for image in images]
    if style.square:
        pictures = [pad_to_square(picture, processor.image_processor.image_mean) for picture in pictures]
    return _fields(processor, style, pictures, question).to(model.device, model.dtype)


def _fields(processor: Any, style: PromptStyle, pictures: Sequence[Image.Image], question: str) -> Any:
    """What the processor makes of a conversation; of its text and pictures where it takes no conversation."""
    content = [*({"type": "image", "image": p} for p in pictures), {"type": "text", "text": question}]
    turns = [{"role": "user", "content": content}]
    if style.system:
        turns.insert(0, {"role": "system", "content": [{"type": "text", "text": style.system}]})
    asked = partial(processor.apply_chat_template, turns, add_generation_prompt=True)
    try:
        return asked(tokenize=True, return_dict=True, return_tensors="pt")
    except ValueError:  # GOT-OCR takes no pictures in lists of lists
        text = asked(tokenize=False)
        bos = processor.tokenizer.bos_token
        specials = {"add_special_tokens": False} if bos and text.startswith(bos) else {}
        return processor(images=list(pictures) or None, text=text, return_tensors="pt", **specials)


@contextmanager
def _greedy(model: Any) -> Iterator[None]:
    """While it lasts, `generate` follows of its config what is no preference among tokens."""
    speaking = [model, getattr(model, "language_model", None)]  # BLIP-2's answers for it
    usual = {each: each.generation_config for each in speaking if hasattr(each, "generation_config")}
    for each, config in usual.items():
        each.generation_config = copy.deepcopy(config)
        for name, value in (NEUTRAL | FORM).items():
            setattr(each.generation_config, name, value)
    try:
        yield
    finally:
        for each, config in usual.items():
            each.generation_config = config


def info(parts: LoadedCheckpoint, weights: tuple[str, ...], notes: tuple[str, ...]) -> ModelInfo:
    """What a report says of a loaded checkpoint."""
    config = parts.model.config
    return ModelInfo(
        name=parts.name,
        family=config.model_type,
        fingerprint=parts.fingerprint,
        device=str(parts.model.device),
        dtype=str(parts.model.dtype).removeprefix("torch."),
        attention=str(config._attn_implementation),
        prompt=parts.prompt.name,
        parameters=parts.parameters or sum(p.numel() for p in parts.model.parameters()),
        weights=weights,
        notes=notes,
    )


def layer_kinds(decoder: Any) -> tuple[str, ...]:
    """What distinguishes the layers of a decoder: how they attend, and what they are made of."""
    attends = getattr(decoder.config, "layer_types", None) or [""] * len(decoder.layers)
    made = (sorted({type(part).__name__ for part in layer.modules()}) for layer in decoder.layers)
    return tuple(f"{kind} {', '.join(parts)}" for kind, parts in zip(attends, made, strict=False))
