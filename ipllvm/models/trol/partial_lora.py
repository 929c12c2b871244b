"""Partial LoRA: low-rank parts of linear layers that act where an image token stands, and nowhere else."""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ipllvm.models.base import CAUSAL, Attention, Places
from ipllvm.models.transformers_model import TransformersModel

GIVEN = "image_positions"


class ImagePositions:
    """Which positions [rows, columns] of the running forward hold image tokens; None where none does."""

    mask: Bool[Tensor, "rows columns"] | None = None


class PartialLora(nn.Module):
    """A linear layer, and two narrow ones whose product is added at the positions of image tokens."""

    def __init__(self, linear: nn.Linear, low: Tensor, high: Tensor, where: ImagePositions) -> None:
        super().__init__()
        self.linear, self._where = linear, where
        self.low, self.high = (nn.Parameter(each, requires_grad=False) for each in (low, high))

    def forward(
        self, hidden: Float[Tensor, "rows columns features"]
    ) -> Float[Tensor, "rows columns outputs"]:
        """The layer's output; raises RuntimeError where rows and columns are not those that were told."""
        out: Tensor = self.linear(hidden)
        mask = self._where.mask
        if mask is None:
            return out
        if mask.shape != hidden.shape[:2]:
            raise RuntimeError(f"image positions {tuple(mask.shape)} for states {tuple(hidden.shape)}")
        added = hidden @ self.low.T @ self.high.T
        return out + torch.where(mask[..., None], added, 0)


def attach(model: Any, parts: Mapping[str, tuple[Tensor, Tensor]]) -> None:
    """Put the low-rank parts, by the names of the decoder's linear layers, into a model.

    Image positions come from the ids that the model is asked with, or are given to the decoder by name.
    """
    where, decoder = ImagePositions(), model.get_decoder()
    for name, (low, high) in parts.items():
        owner, _, last = name.rpartition(".")
        linear = decoder.get_submodule(name)
        part = PartialLora(linear, low.to(linear.weight.dtype), high.to(linear.weight.dtype), where)
        setattr(decoder.get_submodule(owner), last, part)

    def from_ids(module: nn.Module, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        ids = named.get("input_ids", args[0] if args else None)
        where.mask = None if ids is None else _some(ids == model.config.image_token_id)

    def from_rows(module: nn.Module, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        if GIVEN in named:
            where.mask = _some(named.pop(GIVEN))
        return args, named

    model.model.register_forward_pre_hook(from_ids, with_kwargs=True)
    decoder.register_forward_pre_hook(from_rows, with_kwargs=True)


def _some(mask: Bool[Tensor, "rows columns"]) -> Tensor | None:
    return mask if bool(mask.any()) else None


class MarkedRows(TransformersModel):
    """Rows of embeddings with a number behind: 1 where an image token stands, whatever became of it."""

    def embed_tokens(self, ids: Int[Tensor, "*positions"]) -> Float[Tensor, "*positions hidden"]:
        """See the interface."""
        return nn.functional.pad(super().embed_tokens(ids), (0, 1))

    def _put(self, embeds: Tensor, places: Tensor, visual: Tensor) -> None:
        super()._put(embeds, places, visual)
        embeds[places, self.width] = 1

    def _apart(self, rows: Tensor, layer: int) -> tuple[Tensor, dict[str, Any]]:
        return rows[..., : self.width], {GIVEN: rows[..., self.width] > 0}

    def _beside(self, layer: int, hidden: Tensor, embeds: Tensor, cache: Any) -> Tensor:
        return torch.cat([hidden, embeds[..., self.width :]], -1)

    def _run(
        self,
        given: dict[str, Any],
        attention: Attention = CAUSAL,
        cache: Any = None,
        use_cache: bool = True,
        wanted: Places | None = None,
    ) -> tuple[Tensor, Any]:
        """All places are worked out: their number tells where the image stands."""
        return super()._run(given, attention, cache, use_cache, None)
