"""Checkpoints as trainers, wrappers and quantisers leave them: refused, or measured as what they are."""

import json
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ipllvm.tests.hostile.checkpoints import CHECK, TEMPLATE, checkpoint, config, template
from ipllvm.tests.hostile.row import Row

Weights = dict[str, Tensor]
FILE = "ckpt/model.safetensors"
QUERY = "self_attn.q_proj"
FP8 = {"quant_method": "modelopt", "quant_algo": "FP8"}
QUANTISERS = {
    "bitsandbytes": {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"},
    "gptq": {"quant_method": "gptq", "bits": 4, "group_size": 128},
    "awq": {"quant_method": "awq", "bits": 4, "group_size": 128, "version": "gemm", "zero_point": True},
    "compressed-tensors": {
        "quant_method": "compressed-tensors",
        "format": "int-quantized",
        "config_groups": {},
    },
    "modelopt": FP8,
}


def _put(folder: Path, change: Callable[[Weights], Weights]) -> None:
    file = folder / FILE
    weights = {name: value.contiguous() for name, value in change(load_file(file)).items()}
    file.unlink()  # it may be a link to the embedded one
    save_file(weights, file, {"format": "pt"})


def _weights(change: Callable[[Weights], Weights]) -> Callable[[Path], None]:
    return checkpoint(lambda folder: _put(folder, change))


def _lora(weights: Weights, base: str = "") -> Weights:
    """Low ranks beside the decoder's queries, which stand under their own name or as a base layer."""
    found: Weights = {}
    for name, value in weights.items():
        if "language_model" in name and name.endswith(f"{QUERY}.weight"):
            stem = name.removesuffix(".weight")
            found[f"{stem}{base}.weight"] = value
            found[f"{stem}.lora_A.default.weight"] = torch.ones(8, value.shape[1])
            found[f"{stem}.lora_B.default.weight"] = torch.ones(value.shape[0], 8)
        else:
            found[name] = value
    return found


def _of_layer(size: int) -> Callable[[Weights], Weights]:
    """What ZeRO-3 leaves of a layer that nobody gathered."""
    return lambda weights: {
        name: torch.zeros(size) if "language_model" in name and "layers.3" in name else value
        for name, value in weights.items()
    }


def _spoilt(part: str, number: float) -> Callable[[Weights], Weights]:
    """One number of a matrix is none."""

    def change(weights: Weights) -> Weights:
        name = next(each for each in weights if part in each and each.endswith("weight"))
        spoilt = weights[name].clone()
        spoilt.view(-1)[5] = number
        return {**weights, name: spoilt}

    return change


def _float8(weights: Weights) -> Weights:
    """Eight bits and their scales."""
    found: Weights = {}
    for name, value in weights.items():
        if "language_model" in name and name.endswith("proj.weight"):
            scale = value.float().abs().max() / 448
            found |= {name: (value.float() / scale).to(torch.float8_e4m3fn), f"{name}_scale": scale}
        else:
            found[name] = value
    return found


def _shards(folder: Path, lost: int = 0) -> None:
    """Two files and their index beside the whole one, `lost` tensors of the second left out."""
    weights = load_file(folder / FILE)
    names = sorted(weights)
    parts = {1: names[::2], 2: names[1::2][lost:]}
    index: dict[str, str] = {}
    for number, held in parts.items():
        name = f"model-{number:05d}-of-00002.safetensors"
        save_file(
            {each: weights[each].contiguous() for each in held}, folder / "ckpt" / name, {"format": "pt"}
        )
        index |= dict.fromkeys(held, name)
    index |= dict.fromkeys(names[1::2][:lost], name)
    text = json.dumps({"metadata": {}, "weight_map": index})
    (folder / "ckpt" / "model.safetensors.index.json").write_text(text)


def _lost_shard(folder: Path) -> None:
    _shards(folder, 1)
    (folder / FILE).unlink()


def _stale(folder: Path) -> None:
    """The whole file is of another training step than its shards."""
    _shards(folder)
    _put(folder, lambda weights: {name: value + 1 for name, value in weights.items()})


def _new_tokens(folder: Path) -> None:
    """Two tokens that the template uses and the embeddings do not have."""
    place = folder / "ckpt" / "tokenizer.json"
    made = json.loads(place.read_text())
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    size = 1 << 20
    made["added_tokens"] += [{"id": size, "content": "<|im_start|>", "special": True, **flags}]
    place.write_text(json.dumps(made))
    file = folder / "ckpt" / "chat_template.jinja"
    file.write_text("<|im_start|>" + file.read_text())


def _untied(weights: Weights) -> Weights:
    name = next(each for each in weights if "embed_tokens" in each)
    return {**weights, "lm_head.weight": torch.roll(weights[name], 1, 0)}


SPOILT: dict[str, tuple[Callable[[Path], None], str]] = {
    "low ranks beside its weights": (_weights(_lora), "merge_and_unload"),
    "low ranks over base layers": (_weights(lambda w: _lora(w, ".base_layer")), "base_layer.weight"),
    "the names of a wrapper": (
        _weights(lambda weights: {f"module.{name}": value for name, value in weights.items()}),
        "names of a wrapper",
    ),
    "the names of a sharded trainer": (
        _weights(
            lambda w: {n.replace("self_attn", "_fsdp_wrapped_module.self_attn"): v for n, v in w.items()}
        ),
        "_fsdp_wrapped_module",
    ),
    "a layer that nobody gathered": (_weights(_of_layer(0)), "ZeRO-3"),
    "a layer of placeholders": (_weights(_of_layer(1)), "layers.3"),
    "no number in its decoder": (_weights(_spoilt("layers.3.mlp.down_proj", float("nan"))), "is not finite"),
    "no number in its projector": (_weights(_spoilt("multi_modal_projector", float("nan"))), "is not finite"),
    "an endless number": (_weights(_spoilt("layers.3.mlp.down_proj", float("inf"))), "is not finite"),
    "a shard that lacks a tensor": (checkpoint(_lost_shard), ""),
    "another step's whole file beside its shards": (checkpoint(_stale), "two sets of weights"),
    "tokens beyond its embeddings": (checkpoint(_new_tokens), ""),
    "scales that no config names": (_weights(_float8), "scale"),
    "a template that raises": (
        template("{{ raise_exception('roles must alternate') }}"),
        "roles must alternate",
    ),
    "a template that is cut off": (template("{% for m in messages %}{{ m['role'] }"), "template"),
    "a template that adds parts to words": (
        template("{% for m in messages %}{{ m['role'] + ': ' + m['content'] }}{% endfor %}"),
        "template",
    ),
    **{
        f"plain weights said to be of {name}": (
            config("quantization_config", value=settings),
            name.split("-")[0],
        )
        for name, settings in QUANTISERS.items()
    },
}


def _template_in(file: str) -> Callable[[Path], None]:
    """The template stands in another of its places."""

    def change(folder: Path) -> None:
        text = (folder / "ckpt" / "chat_template.jinja").read_text()
        (folder / "ckpt" / "chat_template.jinja").unlink()
        place = folder / "ckpt" / file
        made = json.loads(place.read_text()) if place.exists() else {}
        place.write_text(json.dumps({**made, "chat_template": text}))

    return checkpoint(change)


EMPTY = checkpoint(lambda folder: (folder / "ckpt" / "config.json").write_text("{}"))
PLAN = ("plan", "./absent")
SOUND: dict[str, Callable[[Path], None]] = {
    "its template in tokenizer_config.json": _template_in("tokenizer_config.json"),
    "its template in chat_template.json": _template_in("chat_template.json"),
    "another penalty in generation_config.json": config(
        "repetition_penalty", value=5.0, file="generation_config.json"
    ),
    "a tie that its config says twice": config("tie_word_embeddings", value=True),
    "a template of one line": template(TEMPLATE),
    "a head that its config ties, as transformers reads it": _weights(_untied),
}
ROWS = [
    *(
        Row(f"trained checkpoint with {what}", CHECK, (4, 7), line, make, fast="wrapper" in what)
        for what, (make, line) in SPOILT.items()
    ),
    Row("plan of a folder that is not there", PLAN, 4, "no such model folder", lines=1, fast=True),
    Row("plan of a folder with an empty config", ("plan", "ckpt", *CHECK[2:]), (4, 7), "ckpt", EMPTY),
    *(Row(f"sound checkpoint with {what}", CHECK, 0, "report: ", make) for what, make in SOUND.items()),
]
