"""What tiny random checkpoints are made of: a tokenizer, shapes of towers and decoders, weights, a folder."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import CONFIG_MAPPING, AutoModelForImageTextToText, PreTrainedTokenizerFast

VOCABULARY = 512
CORPUS = ["USER: how many red circles are in the picture? ASSISTANT:", "what colour is the largest bar"]
SPECIALS = ["<s>", "</s>", "<pad>"]
TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'user' %}USER: {% endif %}{% for part in m['content'] %}"
    "{% if part['type'] == 'image' %}MARK{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %} ASSISTANT:{% endif %}"
)
Ids = Callable[[str], int]
"""The id of a token."""
Settings = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A family with a tower, a projector and a decoder of some kind, as small as they come.

    `tokenizers` are folders of further ones.

    `mark` is what the chat template puts where a picture stands; `tokens` are special tokens by the name
    that the processor asks the tokenizer for, `more` are others. `images` is the class of the image
    processor (without Pil) and its settings, `processor` the class of the whole with its settings.
    """

    family: str
    config: Callable[[Ids], Settings]
    processor: tuple[str, Settings]
    images: tuple[str, Settings]
    mark: str
    tokens: Mapping[str, str] = field(default_factory=dict)
    more: tuple[str, ...] = ()
    torchvision: bool = False
    tokenizers: tuple[str, ...] = ()
    weights: int = 0


def decoder(model_type: str, **more: Any) -> Settings:
    """The settings of a tiny decoder."""
    shape = {
        "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 4, "num_attention_heads": 4,
        "num_key_value_heads": 2, "vocab_size": VOCABULARY, "max_position_embeddings": 4096,
        "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2, "tie_word_embeddings": False,
    }  # fmt: skip
    return {"model_type": model_type, **shape, **more}


SMALL: Settings = {
    "hidden_size": 48, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4,
    "image_size": 56, "patch_size": 14,
}  # fmt: skip
CLIP: Settings = {"model_type": "clip_vision_model", "projection_dim": 32, **SMALL}
SIGLIP: Settings = {"model_type": "siglip_vision_model", "vision_use_head": False, **SMALL}
PIXTRAL: Settings = {
    **SMALL, "model_type": "pixtral", "num_hidden_layers": 2, "image_size": 128, "head_dim": 12,
}  # fmt: skip
CROP: Settings = {"size": {"shortest_edge": 56}, "crop_size": {"height": 56, "width": 56}}
SQUARE: Settings = {"size": {"height": 56, "width": 56}}


def write(kind: Kind, folder: Path) -> Path:
    """Write a complete checkpoint in the hub's format."""
    words = tokenizer(kind)
    settings = kind.config(words.convert_tokens_to_ids)  # type: ignore[arg-type]
    config: Any = CONFIG_MAPPING[kind.family](**settings)
    model = weighted(config, kind.weights)
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    for name in kind.tokenizers:
        words.padding_side = "right"  # as that of a BERT
        words.save_pretrained(folder / name)
    (folder / "chat_template.jinja").write_text(TEMPLATE.replace("MARK", kind.mark), encoding="utf-8")
    name, shape = kind.images
    images = {**pil(name)(**shape).to_dict(), "image_processor_type": name}
    _write(folder / "preprocessor_config.json", images)
    name, more = kind.processor
    _write(folder / "processor_config.json", {"processor_class": name, **more})
    return folder


def pil(name: str) -> Any:
    """The image processor of that name that needs no torchvision, where there is one."""
    return getattr(transformers, f"{name}Pil", None) or getattr(transformers, name)


def weighted(config: Any, seed: int = 0) -> Any:
    """The model of a configuration, its weights so large that answers depend on all that goes in."""
    for part in (config, config.get_text_config()):
        part.tie_word_embeddings = False
        part.dtype = "float32"
    auto: Any = AutoModelForImageTextToText
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = auto.from_config(config).float().eval().requires_grad_(False)
        for name, weight in model.named_parameters():
            last = name.rpartition(".")[2]
            if weight.ndim >= 2:
                words = "embed" in name.lower() and weight.ndim == 2
                spread = (
                    1.0
                    if words
                    else 1.2 / (weight.shape[1] if weight.ndim == 2 else weight[0].numel()) ** 0.5
                )
                weight.normal_(std=spread)
            elif any(p in name for p in ("newline", "position", "query", "_attn_gate", "_mlp_gate")) or (
                "token" in last
            ):
                weight.normal_()
            weight.nan_to_num_(0.0).clamp_(-5, 5)
    model.generation_config.eos_token_id = 1
    model.generation_config.pad_token_id = 2
    model.generation_config.do_sample = False
    return model


def tokenizer(kind: Kind) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer with the special tokens of a kind."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(CORPUS * 10, trainer)
    core.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    wrap: Any = PreTrainedTokenizerFast
    words = wrap(
        tokenizer_object=core, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        extra_special_tokens=dict(kind.tokens), padding_side="left",
    )  # fmt: skip
    words.add_tokens(list(kind.more), special_tokens=True)
    return words  # type: ignore[no-any-return]


def _write(path: Path, value: Settings) -> None:
    path.write_text(json.dumps(value, indent=2, default=str), encoding="utf-8")
