"""TroL and Meteor by their published shapes: what a plan needs where no file of theirs is here.

InternLM2's, Phi-3's and InternViT's numbers are those of the checkpoints that they were built on.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
import transformers
from torch import nn
from transformers import AutoConfig

from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.originals.templates import PICTURE
from ipllvm.models.pipeline import LoadedCheckpoint
from ipllvm.models.prompting import CHECKPOINT
from ipllvm.models.trol import asking, internvit, meteor_loading
from ipllvm.models.trol.adapters import Trol, TrolTiles
from ipllvm.models.trol.internlm2 import SIDE
from ipllvm.models.trol.partial_lora import attach
from ipllvm.models.trol.traversal import traverse

PATCH, RANK, TILE = 14, 256, 448
CLIP_490 = {
    "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
    "image_size": SIDE * PATCH, "patch_size": PATCH,
}  # fmt: skip
INTERNLM2_7B = {
    "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8, "max_position_embeddings": 32768, "vocab_size": 92546,
}  # fmt: skip
INTERNLM2_1_8B = {
    **INTERNLM2_7B, "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 24,
    "num_attention_heads": 16,
}  # fmt: skip
INTERNVIT = {
    "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
    "image_size": TILE, "patch_size": PATCH, "qkv_bias": True,
}  # fmt: skip
PHI3_MINI = {
    "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 32, "max_position_embeddings": 4096, "vocab_size": 32064, "pad_token_id": 0,
}  # fmt: skip
MARKS = (
    *(PICTURE, meteor_loading.TOR, asking.BEGIN, asking.END, "<img>", "</img>", asking.CONTEXT),
    *("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
)
"""What is one token for all of them."""
Sketched = Callable[[Any, str], VisionLanguageModel]


def trol_7b(plain: Any, name: str) -> VisionLanguageModel:
    """TroL-7B with a tokenizer, without weights."""
    return _trol(INTERNLM2_7B, plain, name)


def trol_1_8b(plain: Any, name: str) -> VisionLanguageModel:
    """TroL-1.8B with a tokenizer, without weights."""
    return _trol(INTERNLM2_1_8B, plain, name)


def trol_3_8b(plain: Any, name: str) -> VisionLanguageModel:
    """TroL-3.8B with a tokenizer, without weights."""
    parts = {"vision_config": INTERNVIT, "llm_config": PHI3_MINI}
    config = internvit.config(parts, plain.convert_tokens_to_ids(asking.CONTEXT))
    model = _traversed(_described("InternVLForConditionalGeneration", config))
    places = (TILE // PATCH // 2) ** 2
    return TrolTiles(_parts(model, asking.of_tiles(plain, TILE, places), name))


def meteor(plain: Any, name: str) -> VisionLanguageModel:
    """Meteor's MLM with a tokenizer, without weights and without its Mamba, which is a sixtieth of it."""
    model = _internlm2(INTERNLM2_7B, plain)
    return meteor_loading.adapter(_parts(model, meteor_loading.of_squares(plain, PATCH), name))


SKETCHES: Mapping[str, Sketched] = {
    "BK-Lee/TroL-1.8B": trol_1_8b,
    "BK-Lee/TroL-3.8B": trol_3_8b,
    "BK-Lee/TroL-7B": trol_7b,
    "BK-Lee/Meteor-MLM": meteor,
}
"""By hub id."""


def _trol(text: dict[str, Any], plain: Any, name: str) -> VisionLanguageModel:
    model = _traversed(_internlm2(text, plain))
    return Trol(_parts(model, asking.of_squares(plain, PATCH), name))


def _parts(model: Any, processor: Any, name: str) -> LoadedCheckpoint:
    return LoadedCheckpoint(model, processor, name, "by its published shape", CHECKPOINT)


def _described(name: str, config: Any) -> Any:
    with torch.device("meta"):
        return getattr(transformers, name)(config)


def _internlm2(text: dict[str, Any], plain: Any) -> Any:
    """LLaVA's class with a Llama of that shape, and low-rank parts at each of its linear layers."""
    config = AutoConfig.for_model(
        "llava",
        text_config=AutoConfig.for_model("llama", **text, tie_word_embeddings=False),
        vision_config=AutoConfig.for_model("clip_vision_model", **CLIP_490),
        image_token_index=plain.convert_tokens_to_ids(PICTURE),
        vision_feature_layer=-1,
    )
    model = _described("LlavaForConditionalGeneration", config)
    linears = {
        name: each for name, each in model.get_decoder().named_modules() if isinstance(each, nn.Linear)
    }
    with torch.device("meta"):
        low = {
            name: (torch.empty(RANK, each.in_features), torch.empty(each.out_features, RANK))
            for name, each in linears.items()
        }
    attach(model, low)
    return model


def _traversed(model: Any) -> Any:
    """With layers that run twice."""
    decoder = model.get_decoder()
    width = decoder.config.hidden_size
    with torch.device("meta"):
        gates = {
            f"{number}.{part}": torch.empty(shape)
            for number in range(len(decoder.layers))
            for part, shape in (("weight", (1, width)), ("bias", (1,)))
        }
    traverse(decoder, gates, "the published shape")
    return model
