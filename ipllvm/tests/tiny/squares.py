"""Families with one square view, or with queries that have no places."""

from typing import Any

from ipllvm.tests.tiny.parts import SIGLIP, SMALL, SQUARE, Ids, Kind, Settings, decoder

BOTH = ["sliding_attention", "full_attention"] * 2
SOFT = {"image_token": "<image_soft_token>", "boi_token": "<start_of_image>", "eoi_token": "<end_of_image>"}


def _gemma3(window: int = 512) -> Kind:
    def config(ids: Ids) -> Settings:
        text = decoder(
            "gemma3_text", head_dim=16, sliding_window=window, query_pre_attn_scalar=16, layer_types=BOTH[::1]
        )
        return {
            "text_config": text, "vision_config": SIGLIP, "mm_tokens_per_image": 4,
            "boi_token_index": ids("<start_of_image>"),
            "eoi_token_index": ids("<end_of_image>"), "image_token_index": ids("<image_soft_token>"),
        }  # fmt: skip

    return Kind(
        "gemma3", config, ("Gemma3Processor", {"image_seq_length": 4}), ("Gemma3ImageProcessor", SQUARE),
        "<start_of_image>", SOFT,
    )  # fmt: skip


def _paligemma(text: Settings) -> Kind:
    def config(ids: Ids) -> Settings:
        return {
            "text_config": text, "vision_config": {**SIGLIP, "projection_dim": 64, "num_image_tokens": 16},
            "image_token_index": ids("<image>"), "projection_dim": 64, "hidden_size": 64, "vocab_size": 512,
        }  # fmt: skip

    images = ("SiglipImageProcessor", {**SQUARE, "image_seq_length": 16})
    return Kind(
        "paligemma", config, ("PaliGemmaProcessor", {}), images, "<image>", {"image_token": "<image>"}
    )


def _gemma4(both: str | None = None) -> Kind:
    tokens = {
        "image_token": "<|image|>", "boi_token": "<|image_start|>", "eoi_token": "<|image_end|>",
        "audio_token": "<|audio|>", "boa_token": "<|boa|>", "eoa_token": "<|eoa|>",
        "video_token": "<|video|>",
    }  # fmt: skip

    def config(ids: Ids) -> Settings:
        text = decoder(
            "gemma4_text", head_dim=16, global_head_dim=32, sliding_window=512, layer_types=BOTH,
            vocab_size_per_layer_input=512, hidden_size_per_layer_input=8, num_kv_shared_layers=2,
            num_global_key_value_heads=1, attention_k_eq_v=bool(both), use_bidirectional_attention=both,
        )  # fmt: skip
        vision = {
            **SMALL, "num_hidden_layers": 2, "num_key_value_heads": 4, "head_dim": 12, "patch_size": 8,
            "pooling_kernel_size": 3, "position_embedding_size": 64, "default_output_length": 70,
        }  # fmt: skip
        del vision["image_size"]
        named = {
            "image_token_id": "image_token", "boi_token_id": "boi_token", "eoi_token_id": "eoi_token",
            "audio_token_id": "audio_token", "video_token_id": "video_token",
        }  # fmt: skip
        ids_of = {key: ids(tokens[token]) for key, token in named.items()}
        return {"text_config": text, "vision_config": vision, "audio_config": None, **ids_of}

    images: Settings = {"patch_size": 8, "pooling_kernel_size": 3, "max_soft_tokens": 70}
    return Kind(
        "gemma4", config, ("Gemma4Processor", {}), ("Gemma4ImageProcessor", images), "<|image|>", tokens
    )


def _molmo() -> Kind:
    tokens = {
        "image_placeholder_token": "<|image|>", "image_patch_token": "<im_patch>",
        "image_col_token": "<im_col>",
        "image_start_token": "<im_start>", "low_res_image_start_token": "<low_res_im_start>",
        "image_end_token": "<im_end>", "frame_start_token": "<frame_start>", "frame_end_token": "<frame_end>",
        "image_low_res_token": "<im_low>", "video_placeholder_token": "<|video|>", "image_token": "<|image|>",
        "video_token": "<|video|>",
    }  # fmt: skip

    def config(ids: Ids) -> Settings:
        vision = {
            **SMALL, "num_key_value_heads": 4, "head_dim": 12, "image_size": [56, 56],
            "num_position_embeddings": 16,
        }  # fmt: skip
        adapter = {
            "vision_feature_layer": [2, 1], "hidden_size": 48, "num_attention_heads": 4,
            "num_key_value_heads": 4,
            "head_dim": 12, "intermediate_size": 96, "text_hidden_size": 64,
        }  # fmt: skip
        named = {
            "image_start_token_id": "<im_start>", "low_res_image_start_token_id": "<low_res_im_start>",
            "image_end_token_id": "<im_end>", "image_patch_id": "<im_patch>",
            "frame_start_token_id": "<frame_start>",
            "frame_end_token_id": "<frame_end>",
        }  # fmt: skip
        return {
            "text_config": decoder("molmo2_text", head_dim=16), "vision_config": vision,
            "adapter_config": adapter,
            **{key: ids(token) for key, token in named.items()},
        }  # fmt: skip

    images: Settings = {
        **SQUARE,
        "patch_size": 14,
        "max_crops": 4,
        "overlap_margins": [1, 1],
        "pooling_size": [2, 2],
    }
    return Kind(
        "molmo2", config, ("Molmo2Processor", {}), ("Molmo2ImageProcessor", images), "<|image|>", tokens,
        torchvision=True,
    )  # fmt: skip


