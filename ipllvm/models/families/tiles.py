"""Families that cut a picture into square tiles and show it whole beside them."""

import inspect
import re
from collections.abc import Iterator, Sequence
from math import isqrt
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ipllvm.models.base import Prepared
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.models.views import View, tiled


class Tiled(TransformersModel):
    """Tiles row by row, and the whole behind them where there are several."""

    MEANING: ClassVar[tuple[str, ...]] = (
        "a visual token is several patches; what stands between tiles is words, which never move",
    )

    def across(self, size: tuple[int, int]) -> tuple[int, int]:
        """How many rows and columns of tiles a picture of that height and width is cut into."""
        images = self._processor.image_processor
        side = images.size["height"], images.size["width"]
        canvas = inspect.getmodule(type(images)).get_optimal_tiled_canvas  # type: ignore[union-attr]
        columns, rows = canvas(size, side, images.min_patches, images.max_patches)
        return rows, columns

    def views(self, prepared: Prepared) -> Sequence[View]:
        """See the interface; raises ValueError where the processor shows others than its settings say."""
        cuts = [self.across(size) for size in prepared.sizes]
        given = len(prepared.fields["pixel_values"].flatten(0, -4))
        if given == len(cuts):  # whatever its settings say: the processor cut none
            cuts = [(1, 1)] * given
        counts = [rows * columns for rows, columns in cuts]
        views = sum(count + (count > 1) for count in counts)
        if views != given:
            raise ValueError(f"{self.name} shows {given} views where its processor's settings say {views}")
        side = isqrt(int(prepared.visual.sum()) // views)
        found: list[View] = []
        for number, cut in enumerate(cuts):
            found += tiled(cut, (side, side), number) if counts[number] > 1 else []
            found.append(View(side, side, picture=number))
        return found


class InternVL(Tiled):
    """Adapter of InternVLForConditionalGeneration; 2 x 2 patches are one token."""


class AyaVision(Tiled):
    """Adapter of AyaVisionForConditionalGeneration; its tiles are numbered in words."""


class Cohere2Vision(Tiled):
    """Adapter of Cohere2VisionForConditionalGeneration; line breaks behind tiles are words."""


class PerceptionLM(TransformersModel):
    """Adapter of PerceptionLMForConditionalGeneration: the whole first, then at least one tile."""

    SEVERAL = False

    def views(self, prepared: Prepared) -> Sequence[View]:
        """See the interface."""
        images, tiles = self._processor.image_processor, prepared.fields["pixel_values"].shape[1]
        side = isqrt(int(prepared.visual.sum()) // tiles)
        whole = View(side, side)
        if tiles == 1:
            return [whole]
        ((height, width),) = prepared.sizes
        fits = images._fit_image_to_canvas(width, height, images.tile_size)
        columns, rows = fits or images._find_closest_aspect_ratio(width, height, images.tile_size)
        return [whole, *tiled((rows, columns), (side, side))]


class Named(TransformersModel):
    """A word before each run of placeholders names its tile by row and column (PLACE), or it is the whole."""

    PROJECTOR = "connector"
    PLACE: ClassVar[str] = r"<row_(\d+)_col_(\d+)>"

    def views(self, prepared: Prepared) -> Sequence[View]:
        """See the interface."""
        found: list[View] = []
        picture, last = 0, False  # whether the run before was the whole of a picture
        for before, _, length in runs(prepared, self._processor.tokenizer):
            named = re.fullmatch(self.PLACE, before)
            picture += last
            last = named is None
            rows, columns = self._grid(prepared, len(found), length)
            top, left = (
                ((int(n) - 1) * each for n, each in zip(named.groups(), (rows, columns), strict=True))
                if named
                else (0, 0)
            )
            found.append(View(rows, columns, last, top, left, picture))
        return found

    def _grid(self, prepared: Prepared, number: int, length: int) -> tuple[int, int]:
        """Rows and columns of a view."""
        return isqrt(length), isqrt(length)


class Idefics3(Named):
    """Adapter of Idefics3ForConditionalGeneration and SmolVLMForConditionalGeneration."""


class Lfm2Vl(Named):
    """Adapter of Lfm2VlForConditionalGeneration: tiles and the whole of any size."""

    PROJECTOR = "multi_modal_projector"
    FORGETS = True
    PLACE = r"<\|img_row_(\d+)_col_(\d+)\|>"

    def _grid(self, prepared: Prepared, number: int, length: int) -> tuple[int, int]:
        merged = prepared.fields["spatial_shapes"][number] // self._model.config.downsample_factor
        rows, columns = merged.tolist()
        return rows, columns


class Separated(TransformersModel):
    """Words behind runs of placeholders say where the next tile stands; WHOLE stands before the whole."""

    WHOLE: ClassVar[str]
    COLUMN: ClassVar[str]
    ROW: ClassVar[str]
    END: ClassVar[str]

    def views(self, prepared: Prepared) -> Sequence[View]:
        """See the interface."""
        found: list[View] = []
        row, column, picture = 0, 0, 0
        for before, behind, length in runs(prepared, self._processor.tokenizer):
            side, whole = isqrt(length), before == self.WHOLE
            found.append(
                View(side, side, whole, *((0, 0) if whole else (row * side, column * side)), picture)
            )
            if behind == self.COLUMN:
                column += 1
            elif behind == self.ROW:
                row, column = row + 1, 0
            elif behind == self.END:
                row, column, picture = 0, 0, picture + 1
        return found


class Ovis2(Separated):
    """Adapter of Ovis2ForConditionalGeneration; words between tiles have embeddings in the visual table."""

    PROJECTOR = "visual_embeddings_table"
    WHOLE, COLUMN, ROW, END = "<IMG_START>", "<IMG_COL>", "<IMG_ROW>", "<IMG_END>"
    embed_answer = TransformersModel.embed_tokens  # what is said of a picture's indicators is words

    def embed_tokens(self, ids: Int[Tensor, "*positions"]) -> Float[Tensor, "*positions hidden"]:
        """See the interface: indicators of the picture are the last entries of the visual table."""
        embeds, indicators = super().embed_tokens(ids), self._model.config.visual_indicator_token_ids
        first = self._inner.visual_vocab_size - self._inner.vision_tower.num_visual_indicator_tokens
        for number, indicator in enumerate(indicators):
            entry = torch.tensor([first + number], device=self.device)
            embeds = torch.where((ids == indicator)[..., None], self._projector(entry).to(embeds), embeds)
        return embeds


class Llama4(Separated):
    """Adapter of Llama4ForConditionalGeneration: its projector stands outside `get_image_features`."""

    WHOLE, COLUMN, ROW = "<|image|>", "<|tile_x_separator|>", "<|tile_y_separator|>"
    END = "<|image_end|>"

    def _how(self) -> dict[str, Any]:
        name = "vision_feature_select_strategy"  # wanted by 5.17, not by 5.23, read by neither
        taken = inspect.signature(self._inner.get_image_features).parameters
        return {name: "default"} if name in taken else {}

    def _tokens(self, found: Any) -> Tensor:
        tokens: Tensor = self._projector(found.last_hidden_state.flatten(0, -2))  # [tokens, hidden]
        return tokens


def runs(prepared: Prepared, tokenizer: Any) -> Iterator[tuple[str, str, int]]:
    """Each run of placeholders: the word before it, the word behind it, its length."""
    visual = torch.nn.functional.pad(prepared.visual.int(), (1, 1))
    edges = visual.diff().nonzero()[:, 0].view(-1, 2)  # [runs, (first, behind)]
    for first, behind in edges.tolist():
        around = prepared.input_ids[[max(0, first - 1), min(behind, len(prepared.input_ids) - 1)]]
        before, after = tokenizer.convert_ids_to_tokens(around.tolist())
        yield before, after, behind - first
