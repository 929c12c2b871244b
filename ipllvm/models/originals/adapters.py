"""The adapters of original LLaVA checkpoints: those of transformers' classes, with the authors' packing."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ipllvm.models.base import Prepared
from ipllvm.models.families.llava import Llava
from ipllvm.models.families.llava_next import LlavaNext
from ipllvm.models.originals.packing import Packing
from ipllvm.models.pipeline import LoadedCheckpoint
from ipllvm.records import Layout


class _Cut:
    """Answers end where the template's next turn would begin."""

    _processor: Any

    def _before_stop(self, text: str) -> str:
        stop = self._processor.template.stop
        return text.split(stop)[0].strip() if stop else text


class OriginalLlava(_Cut, Llava):
    """One square view."""

    SEVERAL = False

    def text(self, tokens: Sequence[int]) -> str:
        """See the interface."""
        return self._before_stop(super().text(tokens))


class OriginalAnyres(_Cut, LlavaNext):
    """A view of the whole and tiles, packed as the checkpoint's config says."""

    SEVERAL = False

    def text(self, tokens: Sequence[int]) -> str:
        """See the interface."""
        return self._before_stop(super().text(tokens))

    def _pack(self, tiles: Tensor, prepared: Prepared, newline: Tensor) -> list[Tensor]:
        return [self._packing.pack(tiles, _size(prepared), newline)]

    def layout(self, prepared: Prepared) -> Layout:
        """See the interface."""
        size = _size(prepared)
        return self._fitting(self._remembered(size, lambda: self._packing.layout(size)), prepared)

    @property
    def _packing(self) -> Packing:
        packing: Packing = self._processor.packing
        return packing


def adapter(parts: LoadedCheckpoint) -> OriginalLlava | OriginalAnyres:
    """The adapter of a loaded original checkpoint; the packing is put into transformers' model too."""
    packing: Packing | None = parts.processor.packing
    if packing is None:
        return OriginalLlava(parts)
    inner = parts.model.model

    def pack(features: Sequence[Tensor], sizes: Any, *_: Any, image_newline: Tensor, **__: Any) -> Any:
        listed = torch.as_tensor(sizes).tolist()
        packed = [
            packing.pack(tiles, tuple(s), image_newline) for tiles, s in zip(features, listed, strict=True)
        ]
        return packed, torch.tensor([len(each) for each in packed])

    inner.pack_image_features = pack
    return OriginalAnyres(parts)


def _size(prepared: Prepared) -> tuple[int, int]:
    """Height and width of the picture."""
    height, width = prepared.fields["image_sizes"][0].tolist()
    return height, width
