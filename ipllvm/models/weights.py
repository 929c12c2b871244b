"""The one place that reads weights: every tensor of the files is taken, and none is left at random."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ipllvm.errors import ModelUnavailable, first_line
from ipllvm.models.checkpoint import Checkpoint
from ipllvm.models.load_options import DEVICE_MAPS
from ipllvm.models.quantisers import require_readable, require_shown
from ipllvm.models.quiet import without_bars

UNUSED = (
    r"(^|\.)position_ids$",  # 0, 1, 2, ...: saved by older releases
    r"(^|\.)rotary_emb\.inv_freq$",  # worked out from the config
    r"(^|\.)(vision_tower|vision_model)\.(.*\.)?head\.",  # SigLIP's pooling, which no projector takes
)
"""Tensors that may lie in a file without being taken: no answer depends on them."""
WITHOUT_HEAD = (r"^(lm_head|classifier|score)\.", r"(^|\.)pooler\.")
"""What a model without its head leaves in the file."""
INTEGERS = {"BOOL", "I8", "U8", "I16", "U16", "I32", "U32", "I64", "U64"}
COMPLEX = {"C64", "C128"}
"""Of which loading keeps the real part alone."""
_CAUSES = (
    (r"lora_|\.base_layer\.|modules_to_save", "an adapter that was not merged: use peft's merge_and_unload"),
    (
        r"_scale$|scales$|scale_inv$|zeros?(_point)?$|qweight|g_idx$|_packed$|absmax|quant_|biases$",
        "parts of quantised weights whose quantiser config.json does not name: save them dequantised",
    ),
    (r"^module\.|_fsdp_wrapped_module|_orig_mod|_checkpoint_wrapped|^_forward_module", (
        "names of a wrapper for training: save the model inside it")),
    (r"(layers|blocks|layer)\.\d+\.", "config.json may name fewer layers than were saved"),
)  # fmt: skip


def read_weights(
    found: Checkpoint,
    auto: Any,
    dtype: torch.dtype,
    *,
    attention: str | None = None,
    unused: Sequence[str] = (),
    absent: Sequence[str] = (),
    device_map: str = "",
) -> Any:
    """What an auto class of transformers makes of a checkpoint, in evaluation mode, on the CPU unless
    `device_map` names a device or how it is spread over several.

    `attention` is the implementation to ask for, None for transformers' choice. `unused` and `absent` are
    patterns of tensors that may be left over, beside those of UNUSED, and that may be missing. Raises
    ModelUnavailable, in one line, where the files can't be loaded, hold what the model does not take, lack
    what it needs or have changed meanwhile.
    """
    require_readable(found)
    options: dict[str, Any] = {"attn_implementation": attention} if attention else {}
    if device_map:
        options["device_map"] = device_map if device_map in DEVICE_MAPS else {"": device_map}
    model, info = _loaded(found, auto, dtype, options)
    found.require_unchanged()
    _require_all_taken(found.folder, info, (*UNUSED, *unused), absent)
    _require_numbers(found)
    require_shown(found, model)
    require_finite(found.folder, model.state_dict())
    return _soft_capped(model).eval().requires_grad_(False)


def require_finite(place: Path, tensors: Mapping[str, Any]) -> None:
    """Raises ModelUnavailable, in one line with the tensor's name, where a weight, a scale or a statistic is
    NaN or infinite, which answers nothing; `place` is whose they are.

    Each is read once and nothing is copied; what is no tensor of floats, or is not in memory, is passed over.
    """
    for name, value in tensors.items():
        if (
            not isinstance(value, Tensor)
            or not value.is_floating_point()
            or value.is_meta
            or not value.numel()
        ):
            continue
        least, most = (value if value.itemsize > 1 else value.float()).detach().aminmax()
        if torch.isfinite(least) and torch.isfinite(most):
            continue
        kind = str(value.dtype).removeprefix("torch.")
        why = "it holds NaN: the training that saved it diverged, or the file is damaged"
        if not least.isnan():
            why = f"it holds infinity as {kind}, of what was saved so or is too large for that"
            why += ": try --dtype bfloat16" * (value.dtype == torch.float16)
        raise ModelUnavailable(f"{place}: the weight {name} is not finite: {why}")


def from_tensors(
    place: Path,
    described: Any,
    tensors: Mapping[str, Tensor],
    dtype: torch.dtype,
    *,
    absent: Sequence[str] = (),
    attention: str | None = "sdpa",
) -> Any:
    """The model that `described` is without memory, with these tensors by name, on the CPU.

    `absent` are patterns of tensors that may be missing, and are zeros then. Raises ModelUnavailable, in one
    line, before memory is taken where others are missing, left over or of another shape; `place` is whose
    they are.
    """
    wanted = {name: tuple(value.shape) for name, value in described.state_dict().items()}
    ties = getattr(
        described.config, "tie_word_embeddings", False
    )  # not every config of transformers 5.0 has it
    tied = set(described._tied_weights_keys or ()) if ties else set()
    missing = wanted.keys() - tensors.keys() - tied
    shapes = [(name, tuple(t.shape), wanted.get(name)) for name, t in tensors.items()]
    info = {
        "missing_keys": missing,
        "unexpected_keys": tensors.keys() - wanted.keys(),
        "mismatched_keys": [(name, has, wants) for name, has, wants in shapes if wants and has != wants],
    }
    _require_all_taken(place, info, UNUSED, absent)
    require_numbers(place, tensors)
    taken = {name: value for name, value in tensors.items() if name in wanted}
    taken |= {name: torch.zeros(()).expand(wanted[name]) for name in missing}
    options = {
        "config": described.config,
        "state_dict": taken,
        "dtype": dtype,
        "attn_implementation": attention,
    }
    try:
        with without_bars():
            model = type(described).from_pretrained(None, **options)
    except Exception as error:
        raise unusable(place, "can't be loaded", error) from error
    require_finite(place, model.state_dict())
    return _soft_capped(model).eval().requires_grad_(False)


def _soft_capped(model: Any) -> Any:
    """The model, with attention written out where its scores are capped: older releases of transformers run
    it through the fused kernel, which leaves the cap out.
    """
    capped = getattr(model.config.get_text_config(), "attn_logit_softcapping", None)
    if capped and model.config._attn_implementation == "sdpa":
        model.set_attn_implementation("eager")
    return model


def unusable(place: Path, what: str, error: BaseException) -> ModelUnavailable:
    """The one line about an error of another library, whose own words come last."""
    return ModelUnavailable(f"{place}: {what}: {first_line(error)}")


def _loaded(found: Checkpoint, auto: Any, dtype: torch.dtype, options: Mapping[str, Any]) -> tuple[Any, Any]:
    try:
        with without_bars():
            return auto.from_pretrained(  # type: ignore[no-any-return]
                found.folder,
                dtype=dtype,
                use_safetensors=not found.pickled,
                trust_remote_code=found.runs_code,
                local_files_only=True,
                ignore_mismatched_sizes=True,  # they are refused by name below
                output_loading_info=True,
                **options,
            )
    except Exception as error:  # a damaged file raises whatever its reader happens to
        if options.get("attn_implementation") == "sdpa" and "scaled_dot_product_attention" in str(error):
            return _loaded(found, auto, dtype, {**options, "attn_implementation": "eager"})  # Gemma 2
        raise unusable(found.folder, "can't be loaded", error) from error


def _require_all_taken(folder: Path, info: Any, unused: Iterable[str], absent: Iterable[str]) -> None:
    missing = _others(info["missing_keys"], absent)
    extra = _others(info["unexpected_keys"], unused)
    shapes = sorted((str(k), tuple(a), tuple(b)) for k, a, b in info.get("mismatched_keys") or ())
    if shapes:
        name, stored, wanted = shapes[0]
        empty = " (an empty one, as DeepSpeed's ZeRO-3 leaves: gather the weights when saving)"
        raise ModelUnavailable(
            f"{folder}: {len(shapes)} weights have other shapes than config.json says, the first is {name}: "
            f"{list(stored)} stored, {list(wanted)} wanted{empty if 0 in stored or stored == (1,) else ''}"
        )
    if extra:
        lack = f", and {len(missing)} are missing, such as {missing[0]}" if missing else ""
        raise ModelUnavailable(
            f"{folder}: {len(extra)} weights are in the files that the model does not take, the first is "
            f"{extra[0]}{lack}: {_cause(extra)}"
        )
    if missing:
        raise ModelUnavailable(f"{folder}: {len(missing)} weights are missing, the first is {missing[0]}")
    for kind in ("error_msgs", "conversion_errors"):
        if told := info.get(kind):
            raise ModelUnavailable(f"{folder}: can't be loaded: {first_line(next(iter(told)))}")


def require_taken(place: Path, left: Iterable[str], unused: Iterable[str] = ()) -> None:
    """Raises ModelUnavailable, in one line, for tensors by name that no part of a model takes; `unused` are
    patterns of those that may be left, beside UNUSED.
    """
    _require_all_taken(place, {"missing_keys": (), "unexpected_keys": tuple(left)}, (*UNUSED, *unused), ())


def _others(keys: Iterable[Any], allowed: Iterable[str]) -> list[str]:
    """The keys that no pattern allows, by name."""
    patterns = [re.compile(pattern) for pattern in allowed]
    return sorted(key for key in map(str, keys) if not any(p.search(key) for p in patterns))


def _cause(names: Sequence[str]) -> str:
    """What unexpected names tell of how they came about."""
    for pattern, cause in _CAUSES:
        if any(re.search(pattern, name) for name in names):
            return cause
    return "config.json is of another model than the weights"


def require_numbers(place: Path, tensors: Mapping[str, Tensor]) -> None:
    """Raises ModelUnavailable where weights in memory are integers, truth values or complex: nothing here
    would scale them.
    """
    for name, value in tensors.items():
        if not value.is_floating_point() and name.endswith((".weight", ".bias", "newline")):
            kind = str(value.dtype).removeprefix("torch.")
            raise ModelUnavailable(f"{place}: the weight {name} is stored as {kind}: save it dequantised")


def _require_numbers(found: Checkpoint) -> None:
    """Raises where weights are complex, or integers and no quantiser is named that would scale them."""
    if found.quantiser is not None:
        return
    for name, tensor in found.weights.tensors.items():
        if tensor.dtype in COMPLEX:
            raise ModelUnavailable(f"{found.folder}: the weight {name} is stored as complex ({tensor.dtype})")
        if tensor.dtype in INTEGERS and name.endswith((".weight", ".bias")):
            raise ModelUnavailable(
                f"{found.folder}: the weight {name} is stored as integers ({tensor.dtype}) and config.json "
                "names no quantiser: save it dequantised"
            )
