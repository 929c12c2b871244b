"""Write a trained model in the hub's format: 16-bit safetensors, tokenizer, processor, template."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import (
    CLIPProcessor,
    LlavaNextProcessor,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from ipllvm.zoo import processing, recipes, tokenizer
from ipllvm.zoo.recipes import Recipe

TEMPLATE = (
    "{% for message in messages %}{{ message['role'].upper() }}: "
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}<image>\n"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}"
    "{% if message['role'] == 'assistant' %}</s>{% else %} {% endif %}{% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)


def _forget_paths(config: Any) -> None:
    """A config remembers where its part was loaded from; a published one must not."""
    for part in (config, *(getattr(config, name, None) for name in ("text_config", "vision_config"))):
        if part is not None:
            part._name_or_path = ""


def checkpoint(model: Any, recipe: Recipe, words: PreTrainedTokenizerFast, folder: Path) -> Path:
    """Save weights (float16), config, tokenizer and processor into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    _forget_paths(model.config)
    model.to("cpu", torch.float16).save_pretrained(folder)
    if recipe.kind.startswith("llava"):
        _rename(folder / "model.safetensors")
    images: Any = processing.processor(recipe)
    if recipe.kind in ("vit", "resnet"):
        images.save_pretrained(folder)
    elif recipe.kind == "language":
        words.save_pretrained(folder)
    elif recipe.kind == "llava_onevision":
        _onevision(recipe, images, words, folder)
    else:
        _processor(recipe, images, words).save_pretrained(folder)
    return folder


TOWER, HUB_TOWER = "vision_tower.", "vision_tower.vision_model."


def _rename(path: Path) -> None:
    """Call the tower's weights as the hub's LLaVA checkpoints do: every release of transformers reads those
    names, while the ones that a late release writes are unknown to an early one.
    """
    weights = load_file(path)
    save_file({_hub_name(name): weight for name, weight in weights.items()}, path, {"format": "pt"})


def _hub_name(name: str) -> str:
    return name if name.startswith(HUB_TOWER) else name.replace(TOWER, HUB_TOWER, 1)


def _processor(recipe: Recipe, images: Any, words: PreTrainedTokenizerFast) -> Any:
    """The processor that holds both the tokenizer and the image processor."""
    if recipe.kind == "clip":
        ended = tokenizer.wrap(words.backend_tokenizer, f"{tokenizer.BOS} $A {tokenizer.EOS}")
        ended.model_max_length = recipes.TEXT_TOWER["max_position_embeddings"]
        clip: Any = CLIPProcessor
        return clip(images, ended)
    make: Any = LlavaNextProcessor if recipe.kind == "llava_next" else LlavaProcessor
    return make(
        images, words, patch_size=recipes.PATCH, vision_feature_select_strategy="default",
        chat_template=TEMPLATE, image_token=tokenizer.IMAGE, num_additional_image_tokens=1,
    )  # fmt: skip


def _onevision(recipe: Recipe, images: Any, words: PreTrainedTokenizerFast, folder: Path) -> None:
    """As separate files: the family's processor class can't be made without torchvision (its videos)."""
    images.save_pretrained(folder)
    words.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")
    settings = {
        "processor_class": "LlavaOnevisionProcessor",
        "image_token": tokenizer.IMAGE,
        "video_token": words.pad_token,
        "num_image_tokens": recipes.VISUAL_TOKENS,
        "vision_feature_select_strategy": "full",
        "vision_aspect_ratio": recipe.shape["aspect"],
    }
    _write(folder / "processor_config.json", settings)
    videos = {"video_processor_type": "LlavaOnevisionVideoProcessor", "size": processing.SQUARE}
    _write(folder / "video_preprocessor_config.json", videos | processing.CLIP_VALUES)


def _write(path: Path, settings: dict[str, Any]) -> None:
    path.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
