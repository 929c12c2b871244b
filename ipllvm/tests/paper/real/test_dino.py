"""A backbone out of an exported graph: every weight where it belongs, and the same states."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import Dinov2Config, Dinov2Model

from ipllvm.errors import ModelUnavailable
from ipllvm.models import loading_encoder
from ipllvm.paper.real.dino import Node, config, difference, state, write


@pytest.fixture(scope="module")
def model() -> Any:
    made: Any = Dinov2Config
    shape = made(hidden_size=128, num_hidden_layers=2, num_attention_heads=2, patch_size=14, image_size=56)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model: Any = Dinov2Model(shape)
        for name, weight in model.named_parameters():
            torch.nn.init.normal_(weight, std=0.05, mean=float("norm" in name and "weight" in name))
    return model.eval()


def exported(model: Any) -> tuple[list[Node], dict[str, np.ndarray]]:
    """As the exporter writes it: matrices transposed and without names, the position table in two."""
    weights: dict[str, np.ndarray] = {}
    nodes = [Node("MatMul", "/decoder/product/MatMul", ["x", "decoder.weight"])]
    for number, (name, tensor) in enumerate(model.state_dict().items()):
        value = tensor.numpy()
        if name == "embeddings.mask_token":
            continue
        if name == "embeddings.position_embeddings":
            weights |= {"onnx::Reshape_1": value[:, 1:], "onnx::Concat_2": value[:, :1]}
            nodes.append(Node("Reshape", "/backbone/embeddings/Reshape_1", ["onnx::Reshape_1", "shape"]))
            nodes.append(Node("Concat", "/backbone/embeddings/Concat_6", ["onnx::Concat_2", "resized"]))
        elif value.ndim == 2:
            weights[f"onnx::MatMul_{number}"] = value.T
            path = name.removesuffix(".weight")
            place = path if ".layer." not in path else path.replace(".layer.", ".layer#").replace(".", "/")
            place = place.replace("layer#0/", "layer.0/").replace("layer#1/", "layer.1/")
            nodes.append(Node("MatMul", f"/backbone/{place}/MatMul", ["before", f"onnx::MatMul_{number}"]))
        else:
            weights[f"backbone.{name}"] = value
    return nodes, weights


def test_every_weight_is_found_again(model: Any) -> None:
    found = state(*exported(model))
    wanted = model.state_dict()
    assert found.keys() == wanted.keys()
    for name in wanted.keys() - {"embeddings.mask_token"}:
        assert np.array_equal(found[name], wanted[name].numpy()), name
    assert not found["embeddings.mask_token"].any()
    assert config(found) == {
        "hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "mlp_ratio": 4,
        "patch_size": 14, "image_size": 56,
    }  # fmt: skip


def test_the_folder_gives_the_states_of_the_model(model: Any, tmp_path: Path) -> None:
    write(state(*exported(model)), tmp_path)
    read = loading_encoder.load(str(tmp_path), device="cpu", dtype="float32", offline=True)
    pixels = torch.randn(1, 3, 56, 56, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        own, other = (m(pixel_values=pixels).last_hidden_state.numpy() for m in (model, read.model))
    assert difference(own, other) == 0.0


def test_a_graph_of_another_form_is_refused(model: Any) -> None:
    nodes, weights = exported(model)
    del weights["onnx::Concat_2"]
    with pytest.raises(ModelUnavailable, match="hold 1 position tables, not 2"):
        state(nodes, weights)


def test_a_difference_is_a_share_of_the_largest_value() -> None:
    assert difference(np.array([4.0, -8.0]), np.array([4.0, -7.0])) == 0.125
