"""The adapters of original LLaVA checkpoints: those of transformers' classes, with the authors' packing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
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
    """One square view; a class token that the projector takes too has no place in the picture."""

    SEVERAL = False

    def text(self, tokens: Sequence[int]) -> str:
        """See the interface."""
        return self._before_stop(super().text(tokens))

    def layout(self, prepared: Prepared) -> Layout:
        """See the interface."""
        (view,) = self.views(prepared)
        if int(prepared.visual.sum()) == len(view):
            return super().layout(prepared)
        return self._fitting(self._remembered(view, lambda: _behind_a_class_token(view.rows)), prepared)


class OriginalAnyres(_Cut, LlavaNext):
    """A view of the whole and tiles, packed as the checkpoint's config says."""

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


def _behind_a_class_token(side: int) -> Layout:
    """A square of tokens behind one that stands for the whole picture."""
    row, column = np.indices((side, side)).reshape(2, -1)
    first = np.zeros(side**2 + 1, bool)
    first[0] = True
    zero = np.zeros(len(first), int)
    return Layout(zero, np.append(0, row), np.append(0, column), first)
