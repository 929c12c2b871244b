"""Write a trained model in the hub's format: 16-bit safetensors, tokenizer, processor, template."""

from pathlib import Path
from typing import Any

import torch
from transformers import CLIPProcessor, LlavaProcessor, PreTrainedTokenizerFast
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from ipllvm.zoo import recipes, tokenizer
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
    if recipe.kind == "language":
        words.save_pretrained(folder)
        return folder
    images = CLIPImageProcessorPil(
        size={"shortest_edge": recipes.IMAGE_SIZE},
        crop_size={"height": recipes.IMAGE_SIZE, "width": recipes.IMAGE_SIZE},
    )
    if recipe.kind == "clip":
        ended = tokenizer.wrap(words.backend_tokenizer, f"{tokenizer.BOS} $A {tokenizer.EOS}")
        ended.model_max_length = recipes.TEXT_TOWER["max_position_embeddings"]
        clip: Any = CLIPProcessor
        clip(images, ended).save_pretrained(folder)
        return folder
    llava: Any = LlavaProcessor
    processor = llava(
        images, words, patch_size=recipes.PATCH, vision_feature_select_strategy="default",
        chat_template=TEMPLATE, image_token=tokenizer.IMAGE, num_additional_image_tokens=1,
    )  # fmt: skip
    processor.save_pretrained(folder)
    return folder
