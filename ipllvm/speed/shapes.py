"""Shapes of models for `ipllvm speed --synthetic`: true ones, and small ones with as many tokens.

What a forward pass costs depends on the shape alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaNextConfig,
    LlavaOnevisionConfig,
    Qwen2Config,
    Qwen2VLConfig,
    SiglipVisionConfig,
)

IMAGE: Final = 3
VIDEO: Final = 4
ENDS: Final[dict[str, Any]] = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
MERGED: Final = 28
"""Pixels of a side of Qwen2-VL's visual token."""
TOKENS: Final = 256
"""Visual tokens of Qwen2-VL: of a picture of 448 x 448 pixels, as its model card's min_pixels asks for."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Widths of the decoder and of the tower, and how many text tokens a prompt has."""

    hidden: int
    feed_forward: int
    layers: int
    heads: int
    vocabulary: int
    image: int
    tower_hidden: int
    tower_feed_forward: int
    tower_layers: int
    tower_heads: int
    text: int = 64
    patch: int = 14
    family: str = "llava"

    def config(self) -> Any:
        """The configuration of transformers' model."""
        return CONFIGS[self.family](self)

    def decoder(self) -> dict[str, Any]:
        """The settings of the decoder, whatever its kind."""
        return {
            "vocab_size": self.vocabulary, "hidden_size": self.hidden, "intermediate_size": self.feed_forward,
            "num_hidden_layers": self.layers, "num_attention_heads": self.heads,
            "num_key_value_heads": self.heads, "max_position_embeddings": 8192, **ENDS,
        }  # fmt: skip

    def tower(self) -> dict[str, Any]:
        """The settings of a square tower."""
        return {
            "hidden_size": self.tower_hidden, "intermediate_size": self.tower_feed_forward,
            "num_hidden_layers": self.tower_layers, "num_attention_heads": self.tower_heads,
            "image_size": self.image, "patch_size": self.patch,
        }  # fmt: skip


def pinpoints(side: int) -> list[list[int]]:
    """LLaVA-NeXT's resolutions: two tiles beside or above each other, four, three."""
    return [[side * rows, side * columns] for rows, columns in ((1, 2), (2, 1), (2, 2), (3, 1), (1, 3))]


def _llava(shape: Shape) -> Any:
    vision = CLIPVisionConfig(**shape.tower(), projection_dim=shape.tower_hidden)
    return LlavaConfig(
        vision_config=vision, text_config=LlamaConfig(**shape.decoder()), image_token_index=IMAGE,
        vision_feature_layer=-2, image_seq_length=(shape.image // shape.patch) ** 2,
    )  # fmt: skip


def _llava_next(shape: Shape) -> Any:
    vision = CLIPVisionConfig(**shape.tower(), projection_dim=shape.tower_hidden)
    return LlavaNextConfig(
        vision_config=vision, text_config=LlamaConfig(**shape.decoder()), image_token_index=IMAGE,
        image_grid_pinpoints=pinpoints(shape.image),
    )  # fmt: skip


def _llava_onevision(shape: Shape) -> Any:
    vision = SiglipVisionConfig(**shape.tower(), vision_use_head=False)
    return LlavaOnevisionConfig(
        vision_config=vision, text_config=Qwen2Config(**shape.decoder()), image_token_index=IMAGE,
        video_token_index=VIDEO, image_grid_pinpoints=pinpoints(shape.image),
    )  # fmt: skip


def _qwen2_vl(shape: Shape) -> Any:
    width = shape.hidden // shape.heads // 2
    axes = [width // 4, 3 * width // 8, 3 * width // 8]  # the checkpoints' 16, 24, 24 of 64
    rope = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": axes}
    text = {**shape.decoder(), "rope_parameters": rope}
    vision = {
        "depth": shape.tower_layers, "embed_dim": shape.tower_hidden, "hidden_size": shape.hidden,
        "num_heads": shape.tower_heads, "mlp_ratio": shape.tower_feed_forward // shape.tower_hidden,
        "patch_size": shape.patch, "spatial_merge_size": 2, "temporal_patch_size": 2,
    }  # fmt: skip
    return Qwen2VLConfig(
        text_config=text, vision_config=vision, image_token_id=IMAGE, video_token_id=VIDEO,
        vision_start_token_id=5, vision_end_token_id=6,
    )  # fmt: skip


CONFIGS: Final[dict[str, Callable[[Shape], Any]]] = {
    "llava": _llava,
    "llava_next": _llava_next,
    "llava_onevision": _llava_onevision,
    "qwen2_vl": _qwen2_vl,
}
SHAPES: Final = {
    "llava-1.5-7b": Shape(4096, 11008, 32, 32, 32064, 336, 1024, 4096, 24, 16),
    "llava-120m": Shape(768, 2048, 12, 12, 2048, 336, 512, 2048, 10, 8),
    "llava_next-small": Shape(256, 688, 4, 4, 512, 336, 128, 512, 4, 4, family="llava_next"),
    "llava_onevision-small": Shape(256, 688, 4, 4, 512, 384, 128, 512, 4, 4, family="llava_onevision"),
    "qwen2_vl-small": Shape(256, 688, 4, 4, 512, 448, 128, 512, 4, 4, family="qwen2_vl"),
    "tiny": Shape(64, 176, 4, 4, 512, 112, 32, 64, 3, 2),
}
