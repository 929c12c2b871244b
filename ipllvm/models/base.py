"""The one interface of all models: prepare -> encode -> project -> pack -> embed -> decoder -> logits."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from PIL import Image
from torch import Tensor

from ipllvm.records import Layout, ModelInfo


@dataclass(frozen=True, slots=True)
class Prepared:
    """One sample as the model takes it, on the CPU.

    `input_ids` holds one placeholder for each visual token, `visual` says where they are,
    `pixel_values` are the normalised tiles and `image_size` is (height, width) of the picture
    before any preprocessing.
    """

    input_ids: Int[Tensor, " positions"]
    visual: Bool[Tensor, " positions"]
    pixel_values: Float[Tensor, "tiles 3 height width"]
    image_size: tuple[int, int]


class VisionLanguageModel(ABC):
    """A model whose stages can be run one by one; chained, they answer as plain greedy `generate`.

    `fingerprint` is a digest of weights, config, processor and template. `stop_tokens` end an answer.
    """

    name: str
    fingerprint: str
    device: torch.device
    dtype: torch.dtype
    stop_tokens: frozenset[int]

    @abstractmethod
    def info(self) -> ModelInfo:
        """What a report says of the model: identity and numerics."""

    @abstractmethod
    def batch_size(self) -> int:
        """How many samples to answer together, from the memory that is free now; at least 1."""

    @abstractmethod
    def prepare(self, images: Sequence[Image.Image], prompt: str) -> Prepared:
        """The prompt in the checkpoint's chat template and its one picture, processed as shipped.

        Raises ValueError where there is not exactly one image, or the prompt holds the image token.
        """

    @abstractmethod
    def encode(self, batch: Sequence[Prepared]) -> list[Float[Tensor, "tiles patches width"]]:
        """f_V: the features that the projector takes, one tensor a sample, in one tower call."""

    @abstractmethod
    def project(self, features: Sequence[Tensor]) -> list[Float[Tensor, "tiles tokens hidden"]]:
        """f_P: visual tokens of each tile, before packing; one tensor a sample."""

    @abstractmethod
    def pack(self, projected: Tensor, prepared: Prepared) -> Float[Tensor, "visual hidden"]:
        """The visual tokens as the decoder gets them: tiles unpadded, newlines in place."""

    @abstractmethod
    def layout(self, prepared: Prepared) -> Layout:
        """Where each packed token comes from; as long as `pack` of the same sample."""

    @abstractmethod
    def embed(self, prepared: Prepared, visual: Tensor) -> Float[Tensor, "positions hidden"]:
        """The decoder's input: token embeddings with the visual tokens put in."""

    @abstractmethod
    def embed_tokens(self, ids: Tensor) -> Tensor:
        """Embeddings of token ids of any shape, (..., hidden)."""

    @abstractmethod
    def decoder(
        self,
        inputs_embeds: Float[Tensor, "batch positions hidden"],
        *,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Any = None,
        use_cache: bool = True,
    ) -> tuple[Float[Tensor, "batch positions hidden"], Any]:
        """f_L without its head: final hidden states, and the cache (None without `use_cache`)."""

    @abstractmethod
    def logits(self, hidden: Float[Tensor, "*positions hidden"]) -> Float[Tensor, "*positions vocabulary"]:
        """The head on the positions given, in float32."""

    @abstractmethod
    def text(self, tokens: Sequence[int]) -> str:
        """The words of an answer: specials skipped, stripped."""