def _got() -> Kind:
    def config(ids: Ids) -> Settings:
        vision = {
            "hidden_size": 32, "output_channels": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
            "image_size": 256,
            "patch_size": 4, "mlp_dim": 48, "window_size": 4, "global_attn_indexes": [],
        }  # fmt: skip
        return {
            "text_config": decoder("qwen2"),
            "vision_config": vision,
            "image_token_index": ids("<imgpad>"),
        }

    return Kind(
        "got_ocr2", config, ("GotOcr2Processor", {}), ("GotOcr2ImageProcessor", {"size": {"height": 256,
        "width": 256}}),
        "<imgpad>", {}, ("<img>", "</img>", "<imgpad>", "<|im_start|>", "<|im_end|>"),
    )  # fmt: skip


IMAGE = "<image_placeholder>"


def _janus() -> Kind:
    def config(ids: Ids) -> Settings:
        vision = {
            "hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "image_size": 56,
            "patch_size": 14,
            "projection_dim": 64, "num_image_tokens": 16, "mlp_ratio": 2, "depth": 2,
        }  # fmt: skip
        drawing = {
            "base_channels": 32, "num_embeddings": 64, "embed_dim": 8, "channel_multiplier": [1, 1],
            "num_res_blocks": 1,
            "z_channels": 16, "projection_dim": 64, "image_token_embed_dim": 64, "num_patches": 4,
        }  # fmt: skip
        return {
            "text_config": decoder("llama"), "vision_config": vision, "vq_config": drawing,
            "image_token_id": ids(IMAGE),
        }  # fmt: skip

    tokens = {"image_token": IMAGE, "boi_token": "<begin_of_image>", "eoi_token": "<end_of_image>"}
    return Kind(
        "janus", config, ("JanusProcessor", {"num_image_tokens": 16}), ("JanusImageProcessor", {**SQUARE,
        "min_size": 14}),
        IMAGE + "\\n", tokens,
    )  # fmt: skip


def _deepseek(family: str, name: str, more: Settings, images: Settings) -> Kind:
    def config(ids: Ids) -> Settings:
        return {
            "text_config": decoder("llama"), "vision_config": SIGLIP, "image_token_id": ids(IMAGE), **more,
        }  # fmt: skip

    return Kind(
        family, config, (f"{name}Processor", {"num_image_tokens": 16}),
        (f"{name}ImageProcessor", {**SQUARE, "min_size": 14, **images}), IMAGE, {"image_token": IMAGE},
    )  # fmt: skip


HIGH: Settings = {
    "model_type": "sam_vision_model", "hidden_size": 32, "output_channels": 16, "num_hidden_layers": 2,
    "num_attention_heads": 2, "image_size": 256, "patch_size": 16, "mlp_dim": 48, "window_size": 4,
    "global_attn_indexes": [1],
}  # fmt: skip


def _idefics2() -> Kind:
    def config(ids: Ids) -> Settings:
        vision = {**SMALL, "model_type": "idefics2_vision", "num_hidden_layers": 2, "image_size": 112}
        perceiver = {
            "hidden_size": 64, "resampler_n_latents": 8, "resampler_depth": 1, "resampler_n_heads": 4,
            "num_key_value_heads": 2, "resampler_head_dim": 16,
        }  # fmt: skip
        return {
            "text_config": decoder("mistral", head_dim=16, sliding_window=None), "vision_config": vision,
            "perceiver_config": perceiver, "image_token_id": ids("<image>"), "pad_token_id": 2,
        }  # fmt: skip

    tokens = {
        "image_token": "<image>", "image_boundary_token": "<fake_token_around_image>",
        "end_of_utterance_token": "<end_of_utterance>",
    }  # fmt: skip
    images: Settings = {"size": {"shortest_edge": 42, "longest_edge": 112}, "do_image_splitting": True}
    return Kind(
        "idefics2", config, ("Idefics2Processor", {"image_seq_len": 8}), ("Idefics2ImageProcessor",
        images), "<image>",
        tokens,
    )  # fmt: skip


