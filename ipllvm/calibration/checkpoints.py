"""A mutant written down: read a checkpoint in the hub's format, change its parts, save it elsewhere."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from ipllvm.calibration.mutants import CheckpointPieces, Mutant

_WEIGHTS, _TEMPLATE = "model.safetensors", "chat_template.jinja"
_CHANGED = ("config.json", "processor_config.json")


def mutate(source: Path, mutant: Mutant, folder: Path) -> Path:
    """Write the checkpoint of `source` as `mutant` leaves it into `folder`, and return that."""
    weights = load_file(source / _WEIGHTS)
    config, processor = (json.loads((source / name).read_text(encoding="utf-8")) for name in _CHANGED)
    template = (source / _TEMPLATE).read_text(encoding="utf-8")
    parts = CheckpointPieces(weights, config, processor, template, torch.Generator().manual_seed(0))
    mutant(parts)
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns(_WEIGHTS, "README.md", "figures.json"))
    for name, content in zip(_CHANGED, (parts.config, parts.processor), strict=True):
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    (folder / _TEMPLATE).write_text(parts.template, encoding="utf-8")
    _save(parts, folder)
    return folder


def _save(parts: CheckpointPieces, folder: Path) -> None:
    names = sorted(parts.weights)
    if parts.shards == 1:
        save_file(parts.weights, folder / _WEIGHTS, {"format": "pt"})
        return
    where: dict[str, str] = {}
    for shard in range(parts.shards):
        file = f"model-{shard + 1:05d}-of-{parts.shards:05d}.safetensors"
        chosen = names[shard :: parts.shards]
        save_file({name: parts.weights[name] for name in chosen}, folder / file, {"format": "pt"})
        where |= dict.fromkeys(chosen, file)
    total = sum(weight.numel() * weight.element_size() for weight in parts.weights.values())
    index: dict[str, Any] = {"metadata": {"total_size": total}, "weight_map": where}
    (folder / f"{_WEIGHTS}.index.json").write_text(json.dumps(index, indent=1), encoding="utf-8")
