"""What a family's own forward gives its decoder: seen by running it up to there."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from ipllvm.models.base import TYPES, Prepared, PromptPositions


class _ReachedError(Exception):
    """The decoder was called; it need not run."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The keyword arguments of the decoder, of one prompt of that many positions."""

    given: Mapping[str, Any]
    length: int

    def standing(self, kinds: Sequence[str]) -> PromptPositions:
        """Where positions stand, and what they see in layers of each kind, where that is not all before."""
        sees = {kind: self._sees(kind) for kind in kinds}
        causal = torch.ones(self.length, self.length, dtype=torch.bool).tril()
        alike = all(each is None or torch.equal(each, causal) for each in sees.values())
        whole = {} if alike else {kind: causal if each is None else each for kind, each in sees.items()}
        return PromptPositions(self._positions(), whole)

    def _positions(self) -> Int[Tensor, "axes positions"]:
        positions = self.given.get("position_ids")
        if positions is None:
            return torch.arange(self.length)[None]
        return positions.cpu()[:, 0] if positions.ndim == 3 else positions.cpu()[:1]  # type: ignore[no-any-return]

    def _sees(self, kind: str) -> Bool[Tensor, "positions positions"] | None:
        mask = self.given.get("attention_mask")
        mask = mask.get(kind) if isinstance(mask, Mapping) else mask
        if mask is None or mask.ndim == 2:
            return None
        seen: Tensor = mask[0, 0].cpu()
        return seen if seen.dtype == torch.bool else seen >= 0


def sight(model: Any, decoder: Any, ids: Int[Tensor, " positions"], fields: Mapping[str, Tensor]) -> Sight:
    """What the decoder is given of a prompt by the model's own forward, which ends there."""
    seen: dict[str, Any] = {}

    def stop(module: Any, args: Any, named: dict[str, Any]) -> None:
        seen.update(named)
        raise _ReachedError

    given = {"input_ids": ids[None], "attention_mask": torch.ones_like(ids)[None], **fields}
    with decoder.register_forward_pre_hook(stop, with_kwargs=True), suppress(_ReachedError):
        model(**{name: value.to(model.device) for name, value in given.items()}, use_cache=False)
    return Sight(seen, len(ids))


def cut(prepared: Prepared, kept: Bool[Tensor, " positions"]) -> Prepared:
    """A sample of which only some positions are left, with its types of tokens."""
    types = {name: value[:, kept] for name, value in prepared.fields.items() if name in TYPES}
    return replace(
        prepared,
        input_ids=prepared.input_ids[kept],
        visual=prepared.visual[kept],
        fields={**prepared.fields, **types},
    )
