"""An adapter of peft's (LoRA and its like), merged into the model that it was trained on."""

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from ipllvm.errors import ModelUnavailable, first_line
from ipllvm.models.fingerprint import file_digest
from ipllvm.models.json_files import read_json
from ipllvm.models.weight_files import header

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
ADDED: Final = ".default"
"""In the names of what peft has added to a model: what it calls the adapter."""
BESIDE: Final = (
    "PROMPT_TUNING",
    "P_TUNING",
    "PREFIX_TUNING",
    "MULTITASK_PROMPT_TUNING",
    "ADAPTION_PROMPT",
    "CPT",
)
"""Kinds that put something beside the weights, which can't be merged into them."""
INSTEAD: Final = "measure a kind that peft merges, such as LoRA"
"""What to do with one that can't be merged."""
NAMED: Final = {"use_dora": "DoRA", "use_rslora": "rank-stabilised LoRA"}
"""What LoRA is called where its config says so."""


def check(folder: Path) -> Path:
    """The folder, if it holds an adapter that can be read; raises ModelUnavailable in one line.

    Weights are read as safetensors only, which hold no code.
    """
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise ModelUnavailable(f"{folder}: no adapter: it has no {name}")
    if (named := kind(folder)) in BESIDE:
        raise ModelUnavailable(
            f"{folder}: it is {named}, which changes no weights: there is nothing to merge: {INSTEAD}"
        )
    if find_spec("peft") is None:
        raise ModelUnavailable(f"{folder}: an adapter is merged by peft: pip install peft")
    from ipllvm.models.originals.files import finite_file  # which brings torch

    finite_file(folder / WEIGHTS)
    return folder


def kind(folder: Path) -> str:
    """What peft calls the kind of an adapter, "LORA"; raises ModelUnavailable where its config says none."""
    named = read_json(folder / CONFIG).get("peft_type")
    if not isinstance(named, str):
        raise ModelUnavailable(f"{folder / CONFIG}: it names no peft_type: it is of no adapter of peft's")
    return named.upper()


def merged(model: Any, folder: Path) -> Any:
    """The model with the adapter in its weights; raises ModelUnavailable where they do not fit.

    Every tensor of the adapter must find its place, and every place its tensor: peft warns and goes on.
    """
    from peft import PeftModel, PeftType

    from ipllvm.models.weights import require_finite

    if (named := kind(folder)) not in {each.value for each in PeftType}:
        raise ModelUnavailable(f"{folder}: it is {named}, a kind that this release of peft does not know")
    try:
        wrapped = PeftModel.from_pretrained(model, str(folder), use_safetensors=True)
        _require_whole(wrapped, folder)
    except ModelUnavailable:
        raise
    except Exception as error:
        raise ModelUnavailable(f"{folder}: does not fit the model: {first_line(error)}") from error
    try:
        whole = wrapped.merge_and_unload()
    except Exception as error:
        raise ModelUnavailable(
            f"{folder}: peft can't merge it ({named}) into the weights: {first_line(error)}: {INSTEAD}"
        ) from error
    require_finite(folder, whole.state_dict())  # a sum may be too large for its dtype
    return whole.eval().requires_grad_(False)


def _require_whole(wrapped: Any, folder: Path) -> None:
    """Raises ModelUnavailable where tensors of the file have no place in peft's model, or where it lacks what
    peft would save: some kinds store what all layers share once, or make it again from a seed.
    """
    from peft import get_peft_model_state_dict

    stored, saved = header(folder / WEIGHTS), get_peft_model_state_dict(wrapped, save_embedding_layers=False)
    places = {_plain(key) for key in (*wrapped.state_dict(), *saved)}
    own = set(map(_plain, stored))
    lost = sorted(key for key in stored if _plain(key) not in places)
    absent = sorted(key for key in map(_plain, saved) if key not in own)
    if lost:
        raise ModelUnavailable(
            f"{folder}: {len(lost)} of its {len(stored)} tensors have no place in the model, the first is "
            f"{lost[0]}: it was trained on another"
        )
    if absent:
        raise ModelUnavailable(
            f"{folder}: {len(absent)} tensors that its {CONFIG} asks for are not in its file, the first is "
            f"{absent[0]}"
        )


def _plain(key: str) -> str:
    """The name of a tensor as files have it: without that of the adapter.

    >>> _plain("q.lora_A.default.weight"), _plain("q.lora_magnitude_vector.default.weight")
    ('q.lora_A.weight', 'q.lora_magnitude_vector')
    """
    bare = key.replace(ADDED, "").replace(".modules_to_save", "")
    return bare.replace(".lora_magnitude_vector.weight", ".lora_magnitude_vector")


def described(folder: Path) -> str:
    """What a report says of it; raises ModelUnavailable."""
    given, named = read_json(folder / CONFIG), kind(folder)
    what = next((name for key, name in NAMED.items() if given.get(key)), "LoRA" if named == "LORA" else named)
    rank = f", rank {given['r']}" if "r" in given else ""
    return f"the adapter {folder.name} ({what}{rank}) is merged into its weights"


def fingerprint(base: str, folder: Path) -> str:
    """The sha256 of a model's fingerprint and an adapter's files."""
    files = (file_digest(folder / name) for name in (CONFIG, WEIGHTS))
    return hashlib.sha256("\n".join([base, *files]).encode()).hexdigest()
