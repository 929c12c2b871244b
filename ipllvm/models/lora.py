"""A LoRA adapter, merged into the model that it was trained on."""

import hashlib
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ipllvm.errors import ModelUnavailable, first_line
from ipllvm.models.fingerprint import file_digest
from ipllvm.models.weight_files import header

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def check(folder: Path) -> Path:
    """The folder, if it holds an adapter that can be read; raises ModelUnavailable in one line.

    Weights are read as safetensors only, which hold no code.
    """
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise ModelUnavailable(f"{folder}: no adapter: it has no {name}")
    if find_spec("peft") is None:
        raise ModelUnavailable(f"{folder}: an adapter is merged by peft: pip install peft")
    return folder


def merged(model: Any, folder: Path) -> Any:
    """The model with the adapter in its weights; raises ModelUnavailable where they do not fit.

    Every tensor of the adapter must find its place: peft itself warns and goes on.
    """
    from peft import PeftModel

    try:
        wrapped = PeftModel.from_pretrained(model, str(folder), use_safetensors=True)
        stored = header(folder / WEIGHTS)
        taken = {_plain(key) for key in wrapped.state_dict() if "lora_" in key or "modules_to_save" in key}
        lost = sorted(key for key in stored if _plain(key) not in taken)
        whole = wrapped.merge_and_unload(safe_merge=True)
    except Exception as error:
        raise ModelUnavailable(f"{folder}: does not fit the model: {first_line(error)}") from error
    if lost:
        raise ModelUnavailable(
            f"{folder}: {len(lost)} of its {len(stored)} tensors have no place in the model, the first is "
            f"{lost[0]}: it was trained on another"
        )
    return whole.eval().requires_grad_(False)


def _plain(key: str) -> str:
    """The name of a tensor as files have it: without that of the adapter."""
    return key.replace(".default", "").replace(".modules_to_save", "")


def described(folder: Path) -> str:
    """What a report says of it; raises ModelUnavailable."""
    try:
        rank = json.loads((folder / CONFIG).read_text("utf-8")).get("r", "unknown")
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{folder / CONFIG}: not readable as JSON ({error})") from error
    return f"the adapter {folder.name} (LoRA, rank {rank}) is merged into its weights"


def fingerprint(base: str, folder: Path) -> str:
    """The sha256 of a model's fingerprint and an adapter's files."""
    files = (file_digest(folder / name) for name in (CONFIG, WEIGHTS))
    return hashlib.sha256("\n".join([base, *files]).encode()).hexdigest()
