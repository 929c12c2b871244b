"""InternLM2's weights by the names of transformers' Llama, inside LLaVA's.

One matrix holds queries, keys and values: for each key head its query heads, then the key, then the value.
"""

import re
from collections.abc import Iterator, Mapping
from math import isqrt
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoConfig

from ipllvm.errors import ModelUnavailable
from ipllvm.models.originals.loading import linear
from ipllvm.models.trol.partial_lora import attach
from ipllvm.models.weights import from_tensors, require_taken

Low = dict[str, tuple[Tensor, Tensor]]
LINEARS = {
    "attention.wo": "self_attn.o_proj", "feed_forward.w1": "mlp.gate_proj", "feed_forward.w3": "mlp.up_proj",
    "feed_forward.w2": "mlp.down_proj",
}  # fmt: skip
NORMS = {"attention_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}
WHOLE = {
    "model.tok_embeddings.weight": "model.language_model.embed_tokens.weight",
    "model.norm.weight": "model.language_model.norm.weight",
    "vision_proj.0.": "model.multi_modal_projector.linear_1.",
    "vision_proj.2.": "model.multi_modal_projector.linear_2.",
}
FUSED = "attention.wqkv"
BASE = re.compile(r"(model\.layers\.\d+\.(attention\.(wqkv|wo)|feed_forward\.w[123]))\.ffn\.weight")
"""A linear layer, beside which its low-rank part lies."""
TOWER = "vit.vision_tower.vision_model."
TAKEN = re.compile(
    r"vit\.vision_tower\.vision_model\..*|model\.(tok_embeddings|norm)\.weight|vision_proj\.[02]\..*|output\.weight"
    r"|model\.layers\.\d+\.((attention|ffn)_norm|(attention\.(wqkv|wo)|feed_forward\.w[123])\.(ffn|lora_[AB]))\.weight"
)
"""All tensors of these checkpoints; what is not taken of a part's own names is found when it is loaded."""
KEPT = (
    "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
    "rms_norm_eps", "rope_theta", "rope_scaling", "max_position_embeddings", "hidden_act", "bos_token_id",
    "eos_token_id",
)  # fmt: skip
HEAD = "output.weight"
SIDE = 35
"""A picture is 35 x 35 patches, 490 pixels wide."""


def config(raw: Mapping[str, Any], tensors: Mapping[str, Tensor], place: int) -> Any:
    """The config of LLaVA's class that has these parts; the tower's is told by the shapes of its tensors."""
    patch = tensors[f"{TOWER}embeddings.patch_embedding.weight"]
    numbers = [int(name.split(".")[5]) for name in tensors if name.startswith(f"{TOWER}encoder.layers.")]
    first = tensors[f"{TOWER}encoder.layers.0.mlp.fc1.weight"]
    width = int(patch.shape[0])
    stated = raw.get("vision_config")
    heads = stated.get("num_attention_heads") if isinstance(stated, dict) else None
    vision = AutoConfig.for_model(
        "clip_vision_model",
        hidden_size=width,
        intermediate_size=int(first.shape[0]),
        num_hidden_layers=1 + max(numbers),
        num_attention_heads=heads or width // 64,
        patch_size=int(patch.shape[-1]),
        image_size=SIDE * int(patch.shape[-1]),
    )
    rows = len(tensors["model.tok_embeddings.weight"])
    fields = {name: raw[name] for name in KEPT if name in raw}
    text = AutoConfig.for_model("llama", **fields, vocab_size=rows, tie_word_embeddings=False)
    return AutoConfig.for_model(
        "llava",
        text_config=text,
        vision_config=vision,
        image_token_index=place,
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
    )


def model(folder: Path, described: Any, tensors: Mapping[str, Tensor], dtype: torch.dtype) -> Any:
    """LLaVA's class, as it is described without memory, with these tensors; raises ModelUnavailable."""
    nested = any(name.startswith("model.vision_tower.vision_model.") for name in described.state_dict())
    _require_parts(folder, tensors, described.config.text_config)
    whole, low = renamed(tensors, described.config.text_config, nested)
    answering = from_tensors(folder, described, whole, dtype, absent=["lm_head", "post_layernorm"])
    answering.lm_head = linear(tensors[HEAD].to(dtype))
    attach(answering, low)
    return answering


def renamed(tensors: Mapping[str, Tensor], text: Any, nested: bool) -> tuple[dict[str, Tensor], Low]:
    """The tensors of the class, but for the head; and the low-rank parts, by the decoder's linear layers.

    `nested` says that the tower's names have `vision_model` in them, as in releases before 5.4.
    """
    whole, low = {}, {}
    inner = "model.vision_tower." + "vision_model." * nested
    for name, value in tensors.items():
        if name.startswith(TOWER):
            whole[inner + name.removeprefix(TOWER)] = _positions(name, value)
        for own, other in WHOLE.items():
            if name.startswith(own):
                whole[name.replace(own, other)] = value
        for own, other in NORMS.items():
            if name.endswith(f".{own}.weight"):
                whole[_layer(name) + f"{other}.weight"] = value
    for name, value in tensors.items():
        if name.endswith(".ffn.weight"):
            stem = name.removesuffix(".ffn.weight")
            both = tensors[f"{stem}.lora_A.weight"], tensors[f"{stem}.lora_B.weight"]
            for other, (base, high) in _linears(stem, value, both[1], text):
                whole[f"{_layer(name)}{other}.weight"] = base
                low[f"{_layer(name).removeprefix('model.language_model.')}{other}"] = both[0], high
    return whole, low


def _require_parts(folder: Path, tensors: Mapping[str, Tensor], text: Any) -> None:
    """Raises ModelUnavailable where a linear layer is none of InternLM2's, or its parts do not fit it."""
    width = text.hidden_size // text.num_attention_heads
    fused = (text.num_attention_heads + 2 * text.num_key_value_heads) * width
    for name in (each for each in tensors if each.endswith(".ffn.weight")):
        if (found := BASE.fullmatch(name)) is None:
            raise ModelUnavailable(f"{folder}: {name} is not a linear layer of InternLM2's")
        sides = [f"{found[1]}.lora_{side}.weight" for side in "AB"]
        if absent := next((each for each in sides if each not in tensors), None):
            raise ModelUnavailable(f"{folder}: weights are missing, the first is {absent}")
        base, low, high = (list(tensors[each].shape) for each in (name, *sides))
        fits = base == [*high[:1], *low[1:]] and high[1:] == low[:1] and len(base) == 2
        if not fits or (found[3] == "wqkv" and base[0] != fused):
            raise ModelUnavailable(
                f"{folder}: {name} of {base} does not fit config.json, or its low-rank part {high} x {low}"
            )
    require_taken(folder, (name for name in tensors if not TAKEN.fullmatch(name)))
    if HEAD not in tensors:
        raise ModelUnavailable(f"{folder}: weights are missing, the first is {HEAD}")
    if list(tensors[HEAD].shape[1:]) != [text.hidden_size]:
        shape = list(tensors[HEAD].shape)
        raise ModelUnavailable(f"{folder}: {HEAD} of {shape} does not fit a width of {text.hidden_size}")


def _layer(name: str) -> str:
    return f"model.language_model.layers.{name.split('.')[2]}."


def _linears(stem: str, base: Tensor, high: Tensor, text: Any) -> Iterator[tuple[str, tuple[Tensor, Tensor]]]:
    """The linear layers of Llama that one of InternLM2's is, each with the high side of its low-rank part."""
    if not stem.endswith(FUSED):
        other = next(LINEARS[own] for own in LINEARS if stem.endswith(own))
        yield other, (base, high)
        return
    split = zip(_split(base, text), _split(high, text), strict=True)
    yield from zip(("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"), split, strict=True)


def _split(fused: Tensor, text: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values of a matrix that holds them by key head."""
    heads, keys = text.num_attention_heads, text.num_key_value_heads
    width = text.hidden_size // heads
    parts = fused.view(keys, heads // keys + 2, width, fused.shape[1])
    queries, key, value = parts[:, :-2], parts[:, -2], parts[:, -1]
    return tuple(each.reshape(-1, fused.shape[1]).contiguous() for each in (queries, key, value))  # type: ignore[return-value]


def _positions(name: str, table: Tensor) -> Tensor:
    """The tower's table of positions for 35 x 35 patches, scaled bicubically where it is for fewer."""
    if not name.endswith("position_embedding.weight") or len(table) == SIDE**2 + 1:
        return table
    side = isqrt(len(table) - 1)
    grid = table[1:].float().T.view(1, -1, side, side)
    wide = torch.nn.functional.interpolate(grid, (SIDE, SIDE), mode="bicubic", align_corners=False)
    return torch.cat([table[:1], wide.flatten(2)[0].T.to(table)])
