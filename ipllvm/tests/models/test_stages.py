"""Stages one by one: layouts, batches, prompts and what is refused."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from ipllvm.models import loading
from ipllvm.models.base import Prepared, VisionLanguageModel
from ipllvm.models.families.llava_next import LlavaNext
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.tests.checkpoints import FAMILIES, SIDE, TOKENS, make

GRID = SIDE // 7


@cache
def model(family: str) -> VisionLanguageModel:
    with TemporaryDirectory() as place:
        return loading.load(str(make(family, Path(place))), device="cpu")


def tiles(item: Prepared) -> torch.Tensor:
    assert item.tiles is not None
    return item.tiles


def newline(adapter: VisionLanguageModel) -> torch.Tensor:
    assert isinstance(adapter, TransformersModel)
    return adapter._inner.image_newline  # type: ignore[no-any-return]


@pytest.mark.parametrize("family", FAMILIES)
@given(width=st.integers(4, 220), height=st.integers(4, 220))
@example(width=33, height=4)  # so thin that no line of the map is left
@example(width=4, height=33)  # so thin that newlines alone are left
@settings(max_examples=25, deadline=None)
def test_layout_describes_the_packed_tokens(family: str, width: int, height: int) -> None:
    adapter = model(family)
    item = adapter.prepare([Image.new("RGB", (width, height))], "?")
    layout = adapter.layout(item)
    packed = adapter.pack(adapter.projected([item])[0], item)
    assert len(layout) == len(packed) == int(item.visual.sum())
    base = layout.view == 0
    assert not layout.newline[base].any()
    assert list(zip(layout.row[base], layout.column[base], strict=True)) == [
        (row, column) for row in range(GRID) for column in range(GRID)
    ]
    if family == "llava":
        assert base.all()
        return
    assert ((packed == newline(adapter)).all(-1).numpy() == layout.newline).all()
    rows, columns = layout.row[~base], layout.column[~base]
    lines = rows.max(initial=-1) + 1
    assert layout.newline.sum() == lines
    per_line = len(rows) // max(lines, 1)
    assert (rows == np.repeat(np.arange(lines), per_line)).all()
    assert (columns == np.tile(np.arange(per_line), lines)).all()
    assert (layout.newline[~base] == (columns == per_line - 1)).all()


@pytest.mark.parametrize("family", ["llava_next", "llava_onevision"])
def test_map_positions_are_picture_positions(family: str) -> None:
    """In a map without padding or down-sampling, the token at (row, column) shows that place."""
    adapter = model(family)
    item = adapter.prepare([Image.new("RGB", (2 * SIDE, 2 * SIDE))], "?")
    assert len(tiles(item)) == 5
    marks = torch.zeros(5, TOKENS, newline(adapter).shape[0])
    tile, row, column = 2, 1, 3  # the upper right quarter
    marks[tile, row * GRID + column] = 1
    packed = adapter.pack(marks, item)
    layout = adapter.layout(item)
    (place,) = np.flatnonzero((packed == 1).all(-1).numpy())
    assert (layout.view[place], layout.row[place], layout.column[place]) == (1, row, GRID + column)


def test_onevision_scales_large_maps_down() -> None:
    adapter = model("llava_onevision")
    item = adapter.prepare([Image.new("RGB", (4 * SIDE, 4 * SIDE))], "?")
    layout = adapter.layout(item)
    assert len(tiles(item)) == 17
    assert layout.newline.sum() == 12
    assert len(layout) == TOKENS + 12 * 13


@pytest.mark.parametrize("family", FAMILIES)
def test_batching_changes_no_sample(family: str) -> None:
    adapter = model(family)
    rng = np.random.default_rng(0)
    sizes = [(40, 40), (100, 30), (20, 90)]
    pictures = [Image.fromarray(rng.integers(0, 256, (h, w, 3), dtype=np.uint8)) for w, h in sizes]
    batch = [adapter.prepare([picture], "?") for picture in pictures]
    together = adapter.projected(batch)
    for item, tokens in zip(batch, together, strict=True):
        (alone,) = adapter.projected([item])
        torch.testing.assert_close(tokens, alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_embed_puts_visual_tokens_at_their_places(family: str) -> None:
    adapter = model(family)
    item = adapter.prepare([Image.new("RGB", (50, 40))], "how many?")
    visual = torch.randn(int(item.visual.sum()), 32)
    embeds = adapter.embed(item, visual)
    assert torch.equal(embeds[item.visual], visual)
    assert torch.equal(embeds[~item.visual], adapter.embed_tokens(item.input_ids[~item.visual]))
    assert int((item.input_ids == 0).sum()) == 1


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("shape", [(30, 30), (90, 20), (33, 4), (64, 150)])
def test_another_prompt_about_a_picture_is_what_it_is_prepared_anew(
    family: str, shape: tuple[int, int]
) -> None:
    adapter, picture = model(family), Image.new("RGB", shape, "teal")
    first = adapter.prepare([picture], "what is it?")
    for prompt in ("is it teal?", "what is it?", "Choose.\nA. red\nB. teal", ""):
        anew, again = adapter.prepare([picture], prompt), adapter.with_prompt(first, prompt)
        assert again is not None
        assert again.vision.keys() == first.vision.keys() == anew.vision.keys()
        assert all(again.vision[name] is first.vision[name] for name in first.vision)
        assert torch.equal(again.input_ids, anew.input_ids) and torch.equal(again.visual, anew.visual)
    with pytest.raises(ValueError, match="holds '<image>' 2 times"):
        adapter.with_prompt(first, "what is <image> here?")


def test_words_that_a_processor_changes_are_prepared_anew(tmp_path: Path) -> None:
    adapter = loading.load(str(make("llava", tmp_path)), device="cpu")
    assert isinstance(adapter, TransformersModel)
    original = adapter._processor.tokenizer

    class Spaced:
        """A processor that puts words before the prompt which its tokenizer does not put there."""

        def __getattr__(self, name: str) -> object:
            return getattr(processor, name)

        def __call__(self, text: str, **options: object) -> object:
            return processor(text="well " + text, **options)

    processor = adapter._processor
    adapter._preparer._processor = Spaced()
    assert adapter._preparer._processor.tokenizer is original
    first = adapter.prepare([Image.new("RGB", (30, 30))], "what is it?")
    assert adapter.with_prompt(first, "is it teal?") is None


def test_prepare_refuses_what_it_would_misread() -> None:
    adapter, picture = model("llava"), Image.new("RGB", (30, 30))
    with pytest.raises(ValueError, match="holds '<image>' 2 times"):
        adapter.prepare([picture], "what is <image> here?")


def test_wrong_number_of_tokens_is_no_layout() -> None:
    adapter = model("llava")
    item = adapter.prepare([Image.new("RGB", (30, 30))], "?")
    item.visual[:2] = True  # one more might be a class token
    with pytest.raises(ValueError, match="packs 16 visual tokens where the prompt has 18"):
        adapter.layout(item)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_any_picture_mode_is_taken(mode: str) -> None:
    item = model("llava").prepare([Image.new(mode, (30, 20))], "?")
    assert tiles(item).shape == (1, 3, SIDE, SIDE)


def test_text_is_stripped_and_free_of_specials() -> None:
    adapter = model("llava")
    words = adapter.prepare([Image.new("RGB", (30, 30))], "yes")
    assert adapter.text([*words.input_ids.tolist(), 1, 2]) == "USER: \nyes ASSISTANT:"


@pytest.mark.parametrize("family", ["llava_next", "llava_onevision"])
def test_the_tiles_of_several_pictures_are_told_apart(family: str) -> None:
    adapter = model(family)
    assert isinstance(adapter, LlavaNext)
    wide, small = Image.new("RGB", (150, 40), "teal"), Image.new("RGB", (40, 40), "red")
    item = adapter.prepare([wide, small], "which?")
    layout, counts = adapter.layout(item), adapter.cut(item)
    assert set(layout.view) == {0, 1, 2, 3}, "two views of each picture"
    whole = [int((layout.view == 2 * number).sum()) for number in (0, 1)]
    assert whole == [adapter.side**2] * 2
    assert counts == ([1, 1] if family == "llava_onevision" else [4, 5])
    assert len(adapter.tiles(item)) == sum(counts), "padding is no tile"
