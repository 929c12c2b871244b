"""The weights of TroL's authors by the names of transformers: every one once, and split rightly."""

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from ipllvm.errors import ModelUnavailable
from ipllvm.models.trol import internlm2, internvit
from ipllvm.models.trol.pictures import GRIDS, MOST, Squeezed, Tiles
from ipllvm.tests.models.trol.vectors import TOWER, stated, weights

HEADS = st.sampled_from([(1, 1), (2, 1), (4, 2), (4, 4), (6, 3)])


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def text(heads: int = 4, keys: int = 2, width: int = 4) -> Any:
    return SimpleNamespace(num_attention_heads=heads, num_key_value_heads=keys, hidden_size=heads * width)


def layer(stem: str, rows: int, columns: int, rank: int = 2) -> dict[str, Tensor]:
    """A linear layer and its low-rank part."""
    shapes = {"ffn": (rows, columns), "lora_A": (rank, columns), "lora_B": (rows, rank)}
    return {
        f"model.layers.0.{stem}.{name}.weight": random(*shape, seed=number)
        for number, (name, shape) in enumerate(shapes.items())
    }


@settings(max_examples=20)
@given(HEADS, st.integers(1, 4), st.integers(1, 5))
def test_a_fused_matrix_is_cut_into_queries_keys_and_values(
    heads: tuple[int, int], width: int, columns: int
) -> None:
    count, keys = heads
    fused = random((count + 2 * keys) * width, columns)
    queries, key, value = internlm2._split(fused, text(count, keys, width))
    blocks = fused.view(keys, -1, width, columns)  # of each key head: its queries, the key, the value
    assert torch.equal(queries, blocks[:, :-2].reshape(-1, columns))
    assert torch.equal(key, blocks[:, -2].reshape(-1, columns))
    assert torch.equal(value, blocks[:, -1].reshape(-1, columns))
    assert sorted(torch.cat([queries, key, value]).flatten().tolist()) == sorted(fused.flatten().tolist())


@settings(max_examples=10)
@given(HEADS)
def test_the_product_of_a_split_part_is_the_split_of_the_product(heads: tuple[int, int]) -> None:
    config = text(*heads)
    rows = (heads[0] + 2 * heads[1]) * 4
    tensors = layer("attention.wqkv", rows, config.hidden_size)
    whole, low = internlm2.renamed(tensors, config, False)
    inner = "self_attn.{}_proj"
    whole_low, whole_high = (tensors[f"model.layers.0.attention.wqkv.lora_{side}.weight"] for side in "AB")
    split = internlm2._split(whole_high @ whole_low, config)
    for name, expected in zip("qkv", split, strict=True):
        one, other = low[f"layers.0.{inner.format(name)}"]
        assert torch.allclose(other @ one, expected, atol=1e-5)
    assert set(whole) == {f"model.language_model.layers.0.{inner.format(n)}.weight" for n in "qkv"}


@pytest.mark.parametrize(("own", "other"), internlm2.LINEARS.items())
@pytest.mark.parametrize("nested", [True, False])
def test_a_linear_layer_keeps_its_numbers(own: str, other: str, nested: bool) -> None:
    tensors = layer(own, 3, 5)
    whole, low = internlm2.renamed(tensors, text(), nested)
    assert torch.equal(
        whole[f"model.language_model.layers.0.{other}.weight"], tensors[f"model.layers.0.{own}.ffn.weight"]
    )
    assert list(low) == [f"layers.0.{other}"]


@pytest.mark.parametrize("nested", [True, False])
def test_every_tensor_of_a_checkpoint_has_one_new_name(nested: bool) -> None:
    said, tensors = stated("trol-tiny")["config"], weights("trol-tiny", TOWER)
    config = SimpleNamespace(**said)
    whole, low = internlm2.renamed(tensors, config, nested)
    fused = sum("wqkv.ffn" in name for name in tensors)
    parts = sum("lora_" in name for name in tensors)
    assert len(whole) == len(tensors) - parts - 1 + 2 * fused, "but for the head; a fused one is three"
    assert len(low) == parts // 2 + 2 * fused
    assert any("vision_tower.vision_model." in name for name in whole) is nested


