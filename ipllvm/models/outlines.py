"""Published models by their shapes, which are facts: what a plan needs where no file of theirs is here.

Their tokenizers are not: a token stands for four letters of a question.
"""

from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
import transformers
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import CONFIG_MAPPING, AutoModelForImageTextToText, PreTrainedTokenizerFast

from ipllvm.models.adapting import adapted
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.pipeline import LoadedCheckpoint
from ipllvm.models.processors import still
from ipllvm.models.prompting import CHECKPOINT
from ipllvm.models.trol import shapes

LETTERS = 4
"""Of a token, as English has it."""
SPECIALS = ("<s>", "</s>", "<pad>", "<image>")
TEMPLATE = (
    "{% for m in messages %}USER: {% for part in m['content'] %}{% if part['type'] == 'image' %}<image>\n"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %} ASSISTANT:{% endfor %}"
)
CLIP_336 = {
    "model_type": "clip_vision_model", "hidden_size": 1024, "intermediate_size": 4096,
    "num_hidden_layers": 24, "num_attention_heads": 16, "image_size": 336, "patch_size": 14,
    "projection_dim": 768,
}  # fmt: skip
SO400M = {
    "model_type": "siglip_vision_model", "hidden_size": 1152, "intermediate_size": 4304,
    "num_hidden_layers": 26, "num_attention_heads": 16, "image_size": 384, "patch_size": 14,
    "vision_use_head": False,
}  # fmt: skip
VICUNA_7B = {
    "model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
    "num_attention_heads": 32, "vocab_size": 32064, "max_position_embeddings": 4096,
    "tie_word_embeddings": False,
}  # fmt: skip
QWEN2_7B = {
    "model_type": "qwen2", "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
    "num_attention_heads": 28, "num_key_value_heads": 4, "vocab_size": 152000,
    "max_position_embeddings": 32768, "tie_word_embeddings": False,
}  # fmt: skip
NEXT = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]
ONEVISION = [list(pair) for pair in product(range(384, 2305, 384), repeat=2)]


@dataclass(frozen=True, slots=True)
class PublishedShape:
    """A family with its towers, and what its processors are called and set to."""

    family: str
    vision: dict[str, Any]
    text: dict[str, Any]
    processor: tuple[str, dict[str, Any]]
    images: tuple[str, dict[str, Any]]
    more: dict[str, Any]


_PATCHES = {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
_CROP = {"size": {"shortest_edge": 336}, "crop_size": {"height": 336, "width": 336}}
SHAPES = {
    "llava-hf/llava-1.5-7b-hf": PublishedShape(
        "llava", CLIP_336, VICUNA_7B, ("LlavaProcessor", _PATCHES), ("CLIPImageProcessor", _CROP), {}
    ),
    "llava-hf/llava-v1.6-vicuna-7b-hf": PublishedShape(
        "llava_next", CLIP_336, VICUNA_7B, ("LlavaNextProcessor", _PATCHES),
        ("LlavaNextImageProcessor", {**_CROP, "image_grid_pinpoints": NEXT}), {"image_grid_pinpoints": NEXT},
    ),
    "llava-hf/llava-onevision-qwen2-7b-ov-hf": PublishedShape(
        "llava_onevision", SO400M, QWEN2_7B,
        ("LlavaOnevisionProcessor", {"num_image_tokens": 729, "vision_feature_select_strategy": "full",
                                     "vision_aspect_ratio": "anyres_max_9", "video_processor": None}),
        ("LlavaOnevisionImageProcessor", {"size": {"height": 384, "width": 384},
                                          "image_grid_pinpoints": ONEVISION}),
        {"image_grid_pinpoints": ONEVISION, "vision_aspect_ratio": "anyres_max_9"},
    ),
}  # fmt: skip
"""By hub id, of families of transformers."""
OUTLINES = frozenset({*SHAPES, *shapes.SKETCHES})
"""The hub ids of all that are known here."""


def sketch(repository: str, name: str) -> VisionLanguageModel:
    """The published model of that id without weights, as `loading.sketch` makes one of a folder."""
    if repository in shapes.SKETCHES:
        return shapes.SKETCHES[repository](_tokenizer(shapes.MARKS), name)
    outline = SHAPES[repository]
    kind: Any = CONFIG_MAPPING[outline.family]
    config = kind(vision_config=outline.vision, text_config=outline.text, image_token_index=3, **outline.more)
    auto: Any = AutoModelForImageTextToText
    with torch.device("meta"):
        model = auto.from_config(config)
    parts = LoadedCheckpoint(model, _processor(outline), name, "by its published shape", CHECKPOINT)
    return adapted(outline.family, parts)


def _processor(outline: PublishedShape) -> Any:
    name, settings = outline.images
    images = getattr(transformers, f"{name}Pil")(**settings)
    name, settings = outline.processor
    own = getattr(transformers, name)
    return still(own)(
        image_processor=images,
        tokenizer=_tokenizer(),
        chat_template=TEMPLATE,
        image_token="<image>",
        **settings,
    )


def _tokenizer(marks: tuple[str, ...] = ()) -> PreTrainedTokenizerFast:
    """A token for each four letters, whatever they are, and for each mark."""
    specials = list(dict.fromkeys((*SPECIALS, *marks)))
    core = Tokenizer(
        models.WordLevel({token: at for at, token in enumerate((*specials, "?"))}, unk_token="?")
    )
    core.add_special_tokens(specials)
    core.pre_tokenizer = pre_tokenizers.Split(Regex(rf"[\s\S]{{1,{LETTERS}}}"), "isolated")
    core.decoder = decoders.Fuse()
    wrap: Any = PreTrainedTokenizerFast
    return wrap(  # type: ignore[no-any-return]
        tokenizer_object=core, bos_token="<s>", eos_token="</s>", pad_token="<pad>", padding_side="left",
        extra_special_tokens={"image_token": "<image>", "video_token": "<pad>"},
    )  # fmt: skip
