"""Models that are asked as a whole: pictures and words go in, an answer comes out."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor

from ipllvm.errors import NotTested
from ipllvm.models.base import (
    CAUSAL,
    Attention,
    Edit,
    EncodedPicture,
    Places,
    Prepared,
    VisionLanguageModel,
)
from ipllvm.records import Layout, Response, Stage

Question = tuple[Sequence[Image.Image], str]
"""Pictures, and what is asked about them."""


class WholeModel(VisionLanguageModel):
    """What is perturbed in front of it, pixels and words, can be measured; `sealed` says why nothing behind.

    A family of one's own that is asked so gives `info`, `batch_size` and `answers`.
    """

    stages = frozenset({Stage.PIXELS})
    stop_tokens = frozenset()
    wording: str = ""
    """What stands for the words around a question where `prepare` does not make them."""
    steady: ClassVar[bool] = False
    """Whether the same question has the same answer by construction, as on this machine, greedily."""

    @abstractmethod
    def answers(self, questions: Sequence[Question], limit: int) -> list[Response]:
        """The greedy answer to each question, of at most `limit` tokens; raises where one can't be had."""

    def expect(self, prompts: Sequence[str], limit: int) -> None:
        """Told, before a run, which questions may be asked, one of each trial; most models have no cost."""

    def reencoded(self, questions: Sequence[Question], limit: int) -> list[Response]:
        """As `answers`, with pictures encoded otherwise without loss, where they are encoded at all."""
        return self.answers(questions, limit)

    def prepare(self, images: Sequence[Image.Image], prompt: str) -> Prepared:
        """See the interface: nothing is known of its tokens, one stands for each picture."""
        ids = torch.zeros(len(images) + 1, dtype=torch.long)
        return Prepared(ids, torch.arange(len(ids)) < len(images))

    def _sealed(self, what: str) -> NotTested:
        return NotTested(f"{self.name} {self.sealed}: there are no {what} to perturb")

    def encode(self, batch: Sequence[Prepared]) -> list[EncodedPicture]:
        """Raises NotTested."""
        raise self._sealed("features")

    def pack(
        self, projected: Float[Tensor, "tiles tokens width"], prepared: Prepared
    ) -> Float[Tensor, "visual hidden"]:
        """Raises NotTested."""
        raise self._sealed("visual tokens")

    def layout(self, prepared: Prepared) -> Layout:
        """Raises NotTested."""
        raise self._sealed("visual tokens")

    def embed(
        self, prepared: Prepared, visual: Float[Tensor, "visual wide"]
    ) -> Float[Tensor, "positions hidden"]:
        """Raises NotTested."""
        raise self._sealed("visual tokens")

    def embed_tokens(self, ids: Int[Tensor, "*positions"]) -> Float[Tensor, "*positions hidden"]:
        """Raises NotTested."""
        raise self._sealed("embeddings")

    def layers(self) -> int:
        """Raises NotTested."""
        raise self._sealed("decoder layers")

    def decoder(
        self,
        inputs_embeds: Float[Tensor, "batch positions wide"],
        *,
        attention: Attention = CAUSAL,
        past_key_values: Any = None,
        use_cache: bool = True,
        edits: Sequence[Edit] = (),
        wanted: Places | None = None,
    ) -> tuple[Float[Tensor, "batch positions hidden"], Any]:
        """Raises NotTested."""
        raise self._sealed("decoder layers")

    def layer_inputs(
        self,
        inputs_embeds: Float[Tensor, "batch positions wide"],
        layers: Sequence[int],
        attention: Attention = CAUSAL,
    ) -> tuple[dict[int, Float[Tensor, "batch positions hidden"]], Any]:
        """Raises NotTested."""
        raise self._sealed("decoder layers")

    def decode_from_layer(
        self,
        layer: int,
        hidden: Float[Tensor, "batch positions wide"],
        attention: Attention = CAUSAL,
        wanted: Places | None = None,
    ) -> tuple[Float[Tensor, "batch positions hidden"], Any]:
        """Raises NotTested."""
        raise self._sealed("decoder layers")

    def select_from_cache(
        self, cache: Any, rows: Int[Tensor, " live"], slots: Int[Tensor, "live slots"]
    ) -> Any:
        """Raises NotTested."""
        raise self._sealed("decoder layers")

    def fill_lower_layers(
        self, upper: Any, layer: int, clean: Any, rows: Int[Tensor, " live"], slots: Int[Tensor, "live slots"]
    ) -> Any:
        """Raises NotTested."""
        raise self._sealed("decoder layers")

    def logits(self, hidden: Float[Tensor, "*positions hidden"]) -> Float[Tensor, "*positions vocabulary"]:
        """Raises NotTested."""
        raise self._sealed("logits")

    def first_tokens(self, word: str) -> frozenset[int]:
        """Raises NotTested."""
        raise self._sealed("tokens")

    def text(self, tokens: Sequence[int]) -> str:
        """Raises NotTested."""
        raise self._sealed("tokens")
