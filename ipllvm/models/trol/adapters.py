"""The adapters of TroL: layers run twice over a prompt and once over a token, so answers go step by step."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from ipllvm.models.base import Prepared
from ipllvm.models.capacity import SampleCost
from ipllvm.models.families.llava import Llava
from ipllvm.models.families.tiles import InternVL
from ipllvm.models.pipeline import LoadedCheckpoint
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.models.trol.partial_lora import MarkedRows
from ipllvm.records import ModelInfo


class EndedByTemplate(TransformersModel):
    """A model whose answers end with a token of its template."""

    SEVERAL = False
    FAMILY: ClassVar[str]
    """What reports call it: its parts are those of another."""

    def __init__(self, parts: LoadedCheckpoint) -> None:
        super().__init__(parts)
        stop, vocabulary = parts.processor.template.stop, parts.processor.tokenizer.get_vocab()
        self.stop_tokens |= {vocabulary[stop]} if stop in vocabulary else set()

    def info(self) -> ModelInfo:
        """See the interface."""
        return replace(super().info(), family=self.FAMILY)

    def text(self, tokens: Sequence[int]) -> str:
        """See the interface."""
        return super().text(tokens).split(self._processor.template.stop)[0].strip()


class Traversed(EndedByTemplate):
    """A model whose token is another alone than among others: no draft is verified, no prefix is kept."""

    FAMILY = "trol"
    verifies_drafts = False

    def __init__(self, parts: LoadedCheckpoint) -> None:
        super().__init__(parts)
        self.supports_prefix_cache = False

    def cost(self, prepared: Prepared) -> SampleCost:
        """See the interface: a prompt goes through every layer twice (an answer's few tokens once)."""
        found = super().cost(prepared)
        return replace(found, position=2 * found.position, reach=2 * found.reach, calls=2 * found.calls)


class Trol(MarkedRows, Traversed, Llava):
    """TroL-1.8B and TroL-7B: InternLM2 with partial LoRA, one view of 35 x 35 tokens."""


class TrolTiles(Traversed, InternVL):
    """TroL-3.8B: InternViT, tiles and the whole last, Phi-3."""

    def across(self, size: tuple[int, int]) -> tuple[int, int]:
        """See InternVL: by the authors' rule."""
        rows, columns = self._processor.image_processor.across(size)
        return rows, columns
