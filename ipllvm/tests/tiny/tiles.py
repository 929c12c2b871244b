"""Families that cut a picture into square tiles, and beside them show it whole."""

from ipllvm.tests.tiny.parts import SIGLIP, SMALL, SQUARE, Ids, Kind, Settings, decoder

CUT: Settings = {**SQUARE, "crop_to_patches": True, "max_patches": 4, "min_patches": 1}
BOTH = ["sliding_attention", "full_attention"] * 2


def _internvl() -> Kind:
    def config(ids: Ids) -> Settings:
        vision = {
            **SMALL, "model_type": "internvl_vision", "num_hidden_layers": 2, "image_size": [56, 56],
            "patch_size": [14, 14],
        }  # fmt: skip
        return {
            "text_config": decoder("qwen2"), "vision_config": vision, "image_token_id": ids("<IMG_CONTEXT>"),
            "image_seq_length": 4, "downsample_ratio": 0.5,
        }  # fmt: skip

    tokens = {
        "context_image_token": "<IMG_CONTEXT>", "start_image_token": "<img>", "end_image_token": "</img>",
        "video_token": "<video>",
    }  # fmt: skip
    return Kind(
        "internvl", config, ("InternVLProcessor", {"image_seq_length": 4}), ("GotOcr2ImageProcessor", CUT),
        "<IMG_CONTEXT>\\n", tokens,
    )  # fmt: skip


PLACES = tuple(f"<row_{r}_col_{c}>" for r in range(1, 5) for c in range(1, 5))


def _idefics3(family: str, name: str) -> Kind:
    def config(ids: Ids) -> Settings:
        vision = {**SMALL, "model_type": f"{family}_vision", "num_hidden_layers": 2}
        return {
            "text_config": decoder("llama"), "vision_config": vision, "image_token_id": ids("<image>"),
            "scale_factor": 2, "pad_token_id": 2,
        }  # fmt: skip

    images: Settings = {"size": {"longest_edge": 168}, "max_image_size": {"longest_edge": 56}}
    tokens = {
        "image_token": "<image>", "fake_image_token": "<fake_token_around_image>", "video_token": "<video>",
        "end_of_utterance_token": "<end_of_utterance>", "global_image_token": "<global-img>",
    }  # fmt: skip
    return Kind(
        family, config, (f"{name}Processor", {"image_seq_len": 4}), (f"{name}ImageProcessor", images),
        "<image>",
        tokens, PLACES,
    )  # fmt: skip


COHERE = decoder("cohere2", sliding_window=512, layer_types=BOTH, logit_scale=0.25)


def _aya() -> Kind:
    def config(ids: Ids) -> Settings:
        return {
            "text_config": COHERE, "vision_config": SIGLIP, "image_token_index": ids("<|IMG_PATCH|>"),
            "downsample_factor": 2, "alignment_intermediate_size": 96,
        }  # fmt: skip

    more = ("<|START_OF_IMG|>", "<|END_OF_IMG|>", "<|IMG_PATCH|>", "<|IMG_LINE_BREAK|>")
    tiles = ("TILE_1", "TILE_2", "TILE_3", "TILE_4", "TILE_GLOBAL")
    settings = {"patch_size": 14, "img_size": 56, "downsample_factor": 2}
    return Kind(
        "aya_vision", config, ("AyaVisionProcessor", settings), ("GotOcr2ImageProcessor", CUT), "<image>",
        {"image_token": "<image>"}, more + tiles,
    )  # fmt: skip


def _cohere() -> Kind:
    def config(ids: Ids) -> Settings:
        return {
            "text_config": COHERE, "vision_config": SIGLIP, "image_token_id": ids("<|IMG_PATCH|>"),
            "downsample_factor": 2, "alignment_intermediate_size": 96,
        }  # fmt: skip

    tokens = {
        "image_token": "<|IMG_PATCH|>", "boi_token": "<|START_OF_IMG|>", "eoi_token": "<|END_OF_IMG|>",
        "img_line_break_token": "<|IMG_LINE_BREAK|>",
    }  # fmt: skip
    return Kind(
        "cohere2_vision", config, ("Cohere2VisionProcessor", {}),
        ("Cohere2VisionImageProcessor", {**CUT, "patch_size": 2}), "<|IMG_PATCH|>", tokens, torchvision=True,
    )  # fmt: skip


def _perception() -> Kind:
    def config(ids: Ids) -> Settings:
        tower = {
            "embed_dim": 48, "img_size": [56, 56], "depth": 2, "num_heads": 4, "global_pool": "",
            "use_post_transformer_norm": False, "init_values": 0.1, "ref_feat_shape": [4, 4],
        }  # fmt: skip
        vision = {
            "model_type": "timm_wrapper",
            "architecture": "vit_pe_core_large_patch14_336",
            "model_args": tower,
        }
        return {
            "text_config": decoder("llama"), "vision_config": vision, "image_token_id": ids("<|image|>"),
            "video_token_id": ids("<|video|>"), "projector_pooling_ratio": 2,
        }  # fmt: skip

    images: Settings = {**SQUARE, "tile_size": 56, "max_num_tiles": 4, "vision_input_type": "thumb+tile"}
    return Kind(
        "perception_lm", config, ("PerceptionLMProcessor", {"patch_size": 14, "pooling_ratio": 2}),
        ("PerceptionLMImageProcessor", images), "<|image|>", {"image_token": "<|image|>",
        "video_token": "<|video|>"},
        torchvision=True,
    )  # fmt: skip


