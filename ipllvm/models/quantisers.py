"""Quantised checkpoints: transformers reads those whose kind it knows and whose packages are here."""

import copy
import re
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
PLAIN: Final = frozenset({"F16", "BF16", "F32", "F64"})
"""How numbers that stand for themselves are stored."""
COUNTED: Final = re.compile(r"(_ids|_index|num_batches_tracked)$")
"""Tensors that are integers in any checkpoint."""
SCALED: Final = re.compile(r"_scales?$|\.scales$|scale_inv$|absmax$|\.SCB$")
"""Tensors that scale others."""


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


def require_shown(found: Checkpoint, model: Any) -> None:
    """Raises ModelUnavailable where config.json names a quantiser of which neither the files nor the loaded
    model show anything: transformers has read plain weights as they are, and a report would call them
    quantised.
    """
    if found.quantiser is None or _stored(found) or _held(model):
        return
    raise ModelUnavailable(
        f"{found.folder}: config.json names a quantiser ({found.quantisation}) and its weights are plain "
        "numbers, which transformers reads as they are: remove quantization_config, or save them quantised"
    )


def _stored(found: Checkpoint) -> bool:
    """Whether the files hold numbers that are no plain ones, or what scales them."""
    return any(
        (tensor.dtype not in PLAIN and not COUNTED.search(name)) or SCALED.search(name)
        for name, tensor in found.weights.tensors.items()
    )


def _held(model: Any) -> bool:
    """Whether a loaded model has modules or weights of other classes than one without a quantiser."""
    plain = _without_quantiser(model)
    modules = ({type(part) for part in each.modules()} for each in (model, plain))
    weights = ({type(part) for part in each.parameters()} for each in (model, plain))
    return not (next(modules) <= next(modules) and next(weights) <= next(weights))


def unpack(model: Any) -> None:
    """Do now what a quantiser does to a model before its first pass: parts run without the whole here.

    compressed-tensors unpacks its weights then.
    """
    if of(model) is None:
        return
    named = getattr(model, "_forward_pre_hooks_with_kwargs", {})
    for key, hook in list(model._forward_pre_hooks.items()):
        if key not in named:
            hook(model, ())


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
    return sum(each.numel() for each in _without_quantiser(model).parameters())


def _without_quantiser(model: Any) -> Any:
    """The model as its config describes it without a quantiser, without memory."""
    plain = copy.deepcopy(model.config)
    for part in (plain, plain.get_text_config()):
        part.__dict__.pop("quantization_config", None)
    with torch.device("meta"):
        return type(model)(plain)


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
    except (TypeError, ValueError):  # a method that is no name
        return False


def _installed(package: str) -> bool:
    """Whether a package that pip knows by that name can be imported."""
    try:
        return find_spec(IMPORTED.get(package, package.replace("-", "_"))) is not None
    except ModuleNotFoundError:  # of a part whose whole is missing
        return False
