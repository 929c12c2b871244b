"""Checkpoints whose processor, tokenizer, config or weights say what no right answer can come of."""

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ipllvm.models.sources import embedded_folder
from ipllvm.tests.hostile import damage
from ipllvm.tests.hostile.checkpoints import CHECK, STATUS, checkpoint, config
from ipllvm.tests.hostile.row import Row

PICTURES = "processor_config.json"
INNER = "image_processor"
TOKENS = "tokenizer.json"
CUT = {"direction": "Right", "max_length": 5, "strategy": "LongestFirst", "stride": 0}
PLAIN = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
Place = tuple[str, ...]
PROCESSORS: dict[str, tuple[str, Place, Any]] = {
    "a deviation of 0": (PICTURES, (INNER, "image_std"), [0, 0, 0]),
    "a mean of two channels": (PICTURES, (INNER, "image_mean"), [0.5, 0.5]),
    "a mean that is words": (PICTURES, (INNER, "image_mean"), "half"),
    "an infinite scale": (PICTURES, (INNER, "rescale_factor"), 1e300),
    "a scale of words": (PICTURES, (INNER, "rescale_factor"), "1/255"),
    "pictures without a size": (PICTURES, (INNER, "size"), {"shortest_edge": 0}),
    "pictures of a hundred million pixels": (PICTURES, (INNER, "size"), {"shortest_edge": 10**8}),
    "a crop of a hundred million pixels": (PICTURES, (INNER, "crop_size"), {"height": 10**8, "width": 10**8}),
    "a crop of minus one": (PICTURES, (INNER, "crop_size"), {"height": -1, "width": -1}),
    "a way to resize of no kind": (PICTURES, (INNER, "resample"), 99),
    "an image processor of no kind": (PICTURES, (INNER, "image_processor_type"), "NoSuchProcessor"),
    "a processor of somebody else": (PICTURES, ("processor_class",), "Qwen2VLProcessor"),
    "another image token": (PICTURES, ("image_token",), "<picture>"),
    "a patch of 0": (PICTURES, ("patch_size",), 0),
    "a patch of words": (PICTURES, ("patch_size",), "14"),
    "a strategy of no kind": (PICTURES, ("vision_feature_select_strategy",), "best"),
    "remote code for its processor": (PICTURES, ("auto_map",), {"AutoProcessor": "evil.Processor"}),
    "a tokenizer that cuts": (TOKENS, ("truncation",), CUT),
    "a tokenizer of no model": (TOKENS, ("model",), {"type": "Evil"}),
    "a tokenizer of no words": (TOKENS, ("model", "vocab"), {}),
    "ids beyond all embeddings": (TOKENS, ("added_tokens",), [{**PLAIN, "id": 10**6, "content": "a"}]),
    "a tokenizer's normaliser of no kind": (TOKENS, ("normalizer",), {"type": "Evil"}),
    "a tokenizer's pattern of no kind": (TOKENS, ("pre_tokenizer",), {"type": "Split", "pattern": "("}),
    "a tokenizer class of no kind": ("tokenizer_config.json", ("tokenizer_class",), 5),
    "an end token that is a list": ("tokenizer_config.json", ("eos_token",), ["</s>"]),
    "a tokenizer for ten tokens": ("tokenizer_config.json", ("model_max_length",), "ten"),
    "an end token below 0": ("generation_config.json", ("eos_token_id",), -1),
    "an end token in words": ("generation_config.json", ("eos_token_id",), "</s>"),
    "generation without end": ("generation_config.json", ("max_new_tokens",), 10**12),
    "generation of a wrong type": ("generation_config.json", ("num_beams",), "many"),
}  # fmt: skip
"""What is wrong: file, place in it, and value."""
CONFIGS: dict[str, tuple[Place, Any]] = {
    "a feature layer beyond the tower": (("vision_feature_layer",), 99),
    "feature layers of nothing": (("vision_feature_layer",), []),
    "a feature layer in words": (("vision_feature_layer",), "last"),
    "an activation of no kind": (("projector_hidden_act",), "evil"),
    "a norm of minus one": (("text_config", "rms_norm_eps"), -1.0),
    "a norm of words": (("text_config", "rms_norm_eps"), "small"),
    "a rotation of no kind": (("text_config", "rope_parameters"), {"rope_type": "evil", "rope_theta": 1.0}),
    "a rotation base of 0": (("text_config", "rope_parameters"), {"rope_type": "default", "rope_theta": 0.0}),
    "an image token beyond all words": (("image_token_index",), 10**9),
    "an image token in words": (("image_token_index",), "<image>"),
    "positions for nothing": (("text_config", "max_position_embeddings"), 0),
    "heads that do not divide": (("text_config", "num_attention_heads"), 7),
    "key heads beyond its heads": (("text_config", "num_key_value_heads"), 12),
    "a text model of no kind": (("text_config", "model_type"), "evil"),
    "a tower of no kind": (("vision_config", "model_type"), "evil"),
    "a number type of no kind": (("dtype",), "float1"),
    "remote code": (("auto_map",), {"AutoModel": "evil.Model", "AutoConfig": "evil.Config"}),
    "a quantiser of no kind": (("quantization_config",), {"quant_method": "evil"}),
    "a quantiser of words": (("quantization_config",), "4 bits"),
    "pruned heads": (("text_config", "pruned_heads"), {"0": [0, 1, 2]}),
    "no bias in its projector": (("multimodal_projector_bias",), False),
    "a bias in its attention": (("text_config", "attention_bias"), True),
    "four channels": (("vision_config", "num_channels"), 4),
}


