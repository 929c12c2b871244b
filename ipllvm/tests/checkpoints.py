"""Tiny random checkpoints of each family in the hub's format, for tests that need no trained model."""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
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

SIDE, PATCH = 28, 7
TOKENS = (SIDE // PATCH) ** 2
WIDTH = 32
SPECIALS = ["<s>", "</s>", "<pad>", "<image>"]
CORPUS = ["USER: how many red circles are in the picture? ASSISTANT:", "what colour is the largest bar"]
TEMPLATE = (
    "{% for m in messages %}{% if m['role'] != 'system' %}{{ m['role'].upper() + ': ' }}{% endif %}"
    "{% for part in m['content'] %}{% if part['type'] == 'image' %}<image>\n{% else %}"
    "{{ part['text'] + ' ' }}{% endif %}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)
FAMILIES = ("llava", "llava_next", "llava_onevision")
NEXT_GRID = [[28, 56], [56, 28], [56, 56], [84, 28], [28, 84]]
ONEVISION_GRID = [[28 * rows, 28 * columns] for rows in range(1, 5) for columns in range(1, 5)]


def make(family: str, folder: Path, seed: int = 0) -> Path:
    """Write a complete checkpoint of `family` (llava, llava_next, llava_onevision) into `folder`."""
    words = _tokenizer()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _model(family, len(words))
        for name, weight in model.named_parameters():
            if weight.ndim > 1 and "embed" not in name:
                torch.nn.init.normal_(weight, std=1.5 / weight.shape[-1] ** 0.5)
    model.generation_config.eos_token_id = 1
    model.generation_config.pad_token_id = 2
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")
    _write(folder / "preprocessor_config.json", _images(family))
    _write(folder / "processor_config.json", _processor(family))
    return folder


def _model(family: str, vocabulary: int) -> Any:
    text: dict[str, Any] = {
        "vocab_size": vocabulary, "hidden_size": WIDTH, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 1024,
        "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2, "initializer_range": 0.5,
        "tie_word_embeddings": False,
    }  # fmt: skip
    vision: dict[str, Any] = {
        "hidden_size": 24, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 3,
        "image_size": SIDE, "patch_size": PATCH,
    }  # fmt: skip
    shared: dict[str, Any] = {"image_token_id": 3, "image_seq_length": TOKENS, "tie_word_embeddings": False}
    if family == "llava":
        clip, llama = CLIPVisionConfig(projection_dim=24, **vision), LlamaConfig(**text)
        return LlavaForConditionalGeneration(LlavaConfig(vision_config=clip, text_config=llama, **shared))
    if family == "llava_next":
        clip, llama = CLIPVisionConfig(projection_dim=24, **vision), LlamaConfig(**text)
        config = LlavaNextConfig(
            vision_config=clip, text_config=llama, image_grid_pinpoints=NEXT_GRID, **shared
        )
        return LlavaNextForConditionalGeneration(config)
    siglip, qwen = SiglipVisionConfig(vision_use_head=False, **vision), Qwen2Config(**text)
    del shared["image_seq_length"]
    settings = {"image_grid_pinpoints": ONEVISION_GRID, "video_token_id": vocabulary - 1, **shared}
    return LlavaOnevisionForConditionalGeneration(
        LlavaOnevisionConfig(vision_config=siglip, text_config=qwen, **settings)
    )


def _images(family: str) -> dict[str, Any]:
    shared = {
        "do_resize": True, "do_rescale": True, "do_normalize": True, "do_convert_rgb": True, "resample": 3,
        "rescale_factor": 1 / 255, "image_mean": [0.48, 0.46, 0.41], "image_std": [0.27, 0.26, 0.28],
    }  # fmt: skip
    square = {"height": SIDE, "width": SIDE}
    crop = {"size": {"shortest_edge": SIDE}, "crop_size": square, "do_center_crop": True}
    if family == "llava":
        return {"image_processor_type": "CLIPImageProcessor", **crop, **shared}
    if family == "llava_next":
        grid = {"image_grid_pinpoints": NEXT_GRID, "do_pad": True}
        return {"image_processor_type": "LlavaNextImageProcessor", **grid, **crop, **shared}
    tiles = {"size": square, "image_grid_pinpoints": ONEVISION_GRID, "do_pad": True}
    return {"image_processor_type": "LlavaOnevisionImageProcessor", **tiles, **shared}


def _processor(family: str) -> dict[str, Any]:
    if family == "llava_onevision":
        return {
            "processor_class": "LlavaOnevisionProcessor", "num_image_tokens": TOKENS,
            "image_token": "<image>", "vision_feature_select_strategy": "full",
            "vision_aspect_ratio": "anyres_max_9",
        }  # fmt: skip
    return {
        "processor_class": "LlavaProcessor" if family == "llava" else "LlavaNextProcessor",
        "patch_size": PATCH, "num_additional_image_tokens": 1, "image_token": "<image>",
        "vision_feature_select_strategy": "default",
    }  # fmt: skip


def _tokenizer() -> PreTrainedTokenizerFast:
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=SPECIALS, initial_alphabet=alphabet, show_progress=False
    )
    core.train_from_iterator(CORPUS * 10, trainer)
    core.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    wrap: Any = PreTrainedTokenizerFast
    return wrap(  # type: ignore[no-any-return]
        tokenizer_object=core, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        extra_special_tokens={"image_token": "<image>"}, padding_side="left",
    )  # fmt: skip


def _write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2), encoding="utf-8")