def _aria() -> Kind:
    def config(ids: Ids) -> Settings:
        vision = {
            **SMALL,
            "model_type": "idefics3_vision",
            "num_hidden_layers": 2,
            "image_size": 490,
            "patch_size": 70,
        }
        return {
            "text_config": decoder("aria_text", moe_num_experts=4, moe_topk=2, moe_num_shared_experts=1),
            "vision_config": vision, "image_token_index": ids("<|img|>"),
            "projector_patch_to_query_dict": {"196": 8, "49": 8},
        }  # fmt: skip

    return Kind(
        "aria", config, ("AriaProcessor", {"size_conversion": {"490": 8, "980": 8}}),
        ("AriaImageProcessor", {"max_image_size": 490, "min_image_size": 336}), "<|img|>",
        {"image_token": "<|img|>"},
    )  # fmt: skip


QUERIES: Settings = {
    "hidden_size": 48, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "cross_attention_frequency": 1, "encoder_hidden_size": 48, "vocab_size": 512,
}  # fmt: skip


def _blip(family: str, name: str, text: Settings, **more: Any) -> Kind:
    def config(ids: Ids) -> Settings:
        return {
            "text_config": text, "qformer_config": QUERIES, "vision_config": {**SMALL,
            "num_hidden_layers": 2},
            "num_query_tokens": 8, "image_token_index": ids("<image>"), "image_text_hidden_size": 32,
        }  # fmt: skip

    return Kind(
        family, config, (name, {"num_query_tokens": 8}), ("BlipImageProcessor", SQUARE), "", {},
        ("<image>",), **more,
    )  # fmt: skip


OPT: Settings = {
    "model_type": "opt", "hidden_size": 64, "ffn_dim": 96, "num_hidden_layers": 4, "num_attention_heads": 4,
    "vocab_size": 512, "max_position_embeddings": 512, "word_embed_proj_dim": 64, "bos_token_id": 0,
    "eos_token_id": 1, "pad_token_id": 2,
}  # fmt: skip


def _mllama() -> Kind:
    def config(ids: Ids) -> Settings:
        vision = {
            "hidden_size": 48, "intermediate_size": 64, "num_hidden_layers": 2, "num_global_layers": 1,
            "attention_heads": 4, "image_size": 56, "patch_size": 14, "max_num_tiles": 4,
            "vision_output_dim": 96,
            "intermediate_layers_indices": [0],
            "supported_aspect_ratios": [[1, 1], [1, 2], [1, 3], [1, 4], [2, 1], [2, 2], [3, 1], [4, 1]],
        }  # fmt: skip
        words = ids("<|image|>")  # the image's token stands behind the vocabulary, as in the real one
        text = decoder("mllama_text_model", cross_attention_layers=[1, 3], vocab_size=words)
        return {"text_config": text, "vision_config": vision, "image_token_index": ids("<|image|>")}

    return Kind(
        "mllama", config, ("MllamaProcessor", {}), ("MllamaImageProcessor", {**SQUARE,
        "max_image_tiles": 4}), "<|image|>",
        {"image_token": "<|image|>"},
    )  # fmt: skip


GEMMA2: Settings = {"head_dim": 16, "sliding_window": 512, "query_pre_attn_scalar": 16, "layer_types": BOTH}
KINDS: dict[str, Kind] = {
    "gemma3": _gemma3(),
    "gemma3-window": _gemma3(12),
    "paligemma": _paligemma(decoder("gemma", head_dim=16)),
    "paligemma-2": _paligemma(decoder("gemma2", **GEMMA2)),
    "gemma4": _gemma4(),
    "gemma4-vision": _gemma4("vision"),
    "molmo2": _molmo(),
    "got_ocr2": _got(),
    "janus": _janus(),
    "deepseek_vl": _deepseek("deepseek_vl", "DeepseekVL", {}, {}),
    "deepseek_vl_hybrid": _deepseek(
        "deepseek_vl_hybrid",
        "DeepseekVLHybrid",
        {"high_res_vision_config": HIGH},
        {"high_res_size": {"height": 256, "width": 256}},
    ),
    "idefics2": _idefics2(),
    "aria": _aria(),
    "blip-2": _blip("blip-2", "Blip2Processor", OPT),
    "instructblip": _blip(
        "instructblip", "InstructBlipProcessor", decoder("llama"), tokenizers=("qformer_tokenizer",)
    ),
    "mllama": _mllama(),
}
