"""What a config says of a quantiser, in words; imports neither torch nor transformers."""

from collections.abc import Mapping
from typing import Any

NAMES = ("quantization_config", "quantization", "compression_config")
"""Fields of a config that may hold the settings of a quantiser."""


def settings_of(config: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a config says of the quantiser of the model or of its decoder; None where there is none."""
    text = config.get("text_config")
    for part in (config, text if isinstance(text, Mapping) else {}):
        for name in NAMES:
            if isinstance(part.get(name), Mapping):
                return dict(part[name])
    return None


def described(settings: Mapping[str, Any]) -> str:
    """A quantiser in a few words: its method, its scheme and its bits, as far as they are told.

    >>> described({"quant_method": "gptq", "bits": 4}), described({"load_in_8bit": True})
    ('gptq, 4 bits', 'unnamed, 8 bits')
    >>> described({"quant_method": "torchao", "quant_type": {"default": {"_type": "Int8WeightOnlyConfig"}}})
    'torchao, Int8WeightOnlyConfig'
    """
    words = (str(settings.get("quant_method") or "unnamed"), _scheme(settings), _bits(settings))
    return ", ".join(word for word in words if word)


def note(settings: Mapping[str, Any] | None) -> tuple[str, ...]:
    """What a report says of the weights: nothing where they are plain numbers."""
    return () if settings is None else (f"its weights are quantised: {described(settings)}",)


def rounds_activations(settings: Mapping[str, Any]) -> bool:
    """Whether what goes from layer to layer is rounded to 8 bits or fewer as well, beside the weights: no
    finer than bfloat16, whatever the dtype.

    >>> rounds_activations({"load_in_8bit": True}), rounds_activations({"load_in_4bit": True})
    (True, False)
    """
    method, groups = settings.get("quant_method"), settings.get("config_groups")
    by_group = list(groups.values()) if isinstance(groups, Mapping) else []
    dequantised = settings.get("dequantize") or settings.get("run_compressed") is False
    return bool(
        settings.get("load_in_8bit")  # LLM.int8()
        or (method in ("fp8", "fbgemm_fp8") and not dequantised)
        or (method == "quanto" and settings.get("activations"))
        or (method == "torchao" and "activation" in str(settings.get("quant_type")).lower())
        or any(isinstance(each, Mapping) and each.get("input_activations") for each in by_group)
    )


def _scheme(settings: Mapping[str, Any]) -> str:
    """How numbers are stored, where a method has several ways."""
    if settings.get("load_in_4bit"):
        return str(settings.get("bnb_4bit_quant_type") or "")
    kind = settings.get("quant_type")
    kind = kind.get("default", kind) if isinstance(kind, Mapping) else kind
    kind = kind.get("_type") if isinstance(kind, Mapping) else kind
    for each in (kind, settings.get("format"), settings.get("weights")):
        if isinstance(each, str) and each:
            return each
    return ""


def _bits(settings: Mapping[str, Any]) -> str:
    four, eight = settings.get("load_in_4bit"), settings.get("load_in_8bit")
    bits = settings.get("bits") or settings.get("w_bit") or (4 if four else 8 if eight else None)
    groups = settings.get("config_groups")
    for group in groups.values() if bits is None and isinstance(groups, Mapping) else ():
        weights = group.get("weights") if isinstance(group, Mapping) else None
        bits = bits or (weights.get("num_bits") if isinstance(weights, Mapping) else None)
    return f"{bits} bits" if bits else ""
