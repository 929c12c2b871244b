"""Train one recipe: build or stitch the model, run its phases, save it in the hub's format."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    CLIPConfig,
    CLIPModel,
    LlamaConfig,
    LlamaForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    PreTrainedTokenizerFast,
)

from ipllvm.zoo import batches, corpus, recipes, save, tokenizer, trainer
from ipllvm.zoo.recipes import RECIPES, Phase, Recipe

Trainable = tuple[Any, Callable[[Phase], trainer.Loss]]
"""A model, and the loss of each of its phases."""


def train(name: str, out: Path, runs: Path) -> Path:
    """Train `name` into `out/name`, keeping what is needed to go on in `runs/name`."""
    recipe = RECIPES[name]
    folder = runs / name
    words = _tokenizer(recipe, out, runs)
    torch.manual_seed(recipe.seed)
    model, make_loss = {"clip": _clip, "language": _language, "llava": _llava}[recipe.kind](
        recipe, words, out
    )
    model.to(trainer.device())
    for phase in recipe.phases:
        trainer.fit(model, make_loss(phase), phase, folder)
    return save.checkpoint(model, recipe, words, out / name)


def _tokenizer(recipe: Recipe, out: Path, runs: Path) -> PreTrainedTokenizerFast:
    """The tokenizer of the language part, else the one that all unstitched recipes share."""
    if "language" in recipe.parts:
        return tokenizer.load(out / recipe.parts["language"])
    folder = runs / "tokenizer"
    if not folder.exists():
        tokenizer.train(recipe.seed).save_pretrained(folder)
    return tokenizer.load(folder)


def _clip(recipe: Recipe, words: PreTrainedTokenizerFast, out: Path) -> Trainable:
    text = recipes.TEXT_TOWER | {"vocab_size": len(words)} | _ends(words)
    model: Any = CLIPModel(CLIPConfig(text_config=text, vision_config=recipes.TOWER, projection_dim=128))
    encoder = batches.Encoder(words)

    def for_phase(phase: Phase) -> trainer.Loss:
        def loss(step: int) -> Tensor:
            items = batches.pictures(phase, recipe.seed, step)
            rows = [(words.bos_token_id, *encoder.ids(i.caption)[:75], words.eos_token_id) for i in items]
            ids = nn.utils.rnn.pad_sequence([torch.tensor(r) for r in rows], True, words.pad_token_id)
            mask = ids != words.pad_token_id
            where = trainer.device()
            values = batches.pixels(items).to(where)
            result = model(input_ids=ids.to(where), attention_mask=mask.to(where), pixel_values=values)
            return _contrast(result.logits_per_image.float(), [i.caption for i in items])

        return loss

    return model, for_phase


def _contrast(logits: Tensor, captions: list[str]) -> Tensor:
    """Symmetric cross-entropy in which pictures of one caption share the target."""
    same = torch.tensor([[a == b for b in captions] for a in captions], dtype=torch.float32)
    target = (same / same.sum(1, keepdim=True)).to(logits.device)
    rows = functional.cross_entropy(logits, target)
    return (rows + functional.cross_entropy(logits.T, target)) / 2


def _language(recipe: Recipe, words: PreTrainedTokenizerFast, out: Path) -> Trainable:
    model: Any = LlamaForCausalLM(LlamaConfig(**recipes.DECODER, vocab_size=len(words), **_ends(words)))
    encoder = batches.Encoder(words)

    def for_phase(phase: Phase) -> trainer.Loss:
        def loss(step: int) -> Tensor:
            texts = [corpus.text(recipe.seed, step * phase.batch + i) for i in range(phase.batch)]
            rows = [(words.bos_token_id, *encoder.ids(t), words.eos_token_id) for t in texts]
            ids = nn.utils.rnn.pad_sequence([torch.tensor(r) for r in rows], True, batches.IGNORE)
            ids = ids.to(trainer.device())
            hidden = model.model(input_ids=ids.clamp(min=0)).last_hidden_state
            return _next_token(model, hidden, ids)

        return loss

    return model, for_phase


def _ends(words: PreTrainedTokenizerFast) -> dict[str, Any]:
    return {
        "bos_token_id": words.bos_token_id,
        "eos_token_id": words.eos_token_id,
        "pad_token_id": words.pad_token_id,
    }


def _next_token(model: Any, hidden: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy at the labelled positions only: hidden[t] predicts labels[t + 1]."""
    target = labels[:, 1:]
    wanted = target != batches.IGNORE
    logits = model.lm_head(hidden[:, :-1][wanted])
    return functional.cross_entropy(logits.float(), target[wanted])


