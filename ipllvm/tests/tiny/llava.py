"""LLaVA and what followed it closely: a tower, a projector, any decoder."""

from dataclasses import replace
from typing import Any

from ipllvm.tests.tiny.parts import (
    CLIP,
    CROP,
    PIXTRAL,
    SIGLIP,
    SQUARE,
    Ids,
    Kind,
    Settings,
    decoder,
)

PINPOINTS = [[56, 112], [112, 56], [112, 112], [56, 168]]
TOKENS = {"image_token": "<image>"}
MARK = "<image>\\n"
CLIPPED: Settings = {
    "patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1,
}  # fmt: skip
WHOLE: Settings = {
    "patch_size": 14, "vision_feature_select_strategy": "full", "num_additional_image_tokens": 0,
}  # fmt: skip


def _llava(text: Settings, **more: Any) -> Kind:
    def config(ids: Ids) -> Settings:
        chosen = {"vision_feature_select_strategy": "default", "vision_feature_layer": -2}
        return {
            "vision_config": CLIP,
            "text_config": text,
            "image_token_index": ids("<image>"),
            **chosen,
            **more,
        }

    return Kind("llava", config, ("LlavaProcessor", CLIPPED), ("CLIPImageProcessor", CROP), MARK, TOKENS)


def _next(text: Settings) -> Kind:
    def config(ids: Ids) -> Settings:
        return {
            "vision_config": CLIP, "text_config": text, "image_token_index": ids("<image>"),
            "image_grid_pinpoints": PINPOINTS,
        }  # fmt: skip

    images = {**CROP, "image_grid_pinpoints": PINPOINTS}
    return Kind(
        "llava_next",
        config,
        ("LlavaNextProcessor", CLIPPED),
        ("LlavaNextImageProcessor", images),
        MARK,
        TOKENS,
    )


def _onevision() -> Kind:
    def config(ids: Ids) -> Settings:
        return {
            "vision_config": SIGLIP, "text_config": decoder("qwen2"), "image_token_index": ids("<image>"),
            "video_token_index": ids("<video>"), "image_grid_pinpoints": PINPOINTS,
            "vision_aspect_ratio": "anyres_max_1",
        }  # fmt: skip

    settings = {
        "num_image_tokens": 16, "vision_feature_select_strategy": "full",
        "vision_aspect_ratio": "anyres_max_1"
    }  # fmt: skip
    images = {**SQUARE, "image_grid_pinpoints": PINPOINTS}
    return Kind(
        "llava_onevision", config, ("LlavaOnevisionProcessor", settings), ("LlavaOnevisionImageProcessor",
        images),
        MARK, {**TOKENS, "video_token": "<video>"},
    )  # fmt: skip


def _siglip(text: Settings) -> Kind:
    kind = _llava(text, vision_config=SIGLIP, vision_feature_select_strategy="full", vision_feature_layer=-1)
    return replace(kind, processor=("LlavaProcessor", WHOLE), images=("SiglipImageProcessor", SQUARE))


def _whole_states() -> Kind:
    """Its projector takes the class token too."""
    chosen = {"vision_feature_select_strategy": "full"}
    return replace(_llava(decoder("llama"), **chosen), processor=("LlavaProcessor", {**CLIPPED, **chosen}))


def _vip() -> Kind:
    def config(ids: Ids) -> Settings:
        return {
            "vision_config": CLIP, "text_config": decoder("llama"), "image_token_index": ids("<image>"),
            "vision_feature_layers": [-2, -1, 1],
        }  # fmt: skip

    return replace(_llava(decoder("llama")), family="vipllava", config=config)


BREAKS = {"image_token": "[IMG]", "image_break_token": "[IMG_BREAK]", "image_end_token": "[IMG_END]"}
MISTRAL = decoder("mistral", head_dim=16, sliding_window=None)


def _pixtral() -> Kind:
    def config(ids: Ids) -> Settings:
        return {
            "vision_config": PIXTRAL, "text_config": MISTRAL, "image_token_index": ids("[IMG]"),
            "vision_feature_select_strategy": "full", "vision_feature_layer": -1,
        }  # fmt: skip

    images: Settings = {"size": {"longest_edge": 128}, "patch_size": 14}
    return Kind(
        "llava", config, ("PixtralProcessor", {"patch_size": 14}), ("PixtralImageProcessor", images), "[IMG]",
        BREAKS, torchvision=True,
    )  # fmt: skip


