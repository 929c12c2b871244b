"""Families with one grid of patches of any size, and positions of three axes."""

from typing import Any

from ipllvm.tests.tiny.parts import SMALL, Ids, Kind, Settings, decoder

TOKENS = {
    "image_token": "<|image_pad|>", "video_token": "<|video_pad|>",
    "vision_start_token": "<|vision_start|>", "vision_end_token": "<|vision_end|>",
}  # fmt: skip
MARK = "<|vision_start|><|image_pad|><|vision_end|>"
EDGES: Settings = {"size": {"shortest_edge": 28 * 28, "longest_edge": 28 * 28 * 40}, "merge_size": 2}
TOWER: Settings = {
    "depth": 2, "hidden_size": 32, "out_hidden_size": 64, "intermediate_size": 48, "num_heads": 2,
    "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2,
}  # fmt: skip


def _rope(sections: tuple[int, int, int] = (2, 3, 3), **more: Any) -> Settings:
    return {
        "rope_parameters": {
            "rope_type": "default", "mrope_section": list(sections), "rope_theta": 10000.0, **more,
        }
    }  # fmt: skip


def _qwen(family: str, text: Settings, vision: Settings, processor: str, patch: int = 14) -> Kind:
    def config(ids: Ids) -> Settings:
        return {
            "text_config": text, "vision_config": vision, "image_token_id": ids("<|image_pad|>"),
            "video_token_id": ids("<|video_pad|>"), "vision_start_token_id": ids("<|vision_start|>"),
            "vision_end_token_id": ids("<|vision_end|>"),
        }  # fmt: skip

    images = ("Qwen2VLImageProcessor", {**EDGES, "patch_size": patch})
    return Kind(family, config, (processor, {}), images, MARK, TOKENS)


QWEN2: Settings = {
    "depth": 2, "embed_dim": 32, "hidden_size": 64, "num_heads": 2, "mlp_ratio": 2, "patch_size": 14,
    "spatial_merge_size": 2, "temporal_patch_size": 2,
}  # fmt: skip
WINDOWS: Settings = {**TOWER, "window_size": 56, "fullatt_block_indexes": [1]}
QWEN3: Settings = {
    **TOWER,
    "depth": 4,
    "patch_size": 16,
    "num_position_embeddings": 64,
    "deepstack_visual_indexes": [0, 1, 2],
}
MOE: Settings = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
LINEAR: Settings = {
    "linear_conv_kernel_dim": 4, "linear_key_head_dim": 16, "linear_value_head_dim": 16,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4, "head_dim": 16,
    "layer_types": ["linear_attention", "linear_attention", "linear_attention", "full_attention"],
}  # fmt: skip


def _qwen3_5(family: str, text: str, more: Settings) -> Kind:
    vision = {k: v for k, v in QWEN3.items() if k != "deepstack_visual_indexes"} | {"depth": 2}
    rope = _rope((1, 1, 0), mrope_interleaved=True, partial_rotary_factor=0.25)
    return _qwen(family, decoder(text, **LINEAR, **rope, **more), vision, "Qwen3VLProcessor", 16)


GLM_TOKENS = {
    "image_token": "<|image|>", "video_token": "<|video|>", "image_start_token": "<|begin_of_image|>",
    "image_end_token": "<|end_of_image|>", "video_start_token": "<|begin_of_video|>",
    "video_end_token": "<|end_of_video|>",
}  # fmt: skip