@pytest.mark.parametrize("side", [1, 2, 5, 34, 36])
def test_a_smaller_table_of_positions_is_scaled_and_keeps_its_class_token(side: int) -> None:
    table = random(side**2 + 1, 3)
    found = internlm2._positions("x.position_embedding.weight", table)
    assert found.shape == (internlm2.SIDE**2 + 1, 3) and torch.equal(found[0], table[0])
    flat = torch.full((side**2 + 1, 3), 0.25)
    assert torch.allclose(internlm2._positions("x.position_embedding.weight", flat), torch.tensor(0.25))


def test_a_table_of_the_right_size_and_other_tensors_are_not_touched() -> None:
    whole = random(internlm2.SIDE**2 + 1, 2)
    assert internlm2._positions("x.position_embedding.weight", whole) is whole
    other = random(5, 2)
    assert internlm2._positions("x.patch_embedding.weight", other) is other


def parted() -> dict[str, Tensor]:
    """All linear layers of one decoder layer, of width 16 with 4 heads and 2 key heads, and the head."""
    shapes = {"attention.wqkv": (32, 16), "attention.wo": (16, 16)}
    shapes |= {f"feed_forward.w{n}": (24, 16) for n in (1, 3)} | {"feed_forward.w2": (16, 24)}
    made = {name: value for stem, shape in shapes.items() for name, value in layer(stem, *shape).items()}
    return made | {"output.weight": random(10, 16)}


WO = "model.layers.0.attention.wo"
Change = Callable[[dict[str, Tensor]], object]
BROKEN: list[tuple[str, Change]] = [
    ("weights are missing, the first is output.weight", lambda held: held.pop("output.weight")),
    (
        "output.weight of [9, 5] does not fit a width of 16",
        lambda h: h.update({"output.weight": random(9, 5)}),
    ),
    ("output.weight of [16] does not fit a width of 16", lambda h: h.update({"output.weight": random(16)})),
    (f"weights are missing, the first is {WO}.lora_A.weight", lambda h: h.pop(f"{WO}.lora_A.weight")),
    (f"weights are missing, the first is {WO}.lora_B.weight", lambda h: h.pop(f"{WO}.lora_B.weight")),
    (
        f"{WO}.ffn.weight of [16, 16] does not fit config.json, or its low-rank part [16, 3] x [2, 16]",
        lambda h: h.update({f"{WO}.lora_B.weight": random(16, 3)}),
    ),
    (
        f"{WO}.ffn.weight of [16] does not fit config.json, or its low-rank part [16, 2] x [2, 16]",
        lambda h: h.update({f"{WO}.ffn.weight": random(16)}),
    ),
    (
        "model.layers.0.attention.wqkv.ffn.weight of [30, 16] does not fit config.json, or its low-rank part "
        "[30, 2] x [2, 16]",
        lambda h: h.update(layer("attention.wqkv", 30, 16)),
    ),
    (
        "model.layers.0.attention.wq.ffn.weight is not a linear layer of InternLM2's",
        lambda h: h.update(layer("attention.wq", 16, 16)),
    ),
    ("x.ffn.weight is not a linear layer of InternLM2's", lambda h: h.update({"x.ffn.weight": random(1)})),
    *(
        (
            f"1 weights are in the files that the model does not take, the first is {name}: {cause}",
            lambda h, name=name: h.update({name: random(1)}),
        )
        for name, cause in {
            f"{WO}.lora_C.weight": "an adapter that was not merged: use peft's merge_and_unload",
            "model.layers.9.attention.wo.bias": "config.json may name fewer layers than were saved",
            "model.layers.0.x.attention_norm.weight": "config.json may name fewer layers than were saved",
            "vision_proj.4.weight": "config.json is of another model than the weights",
            "resampler.weight": "config.json is of another model than the weights",
        }.items()
    ),
]  # fmt: skip


@pytest.mark.parametrize(("line", "change"), BROKEN, ids=map(str, range(len(BROKEN))))
def test_weights_that_are_not_internlm2s_are_refused_in_a_line(line: str, change: Change) -> None:
    held = parted()
    internlm2._require_parts(Path("folder"), held, text())
    change(held)
    with pytest.raises(ModelUnavailable) as caught:
        internlm2._require_parts(Path("folder"), held, text())
    assert str(caught.value) == f"folder: {line}"


