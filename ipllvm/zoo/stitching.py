"""Vision-language models put together from trained parts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import (
    CLIPModel,
    LlamaForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
    PreTrainedTokenizerFast,
    Qwen2Config,
    SiglipVisionConfig,
)

from ipllvm.zoo import recipes, tokenizer
from ipllvm.zoo.recipes import Recipe


def llava(recipe: Recipe, words: PreTrainedTokenizerFast, out: Path) -> Any:
    """A LLaVA of a trained tower, a trained decoder and a fresh projector, or a trained one as it is."""
    if "model" in recipe.parts:
        return _sister(recipe, out)
    clip: Any = CLIPModel.from_pretrained(out / recipe.parts["tower"], dtype=torch.float32)
    decoder: Any = LlamaForCausalLM.from_pretrained(out / recipe.parts["language"], dtype=torch.float32)
    make: Any = LlavaConfig
    config = make(
        vision_config=clip.config.vision_config,
        text_config=decoder.config,
        image_token_id=words.convert_tokens_to_ids(tokenizer.IMAGE),
        image_seq_length=recipes.VISUAL_TOKENS,
        tie_word_embeddings=True,
    )
    model: Any = LlavaForConditionalGeneration(config)
    _tower(clip.vision_model, model)
    model.model.language_model.load_state_dict(decoder.model.state_dict())
    return _tied(model)


def _sister(recipe: Recipe, out: Path) -> Any:
    """A trained LLaVA, on request without position embeddings in its tower."""
    model, _ = teacher(recipe, out)
    if not recipe.shape.get("positions", True):
        (embeddings,) = (
            module
            for name, module in model.model.vision_tower.named_modules()
            if name.endswith("embeddings.position_embedding")
        )
        nn.init.zeros_(embeddings.weight)
        embeddings.requires_grad_(False)
    return model


def llava_next(recipe: Recipe, words: PreTrainedTokenizerFast, out: Path) -> Any:
    """A LLaVA-NeXT that starts as a trained LLaVA with fewer layers.

    The tower ends where the LLaVA reads it; of the decoder the layers `recipe.shape["layers"]` stay.
    """
    donor, shared = teacher(recipe, out)
    config: Any = LlavaNextConfig
    vision, text = donor.config.vision_config, donor.config.text_config
    vision.num_hidden_layers += donor.config.vision_feature_layer + 1
    text.num_hidden_layers = len(recipe.shape["layers"])
    model: Any = LlavaNextForConditionalGeneration(
        config(vision_config=vision, text_config=text, image_seq_length=recipes.VISUAL_TOKENS, **shared)
    )
    _tower(donor.model.vision_tower, model)
    return _started(model, donor, recipe.shape["layers"])


def llava_onevision(recipe: Recipe, words: PreTrainedTokenizerFast, out: Path) -> Any:
    """A LLaVA-OneVision whose SigLIP tower and Qwen2 decoder start as parts of a trained LLaVA.

    SigLIP's tower lacks CLIP's class token and its norm before the blocks: it has to be trained to
    imitate the tower that it starts from.
    """
    donor, shared = teacher(recipe, out)
    kept = {name: getattr(donor.config.vision_config, name) for name in _VISION}
    kept["num_hidden_layers"] += donor.config.vision_feature_layer + 1
    vision: Any = SiglipVisionConfig
    text: Any = Qwen2Config
    config: Any = LlavaOnevisionConfig
    model: Any = LlavaOnevisionForConditionalGeneration(
        config(
            vision_config=vision(vision_use_head=False, **kept),
            text_config=text(
                **{name: getattr(donor.config.text_config, name) for name in _TEXT},
                num_hidden_layers=len(recipe.shape["layers"]),
            ),
            video_token_id=words.convert_tokens_to_ids(words.pad_token),  # no videos
            vision_aspect_ratio=recipe.shape["aspect"],
            **shared,
        )
    )
    _tower(donor.model.vision_tower, model)
    return _started(model, donor, recipe.shape["layers"])


_VISION = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "image_size",
           "patch_size", "hidden_act")  # fmt: skip
_TEXT = ("vocab_size", "hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads",
         "max_position_embeddings", "hidden_act", "rms_norm_eps", "bos_token_id", "eos_token_id",
         "pad_token_id", "tie_word_embeddings")  # fmt: skip


def teacher(recipe: Recipe, out: Path) -> tuple[Any, dict[str, Any]]:
    """The trained LLaVA, and the settings that both anyres families take."""
    load: Any = LlavaForConditionalGeneration.from_pretrained
    found = load(out / recipe.parts["model"], dtype=torch.float32)
    settings = {
        "image_token_id": found.config.image_token_id,
        "image_grid_pinpoints": recipes.PINPOINTS,
        "vision_feature_layer": -1,
        "tie_word_embeddings": True,
    }
    return found, settings


def _started(model: Any, donor: Any, layers: Sequence[int]) -> Any:
    inner, source = model.model, donor.model
    inner.multi_modal_projector.load_state_dict(source.multi_modal_projector.state_dict())
    decoder, trained = inner.language_model, source.language_model
    decoder.embed_tokens.load_state_dict(trained.embed_tokens.state_dict())
    decoder.norm.load_state_dict(trained.norm.state_dict())
    for target, index in zip(decoder.layers, layers, strict=True):
        _, unexpected = target.load_state_dict(trained.layers[index].state_dict(), strict=False)
        if unexpected:
            raise ValueError(f"decoder layers do not fit: {unexpected}")
    for name, weight in decoder.named_parameters():
        if name.endswith("proj.bias"):  # Qwen2's, which Llama has none of
            nn.init.zeros_(weight)
    nn.init.normal_(inner.image_newline, std=0.02)
    return _tied(model)


def _tied(model: Any) -> Any:
    model.tie_weights()
    return model


def _tower(source: nn.Module, model: Any) -> None:
    """Load a tower by suffix, what fits: releases of transformers nest it at different depths."""
    target = model.model.vision_tower
    found = {_suffix(name): weight for name, weight in source.state_dict().items()}
    wanted = {name: found.get(_suffix(name)) for name in target.state_dict()}
    fitting = {
        name: weight if weight.shape == target.state_dict()[name].shape else weight[1:]  # no class token
        for name, weight in wanted.items()
        if weight is not None
    }
    target.load_state_dict(fitting, strict=False)


def _suffix(name: str) -> str:
    return name.removeprefix("vision_model.")
