"""The parts of a checkpoint as small as they can be, under the names of the hub's format."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from ipllvm.calibration.mutants import EMBEDDINGS, LANGUAGE, POSITIONS, PROJECTOR, TOWER, CheckpointPieces

LAYERS, HEADS, WIDTH, INNER = 4, 4, 8, 12


def layer_weights() -> dict[str, tuple[int, ...]]:
    square = dict.fromkeys(("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"), (WIDTH, WIDTH))
    shapes = {**square, "self_attn.o_proj": (WIDTH, WIDTH), "mlp.gate_proj": (INNER, WIDTH)}
    shapes |= {"mlp.up_proj": (INNER, WIDTH), "mlp.down_proj": (WIDTH, INNER)}
    return {f"{name}.weight": shape for name, shape in shapes.items()} | {"input_layernorm.weight": (WIDTH,)}


def weights() -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(1)
    shapes: dict[str, tuple[int, ...]] = {
        f"{LANGUAGE}layers.{layer}.{name}": shape
        for layer in range(LAYERS)
        for name, shape in layer_weights().items()
    }
    shapes |= {EMBEDDINGS: (40, WIDTH), f"{LANGUAGE}norm.weight": (WIDTH,), POSITIONS: (5, WIDTH)}
    shapes |= {f"{TOWER}embeddings.patch_embedding.weight": (WIDTH, 3, 2, 2)}
    shapes |= {f"{TOWER}encoder.layers.0.mlp.fc1.weight": (INNER, WIDTH)}
    for number, shape in ((1, (INNER, WIDTH)), (2, (WIDTH, INNER))):
        shapes |= {f"{PROJECTOR}linear_{number}.weight": shape, f"{PROJECTOR}linear_{number}.bias": shape[:1]}
    return {name: torch.randn(shape, generator=rng) for name, shape in shapes.items()}


def config() -> dict[str, Any]:
    text = {
        "num_attention_heads": HEADS, "num_hidden_layers": LAYERS, "rope_parameters": {"rope_theta": 10000.0},
        "rms_norm_eps": 1e-6, "hidden_act": "silu", "tie_word_embeddings": True,
    }  # fmt: skip
    about = {"vision_feature_layer": -2, "projector_hidden_act": "gelu", "dtype": "float16"}
    return {"text_config": text, "tie_word_embeddings": True, **about}


def processor() -> dict[str, Any]:
    images = {"image_mean": [0.5] * 3, "image_std": [0.25] * 3, "crop_size": {"height": 56, "width": 56}}
    return {"image_processor": {**images, "size": {"shortest_edge": 56}}, "other": 1}


TEMPLATE = "{{ message['role'].upper() }}: <image>"


def pieces(seed: int = 0) -> CheckpointPieces:
    return CheckpointPieces(weights(), config(), processor(), TEMPLATE, torch.Generator().manual_seed(seed))


def write(folder: Path) -> Path:
    """The same as a folder in the hub's format, with files that a mutant has nothing to do with."""
    folder.mkdir(parents=True)
    save_file(weights(), folder / "model.safetensors", {"format": "pt"})
    for name, content in (("config.json", config()), ("processor_config.json", processor())):
        (folder / name).write_text(json.dumps(content))
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    (folder / "tokenizer.json").write_text('{"kept": true}')
    for name in ("README.md", "figures.json"):
        (folder / name).write_text("of the original")
    return folder