def _header(change: Callable[[dict[str, Any]], object], size: int | None = None) -> Callable[[Path], None]:
    """Weights of which the header was changed, or says that it is of another size."""

    def make(folder: Path) -> None:
        file = folder / "ckpt" / "model.safetensors"
        data = file.read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
        change(header)
        made = json.dumps(header).encode()
        file.unlink()
        file.write_bytes(struct.pack("<Q", len(made) if size is None else size) + made + data[8 + length :])

    return checkpoint(make)


def _first(**changed: Any) -> Callable[[dict[str, Any]], object]:
    """The first tensor, changed."""
    return lambda header: header[min(name for name in header if name != "__metadata__")].update(changed)


def _renamed(header: dict[str, Any]) -> None:
    name = min(name for name in header if name != "__metadata__")
    header["\x1b]0;pwned\x07\n::error::" + name] = header.pop(name)


WEIGHTS: dict[str, Callable[[Path], None]] = {
    "a header of 2**60 bytes": _header(lambda header: None, 1 << 60),
    "a header of no bytes": _header(lambda header: None, 0),
    "a tensor behind the end": _header(_first(data_offsets=[0, 1 << 40])),
    "a tensor from below 0": _header(_first(data_offsets=[-8, 8])),
    "a shape below 0": _header(_first(shape=[-1, 4])),
    "a shape without end": _header(_first(shape=[1 << 40, 1 << 40])),
    "a number type of no kind": _header(_first(dtype="F1")),
    "a tensor twice": _header(lambda header: header.update(twin=dict(next(iter(header.values()))))),
    "a name of escapes": _header(_renamed),
    "metadata that are numbers": _header(lambda header: header.update(__metadata__={"format": 1})),
}
WHOLE = checkpoint(lambda folder: None)
MISNAMED = "ck\x1b]0;pwned\x07\n::error::pt"
LORA = {
    "peft_type": "LORA",
    "r": 4,
    "lora_alpha": 8,
    "target_modules": ["q_proj"],
    "base_model_name_or_path": "x",
}


def _adapter(weights: str = "", content: bytes = b"", **changed: Any) -> Callable[[Path], None]:
    """An adapter's config, and a file of weights where one is named."""
    said = damage.written("lora/adapter_config.json", json.dumps({**LORA, **changed}).encode())
    return damage.both(said, *([damage.written(f"lora/{weights}", content)] if weights else []))


ADAPTERS: dict[str, Callable[[Path], None]] = {
    **{what: make for what, make in damage.all_of("lora/adapter_config.json").items() if what != "missing"},
    "without weights": _adapter(),
    "of another kind": _adapter(peft_type="EVIL"),
    "of a pickle": _adapter("adapter_model.bin", b"\x80\x04cos\nsystem\n(S'touch ../pwned'\ntR."),
    "of broken weights": _adapter("adapter_model.safetensors", b"\xff" * 64),
    "that is empty": damage.directory("lora"),
}


def _status(what: str) -> tuple[int, ...]:
    return (0, *STATUS) if what in HARMLESS else STATUS


def _misnamed(folder: Path) -> None:
    """A checkpoint whose folder bears escapes."""
    shutil.copytree(embedded_folder("llava-tiny"), folder / MISNAMED)


HARMLESS = (
    "another image token",
    "an end token below 0",
    "remote code",
    "pruned heads",
    "generation without end",
    "generation of a wrong type",
    "ids beyond all embeddings",
    "remote code for its processor",
)
"""Measured as plain `generate` answers, in which these change nothing or what they say: decoding is greedy
whatever generation_config.json asks, the tokenizers library gives ids itself, no code is run.
"""
ROWS = [
    *(
        Row(f"checkpoint with {what}", CHECK, _status(what), "", config(*path, value=value, file=file))
        for what, (file, path, value) in PROCESSORS.items()
    ),
    *(
        Row(f"checkpoint saying {what}", CHECK, _status(what), "", config(*path, value=value))
        for what, (path, value) in CONFIGS.items()
    ),
    *(Row(f"weights with {what}", CHECK, STATUS, "ckpt", make) for what, make in WEIGHTS.items()),
    *(
        Row(f"adapter {what}", (*CHECK, "--adapter=lora"), STATUS, "lora", damage.both(WHOLE, make))
        for what, make in ADAPTERS.items()
    ),
    Row("checkpoint of a folder with escapes", ("check", MISNAMED, *CHECK[2:]), (0, 4, 7), "", _misnamed),
]  # fmt: skip
