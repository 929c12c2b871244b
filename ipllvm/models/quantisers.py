"""Quantised checkpoints: transformers reads those whose kind it knows and whose packages are here."""

import copy
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, Final

import torch
from transformers import quantizers

from ipllvm.errors import ModelUnavailable
from ipllvm.models.checkpoint import Checkpoint

PLACED: Final = "accelerate"
"""What puts quantised weights on their device, of whatever kind."""
PACKAGES: Final = {
    "aqlm": ("aqlm",), "auto-round": ("auto-round",), "awq": ("gptqmodel",),
    "bitsandbytes": ("bitsandbytes",),
    "compressed-tensors": ("compressed-tensors",), "eetq": ("kernels",), "fouroversix": ("fouroversix",),
    "gguf": ("gguf",), "gptq": ("gptqmodel", "optimum"), "higgs": ("flute-kernel", "fast-hadamard-transform"),
    "hqq": ("hqq",), "metal": ("kernels",), "nvfp4": ("kernels",), "quanto": ("optimum-quanto",),
    "quark": ("amd-quark",), "sinq": ("sinq",), "spqr": ("spqr-quant",), "torchao": ("torchao",),
    "vptq": ("vptq",),
}  # fmt: skip
"""What pip calls the packages of a kind, as transformers' quantisers ask for them."""
IMPORTED: Final = {"amd-quark": "quark", "flute-kernel": "flute", "optimum-quanto": "optimum.quanto"}
"""How they are imported, where that is not the same name."""


def require_readable(found: Checkpoint) -> None:
    """Raises ModelUnavailable, in one line, where the weights are quantised in a way that transformers would
    leave out, which it does with a warning, or by packages that are not installed.
    """
    settings = found.quantiser
    if settings is None:
        return
    if not _known(settings):
        raise ModelUnavailable(
            f"{found.folder}: its weights are quantised ({found.quantisation}) in a way that transformers "
            "does not know and would read as they are: save them dequantised"
        )
    if missing := [name for name in packages(settings) if not _installed(name)]:
        raise ModelUnavailable(
            f"{found.folder}: its weights are quantised ({found.quantisation}), and {' and '.join(missing)} "
            f"{'reads' if len(missing) == 1 else 'read'} them: pip install {' '.join(missing)}"
        )


def of(model: Any) -> dict[str, Any] | None:
    """What the config of a loaded model says of its quantiser; None where its weights are plain numbers."""
    for part in (model.config, model.config.get_text_config()):
        settings = getattr(part, "quantization_config", None)
        if settings is not None:
            plain = dict(settings) if isinstance(settings, Mapping) else settings.to_dict()
            method = plain.get("quant_method")  # transformers' own is a member of an enumeration
            return {**plain, "quant_method": getattr(method, "value", method)}
    return None


def parameters(model: Any) -> int:
    """How many parameters a quantised model has by its config, whose tensors may hold several in one number;
    0 where it is not quantised.
    """
    if of(model) is None:
        return 0
    plain = copy.deepcopy(model.config)
    for part in (plain, plain.get_text_config()):
        part.__dict__.pop("quantization_config", None)
    with torch.device("meta"):
        return sum(each.numel() for each in type(model)(plain).parameters())


def packages(settings: dict[str, Any]) -> tuple[str, ...]:
    """What pip calls all that a quantiser needs; for one in bits that names no method, bitsandbytes'.

    >>> packages({"quant_method": "gptq", "bits": 4}), packages({"load_in_4bit": True})
    (('gptqmodel', 'optimum', 'accelerate'), ('bitsandbytes', 'accelerate'))
    """
    in_bits = settings.get("load_in_4bit") or settings.get("load_in_8bit")
    method = "bitsandbytes" if in_bits else str(settings.get("quant_method"))
    return (*PACKAGES.get(method, ()), PLACED)


def _known(settings: dict[str, Any]) -> bool:
    kinds: Any = quantizers
    try:
        return bool(kinds.AutoHfQuantizer.supports_quant_method(settings))
    except ValueError:
        return False


def _installed(package: str) -> bool:
    """Whether a package that pip knows by that name can be imported."""
    try:
        return find_spec(IMPORTED.get(package, package.replace("-", "_"))) is not None
    except ModuleNotFoundError:  # of a part whose whole is missing
        return False