def _glm(family: str, name: str, text: Settings) -> Kind:
    def config(ids: Ids) -> Settings:
        vision = {
            **TOWER,
            "model_type": f"{family}_vision" if family != "glm46v" else "glm4v_vision",
            "image_size": 56,
        }
        named = {
            "image_token_id": "image_token", "video_token_id": "video_token",
            "image_start_token_id": "image_start_token", "image_end_token_id": "image_end_token",
            "video_start_token_id": "video_start_token", "video_end_token_id": "video_end_token",
        }  # fmt: skip
        tokens = {key: ids(GLM_TOKENS[token]) for key, token in named.items()}
        return {"text_config": text, "vision_config": vision, **tokens}

    images = {**EDGES, "size": {"shortest_edge": 28 * 28 * 2, "longest_edge": 28 * 28 * 80}, "patch_size": 14}
    mark = "<|begin_of_image|><|image|><|end_of_image|>"
    image_class = "Glm46VImageProcessor" if family == "glm46v" else "Glm4vImageProcessor"
    return Kind(family, config, (name, {}), (image_class, images), mark, GLM_TOKENS)


GLM_TEXT = decoder("glm4v_text", **_rope(partial_rotary_factor=1.0))
GLM_MOE = decoder(
    "glm4v_moe_text", head_dim=16, n_routed_experts=4, num_experts_per_tok=2, moe_intermediate_size=32,
    n_shared_experts=1,
    first_k_dense_replace=1, n_group=1, topk_group=1, **_rope((1, 1, 2), partial_rotary_factor=0.5),
)  # fmt: skip


def _exaone() -> Kind:
    text = decoder(
        "exaone4", head_dim=16, sliding_window=512,
        layer_types=["sliding_attention", "sliding_attention", "sliding_attention", "full_attention"],
    )  # fmt: skip
    kind = _qwen("exaone4_5", text, {**WINDOWS, "num_key_value_heads": 2}, "Exaone4_5_Processor")

    def config(ids: Ids) -> Settings:
        made = kind.config(ids)
        return {name: value for name, value in made.items() if not name.startswith("vision_")} | {
            "vision_config": made["vision_config"]
        }

    return Kind(kind.family, config, kind.processor, kind.images, kind.mark, kind.tokens)


def _video_llama() -> Kind:
    def config(ids: Ids) -> Settings:
        vision = {**SMALL, "num_hidden_layers": 2}
        del vision["image_size"]
        return {
            "text_config": decoder("qwen2"), "vision_config": vision, "image_token_id": ids("<image>"),
            "video_token_id": ids("<video>"),
        }  # fmt: skip

    return Kind(
        "video_llama_3", config, ("VideoLlama3Processor", {}), ("VideoLlama3ImageProcessor", {**EDGES,
        "patch_size": 14}),
        "<image>", {"image_token": "<image>", "video_token": "<video>"},
    )  # fmt: skip


INTERLEAVED = _rope(mrope_interleaved=True)
KINDS: dict[str, Kind] = {
    "qwen2_vl": _qwen("qwen2_vl", decoder("qwen2_vl_text", **_rope()), QWEN2, "Qwen2VLProcessor"),
    "qwen2_5_vl": _qwen("qwen2_5_vl", decoder("qwen2_5_vl_text", **_rope()), WINDOWS, "Qwen2_5_VLProcessor"),
    "qwen3_vl": _qwen(
        "qwen3_vl", decoder("qwen3_vl_text", head_dim=16, **INTERLEAVED), QWEN3, "Qwen3VLProcessor", 16
    ),
    "qwen3_vl_moe": _qwen(
        "qwen3_vl_moe",
        decoder("qwen3_vl_moe_text", head_dim=16, **MOE, **INTERLEAVED),
        QWEN3,
        "Qwen3VLProcessor",
        16,
    ),
    "qwen3_5": _qwen3_5("qwen3_5", "qwen3_5_text", {}),
    "qwen3_5_moe": _qwen3_5(
        "qwen3_5_moe", "qwen3_5_moe_text", {**MOE, "shared_expert_intermediate_size": 32}
    ),
    "glm4v": _glm("glm4v", "Glm4vProcessor", GLM_TEXT),
    "glm46v": _glm("glm46v", "Glm46VProcessor", GLM_TEXT),
    "glm4v_moe": _glm("glm4v_moe", "Glm4vProcessor", GLM_MOE),
    "exaone4_5": _exaone(),
    "video_llama_3": _video_llama(),
}