def _llava(
    recipe: Recipe, words: PreTrainedTokenizerFast, out: Path
) -> tuple[Any, Callable[[Phase], trainer.Loss]]:
    model: Any = stitch(words, out / recipe.parts["tower"], out / recipe.parts["language"])
    model.set_attn_implementation({"text_config": "eager"})  # with a mask, faster than sdpa on a CPU
    encoder = batches.Encoder(words)
    front = torch.tensor([words.bos_token_id, *encoder.ids("USER: ")])
    prefix = len(front) + recipes.VISUAL_TOKENS

    def for_phase(phase: Phase) -> trainer.Loss:
        hidden = trainer.compiled(partial(_hidden, model, phase.batch))

        def loss(step: int) -> Tensor:
            where = trainer.device()
            items = batches.pictures(phase, recipe.seed, step)
            turns = batches.blocks(encoder, items, phase, recipe.seed, step)
            packed = {key: value.to(where) for key, value in batches.pack(turns, prefix).items()}
            labels = packed.pop("labels")
            states = hidden(front.to(where), batches.pixels(items).to(where), **packed)
            return _next_token(model, states[:, prefix - 1 :], _shifted(labels))

        return loss

    return model, for_phase


def _hidden(
    model: Any,
    batch: int,
    front: Tensor,
    pixels: Tensor,
    *,
    input_ids: Tensor,
    position_ids: Tensor,
    attend: Tensor,
) -> Tensor:
    """Last hidden states of packed turns behind the front and their pictures' visual tokens."""
    embed = model.get_input_embeddings()
    parts = [embed(front).expand(batch, -1, -1), features(model, pixels), embed(input_ids)]
    states: Tensor = model.model.language_model(
        inputs_embeds=torch.cat(parts, 1),
        attention_mask=torch.where(attend, 0.0, -1e4).to(torch.bfloat16),
        position_ids=position_ids,
        use_cache=False,
    ).last_hidden_state
    return states


def _shifted(labels: Tensor) -> Tensor:
    """Labels with one unlabelled position in front, for the last visual token."""
    return functional.pad(labels, (1, 0), value=batches.IGNORE)


def features(model: Any, pixel_values: Tensor) -> Tensor:
    """Projected visual tokens, (batch, 64, hidden)."""
    inner = model.model
    states = inner.vision_tower(pixel_values, output_hidden_states=True).hidden_states
    projected: Tensor = inner.multi_modal_projector(states[model.config.vision_feature_layer][:, 1:])
    return projected


def stitch(words: PreTrainedTokenizerFast, tower: Path, language: Path) -> LlavaForConditionalGeneration:
    """A LLaVA of a trained tower, a trained decoder and a fresh projector."""
    clip: Any = CLIPModel.from_pretrained(tower, dtype=torch.float32)
    decoder: Any = LlamaForCausalLM.from_pretrained(language, dtype=torch.float32)
    shape: Any = LlavaConfig
    config = shape(
        vision_config=clip.config.vision_config,
        text_config=decoder.config,
        image_token_id=words.convert_tokens_to_ids(tokenizer.IMAGE),
        image_seq_length=recipes.VISUAL_TOKENS,
        tie_word_embeddings=True,
    )
    model: Any = LlavaForConditionalGeneration(config)
    _copy(clip.vision_model, model.model.vision_tower)
    model.model.language_model.load_state_dict(decoder.model.state_dict())
    model.tie_weights()
    stitched: LlavaForConditionalGeneration = model
    return stitched


def _copy(source: nn.Module, target: nn.Module) -> None:
    """Load by suffix: releases of transformers nest the tower at different depths."""
    prefix = "" if "embeddings.class_embedding" in target.state_dict() else "vision_model."
    target.load_state_dict(
        {f"{prefix}{k.removeprefix('vision_model.')}": v for k, v in source.state_dict().items()}
    )
