"""The weights of TroL-3.8B by the names of transformers' InternVL: InternViT, pixel shuffle, Phi-3."""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor
from transformers import AutoConfig

TOWER, TEXT = "vision_model.", "language_model."
NAMES = (
    (re.compile(r"^language_model\.lm_head\."), "lm_head."),
    (re.compile(r"^language_model\.model\."), "model.language_model."),
    (re.compile(r"^vision_proj\.0\."), "model.multi_modal_projector.layer_norm."),
    (re.compile(r"^vision_proj\.1\."), "model.multi_modal_projector.linear_1."),
    (re.compile(r"^vision_proj\.3\."), "model.multi_modal_projector.linear_2."),
    (re.compile(r"^vision_model\.embeddings\.class_embedding$"), "model.vision_tower.embeddings.cls_token"),
    (
        re.compile(r"^vision_model\.embeddings\.position_embedding$"),
        "model.vision_tower.embeddings.position_embeddings",
    ),
    (
        re.compile(r"^vision_model\.embeddings\.patch_embedding\."),
        "model.vision_tower.embeddings.patch_embeddings.projection.",
    ),
    (re.compile(r"^vision_model\.encoder\.layers\."), "model.vision_tower.encoder.layer."),
    (re.compile(r"\.attn\.proj\."), ".attention.projection_layer."),
    (re.compile(r"\.norm1\."), ".layernorm_before."),
    (re.compile(r"\.norm2\."), ".layernorm_after."),
    (re.compile(r"\.ls([12])$"), r".lambda_\1"),
)
FUSED = re.compile(r"\.attn\.qkv\.(weight|bias)$")
PROJECTOR = ("layer_norm", "linear_1", "linear_2")


def config(raw: Mapping[str, Any], place: int) -> Any:
    """The config of InternVL's class that has these parts; the file has one for each."""
    tower = dict(raw.get("vision_config") or {})
    words = dict(raw.get("llm_config") or raw.get("text_config") or {})
    vision = AutoConfig.for_model(
        "internvl_vision",
        **{
            name: tower[name]
            for name in (
                "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "image_size",
                "patch_size", "layer_norm_eps", "hidden_act", "norm_type",
            )
            if name in tower
        },
        attention_bias=bool(tower.get("qkv_bias", True)),
        use_qk_norm=bool(tower.get("qk_normalization", False)),
        use_mean_pooling=True,
    )  # fmt: skip
    unused = {"architectures", "model_type", "torch_dtype", "dtype", "transformers_version", "auto_map"}
    text = AutoConfig.for_model("phi3", **{n: v for n, v in words.items() if n not in unused})
    return AutoConfig.for_model(
        "internvl",
        text_config=text,
        vision_config=vision,
        image_token_id=place,
        downsample_ratio=float(raw.get("downsample_ratio", 0.5)),
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        tie_word_embeddings=False,
    )


def renamed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of the class."""
    whole: dict[str, Tensor] = {}
    for name, value in tensors.items():
        for pattern, other in NAMES:
            name = pattern.sub(other, name)
        if found := FUSED.search(name):
            stem = name[: found.start()]
            for part, own in zip("qkv", value.chunk(3), strict=True):
                whole[f"{stem}.attention.{part}_proj.{found[1]}"] = own
        else:
            whole[name] = value
    return whole