def test_weights_that_no_answer_depends_on_may_lie_there() -> None:
    held = parted() | {"model.layers.0.attention.rotary_emb.inv_freq": random(4)}
    held |= {f"{internlm2.TOWER}embeddings.position_ids": random(4)}
    internlm2._require_parts(Path("folder"), held, text())


NAMES = {
    "language_model.lm_head.weight": "lm_head.weight",
    "language_model.model.norm.weight": "model.language_model.norm.weight",
    "vision_proj.0.weight": "model.multi_modal_projector.layer_norm.weight",
    "vision_proj.1.bias": "model.multi_modal_projector.linear_1.bias",
    "vision_proj.3.weight": "model.multi_modal_projector.linear_2.weight",
    "vision_model.embeddings.class_embedding": "model.vision_tower.embeddings.cls_token",
    "vision_model.embeddings.position_embedding": "model.vision_tower.embeddings.position_embeddings",
    "vision_model.encoder.layers.3.ls1": "model.vision_tower.encoder.layer.3.lambda_1",
    "vision_model.encoder.layers.3.norm2.bias": "model.vision_tower.encoder.layer.3.layernorm_after.bias",
    "vision_model.encoder.layers.11.attn.proj.weight": (
        "model.vision_tower.encoder.layer.11.attention.projection_layer.weight"
    ),
    "something.else": "something.else",
}


@pytest.mark.parametrize(("own", "other"), NAMES.items())
def test_internvits_tensors_by_their_new_names(own: str, other: str) -> None:
    value = random(2)
    assert list(internvit.renamed({own: value}).items()) == [(other, value)]


@pytest.mark.parametrize("part", ["weight", "bias"])
def test_internvits_fused_matrix_becomes_three(part: str) -> None:
    fused = random(6, 2) if part == "weight" else random(6)
    found = internvit.renamed({f"vision_model.encoder.layers.0.attn.qkv.{part}": fused})
    names = [re.sub(r".*attention\.", "", name) for name in found]
    assert names == [f"{each}_proj.{part}" for each in "qkv"]
    assert torch.equal(torch.cat(list(found.values())), fused)


def test_phis_fused_matrix_stays_whole() -> None:
    name = "language_model.model.layers.0.self_attn.qkv_proj.weight"
    assert list(internvit.renamed({name: random(3, 2)})) == [
        "model.language_model.layers.0.self_attn.qkv_proj.weight"
    ]


@settings(max_examples=40)
@given(st.integers(1, 2000), st.integers(1, 2000))
def test_a_grid_has_six_tiles_at_most_and_turns_with_its_picture(height: int, width: int) -> None:
    rows, columns = Tiles(448).across((height, width))
    assert (columns, rows) in GRIDS and rows * columns <= MOST
    nearest = min(abs(width / height - a / b) for a, b in GRIDS)
    assert abs(width / height - columns / rows) == nearest


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "1"])
@pytest.mark.parametrize("size", [(1, 1), (7, 3), (30, 10)])
def test_tiles_put_together_are_the_picture_scaled(mode: str, size: tuple[int, int]) -> None:
    tiles = Tiles(8)
    picture = Image.linear_gradient("L").resize(size).convert(mode)
    rows, columns = tiles.across((size[1], size[0]))
    found = tiles([picture])["pixel_values"]
    assert found.shape == (rows * columns + (rows * columns > 1), 3, 8, 8)
    grid = (
        found[: rows * columns].view(rows, columns, 3, 8, 8).permute(2, 0, 3, 1, 4).reshape(3, 8 * rows, -1)
    )
    wide = picture.convert("RGB").resize((8 * columns, 8 * rows))
    assert torch.allclose(grid, tiles._normal(wide))


@pytest.mark.parametrize("size", [(1, 1), (5, 900), (490, 490)])
def test_a_square_is_squeezed_whatever_the_aspect(size: tuple[int, int]) -> None:
    squeezed = Squeezed(1)
    plain = Image.new("RGB", size, (255, 0, 128))
    found = squeezed([plain, plain])["pixel_values"]
    assert found.shape == (2, 3, 35, 35) and torch.equal(found[0], found[1])
    assert torch.allclose(found.std((2, 3)), torch.tensor(0.0), atol=1e-4), "one colour stays one"
    assert np.all(found[0].mean((1, 2)).numpy().argsort() == [1, 2, 0])