def _mistral3() -> Kind:
    def config(ids: Ids) -> Settings:
        return {
            "vision_config": PIXTRAL, "text_config": MISTRAL, "image_token_index": ids("[IMG]"),
            "spatial_merge_size": 2,
        }  # fmt: skip

    images: Settings = {"size": {"longest_edge": 128}, "patch_size": {"height": 28, "width": 28}}
    processor = ("PixtralProcessor", {"patch_size": 14, "spatial_merge_size": 2})
    return replace(
        _pixtral(),
        family="mistral3",
        config=config,
        processor=processor,
        images=("PixtralImageProcessor", images),
    )


def _lighton() -> Kind:
    def config(ids: Ids) -> Settings:
        return {
            "vision_config": PIXTRAL, "text_config": decoder("qwen3", head_dim=16),
            "image_token_id": ids("<|image_pad|>"), "spatial_merge_size": 2,
        }  # fmt: skip

    tokens = {
        "image_token": "<|image_pad|>", "image_break_token": "<|vision_pad|>",
        "image_end_token": "<|vision_end|>",
    }  # fmt: skip
    images: Settings = {"size": {"longest_edge": 140}, "patch_size": 14}
    return Kind(
        "lighton_ocr", config, ("LightOnOcrProcessor", {"patch_size": 14, "spatial_merge_size": 2}),
        ("PixtralImageProcessor", images), "<|image_pad|>", tokens,
    )  # fmt: skip


def _granite4() -> Kind:
    def config(ids: Ids) -> Settings:
        qformer = {
            "hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 1, "intermediate_size": 64,
            "encoder_hidden_size": 64, "cross_attention_frequency": 1, "use_qformer_text_input": False,
        }  # fmt: skip
        return {
            "vision_config": {**SIGLIP, "num_hidden_layers": 4, "hidden_size": 64},
            "text_config": decoder("granite4_vision_text", embedding_multiplier=2.0, logits_scaling=2.0),
            "image_token_index": ids("<image>"), "image_grid_pinpoints": PINPOINTS, "downsample_rate": "1/2",
            "deepstack_layer_map": [[-1, 0], [-2, 2]], "use_spatial_sampling": True,
            "spatial_target_layers": [1, 3],
            "spatial_vision_layer": -1, "spatial_stride": 2, "vision_feature_select_strategy": "full",
            "qformer_config": qformer,
        }  # fmt: skip

    settings = {"patch_size": 14, "vision_feature_select_strategy": "full", "downsample_rate": "1/2"}
    return replace(
        _next(MISTRAL),
        family="granite4_vision",
        config=config,
        processor=("Granite4VisionProcessor", settings),
    )


GRANITE: Settings = {
    "logits_scaling": 2.0, "embedding_multiplier": 3.0, "residual_multiplier": 0.8,
    "attention_multiplier": 0.2,
}  # fmt: skip
EXPERTS: Settings = {"num_local_experts": 4, "num_experts_per_tok": 2}
MOE: Settings = {
    "num_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 32,
    "decoder_sparse_step": 1,
}

DECODERS: dict[str, Settings] = {
    "llama": decoder("llama"),
    "mistral": MISTRAL,
    "mistral-window": decoder("mistral", head_dim=16, sliding_window=20),
    "qwen2": decoder("qwen2"),
    "qwen3": decoder("qwen3", head_dim=16),
    "granite": decoder("granite", **GRANITE),
    "granitemoe": decoder("granitemoe", **GRANITE, **EXPERTS),
    "mixtral": decoder("mixtral", sliding_window=None, **EXPERTS),
    "qwen2_moe": decoder("qwen2_moe", shared_expert_intermediate_size=32, **MOE),
    "qwen3_moe": decoder("qwen3_moe", head_dim=16, **MOE),
    "olmo2": decoder("olmo2"),
    "phi3": decoder("phi3"),
    "gemma": decoder("gemma", head_dim=16),
    "cohere": decoder("cohere", logit_scale=0.25),
    "gpt_oss": decoder("gpt_oss", head_dim=16, sliding_window=20, **EXPERTS),
}
"""The decoders that stand in LLaVA."""

KINDS: dict[str, Kind] = {
    **{f"llava-{name}": _llava(text) for name, text in DECODERS.items()},
    "llava-siglip": _siglip(decoder("llama")),
    "llava-siglip-qwen3": _siglip(decoder("qwen3", head_dim=16)),
    "llava-class-token": _whole_states(),
    "llava-pixtral": _pixtral(),
    "llava_next-mistral": _next(MISTRAL),
    "llava_next-granite": _next(decoder("granite", **GRANITE)),
    "llava_next-qwen2": _next(decoder("qwen2")),
    "llava_onevision": _onevision(),
    "vipllava": _vip(),
    "mistral3": _mistral3(),
    "lighton_ocr": _lighton(),
    "granite4_vision": _granite4(),
}