INDICATORS = ("<IMG_START>", "<IMG_GRID>", "<IMG_COL>", "<IMG_ROW>", "<IMG_END>")


def _ovis() -> Kind:
    def config(ids: Ids) -> Settings:
        vision = {
            **SMALL,
            "num_hidden_layers": 2,
            "hidden_stride": 2,
            "vocab_size": 64,
            "num_visual_indicator_tokens": 5,
        }
        return {
            "text_config": decoder("qwen2"), "vision_config": vision, "image_token_id": ids("<IMG_ATOM>"),
            "visual_indicator_token_ids": [ids(token) for token in INDICATORS], "hidden_size": 64,
            "vocab_size": 512,
        }  # fmt: skip

    return Kind(
        "ovis2", config, ("Ovis2Processor", {"image_seq_length": 4}), ("Ovis2ImageProcessor", CUT), "<image>",
        {"image_token": "<image>"}, (*INDICATORS, "<IMG_ATOM>"),
    )  # fmt: skip


def _llama4() -> Kind:
    def config(ids: Ids) -> Settings:
        text = decoder(
            "llama4_text", head_dim=16, intermediate_size_mlp=96, num_local_experts=2, num_experts_per_tok=1,
            attention_chunk_size=512,
        )  # fmt: skip
        vision = {
            **SMALL, "intermediate_size": 192, "num_hidden_layers": 2, "vision_output_dim": 64,
            "projector_input_dim": 64,
            "projector_output_dim": 64, "pixel_shuffle_ratio": 0.5,
        }  # fmt: skip
        return {
            "text_config": text, "vision_config": vision, "image_token_index": ids("<|patch|>"),
            "boi_token_index": ids("<|image_start|>"), "eoi_token_index": ids("<|image_end|>"),
        }  # fmt: skip

    more = (
        "<|image|>",
        "<|image_start|>",
        "<|image_end|>",
        "<|patch|>",
        "<|tile_x_separator|>",
        "<|tile_y_separator|>",
    )
    return Kind(
        "llama4", config, ("Llama4Processor", {"patch_size": 14, "pixel_shuffle_ratio": 0.5}),
        ("Llama4ImageProcessor", {**SQUARE, "max_patches": 4}), "<|image|>", {}, more, torchvision=True,
    )  # fmt: skip


def _lfm2() -> Kind:
    def config(ids: Ids) -> Settings:
        text = decoder(
            "lfm2", layer_types=["conv", "full_attention"] * 2, conv_L_cache=3, block_ff_dim=96,
            block_auto_adjust_ff_dim=False,
        )  # fmt: skip
        vision = {
            **SMALL, "model_type": "siglip2_vision_model", "num_hidden_layers": 2, "num_patches": 16,
            "patch_size": 16,
            "vision_use_head": False,
        }  # fmt: skip
        del vision["image_size"]
        return {
            "text_config": text, "vision_config": vision, "image_token_id": ids("<image>"),
            "downsample_factor": 2,
            "projector_hidden_size": 48,
        }  # fmt: skip

    tokens = {
        "image_token": "<image>", "image_start_token": "<|image_start|>", "image_end_token": "<|image_end|>",
        "image_thumbnail_token": "<|img_thumbnail|>",
    }  # fmt: skip
    images: Settings = {
        "tile_size": 64, "min_tiles": 2, "max_tiles": 4, "min_image_tokens": 2, "max_image_tokens": 16,
        "encoder_patch_size": 16, "downsample_factor": 2, "max_num_patches": 64, "max_pixels_tolerance": 2.0,
        "do_image_splitting": True, "use_thumbnail": True,
    }  # fmt: skip
    places = tuple(f"<|img_row_{r}_col_{c}|>" for r in range(1, 6) for c in range(1, 6))
    return Kind(
        "lfm2_vl", config, ("Lfm2VlProcessor", {}), ("Lfm2VlImageProcessor", images), "<image>", tokens,
        places,
        torchvision=True,
    )  # fmt: skip


KINDS: dict[str, Kind] = {
    "internvl": _internvl(),
    "idefics3": _idefics3("idefics3", "Idefics3"),
    "smolvlm": _idefics3("smolvlm", "SmolVLM"),
    "aya_vision": _aya(),
    "cohere2_vision": _cohere(),
    "perception_lm": _perception(),
    "ovis2": _ovis(),
    "llama4": _llama4(),
    "lfm2_vl": _lfm2(),
}
