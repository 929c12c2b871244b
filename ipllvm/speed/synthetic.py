"""Models of a true shape with random weights, made where they run: no checkpoint, no download.

What a forward pass costs depends on the shape alone. Answers mean nothing, and how many drafts are
accepted belongs to the weights: only the long answers, whose drafts are made up, compare with a real one.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import (
    AutoModelForImageTextToText,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from ipllvm.errors import UnknownName
from ipllvm.models.families.llava import Llava
from ipllvm.models.pipeline import LoadedCheckpoint
from ipllvm.models.prompting import CHECKPOINT
from ipllvm.records import Benchmark

SPECIALS = ("<s>", "</s>", "<pad>", "<image>")
TEMPLATE = (
    "<s>{% for m in messages %}USER: {% for part in m['content'] %}{% if part['type'] == 'image' %}<image>\n"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %} ASSISTANT:{% endfor %}"
)
FRAME = len("USER: \n ASSISTANT:") + 1
"""Text tokens around a question: the template's bytes and the first token."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Widths of the decoder and of the tower, and how many text tokens a prompt has."""

    hidden: int
    feed_forward: int
    layers: int
    heads: int
    vocabulary: int
    image: int
    tower_hidden: int
    tower_feed_forward: int
    tower_layers: int
    tower_heads: int
    text: int = 64
    patch: int = 14

    def config(self) -> LlavaConfig:
        """The configuration of transformers' LLaVA."""
        vision = CLIPVisionConfig(
            hidden_size=self.tower_hidden, intermediate_size=self.tower_feed_forward,
            num_hidden_layers=self.tower_layers, num_attention_heads=self.tower_heads,
            image_size=self.image, patch_size=self.patch, projection_dim=self.tower_hidden,
        )  # fmt: skip
        text = LlamaConfig(
            vocab_size=self.vocabulary, hidden_size=self.hidden, intermediate_size=self.feed_forward,
            num_hidden_layers=self.layers, num_attention_heads=self.heads, max_position_embeddings=4096,
            bos_token_id=0, eos_token_id=1, pad_token_id=2,
        )  # fmt: skip
        return LlavaConfig(
            vision_config=vision, text_config=text, image_token_index=3, vision_feature_layer=-2,
            image_seq_length=(self.image // self.patch) ** 2,
        )  # fmt: skip


SHAPES = {
    "llava-1.5-7b": Shape(4096, 11008, 32, 32, 32064, 336, 1024, 4096, 24, 16),
    "llava-120m": Shape(768, 2048, 12, 12, 2048, 336, 512, 2048, 10, 8),
    "tiny": Shape(64, 176, 4, 4, 512, 112, 32, 64, 3, 2),
}


def make(name: str, device: torch.device, dtype: torch.dtype) -> Llava:
    """The model of that shape, its weights drawn on the device; raises UnknownName."""
    if name not in SHAPES:
        raise UnknownName("synthetic model", name, SHAPES)
    shape = SHAPES[name]
    auto: Any = AutoModelForImageTextToText
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        with torch.device(device):
            model = auto.from_config(shape.config(), dtype=dtype, attn_implementation="sdpa")
    parts = LoadedCheckpoint(
        model.eval().requires_grad_(False), _processor(shape), f"synthetic {name}", "random", CHECKPOINT
    )
    return Llava(parts)


def asked(benchmark: Benchmark, name: str) -> Benchmark:
    """The benchmark with its questions repeated or cut, so that a prompt has as many text tokens as told."""
    length = SHAPES[name].text - FRAME

    def fitted(question: str) -> str:
        letters = question.encode("ascii", "replace").decode()
        return (f"{letters} " * (length // len(letters) + 1))[:length]

    return replace(benchmark, samples=tuple(replace(s, prompt=fitted(s.prompt)) for s in benchmark.samples))


def _processor(shape: Shape) -> Any:
    """A token a byte, and CLIP's own preprocessing."""
    square = {"height": shape.image, "width": shape.image}
    images: Any = CLIPImageProcessorPil
    pictures = images(size={"shortest_edge": shape.image}, crop_size=square)
    make: Any = LlavaProcessor
    return make(
        pictures, _tokenizer(), patch_size=shape.patch, vision_feature_select_strategy="default",
        chat_template=TEMPLATE, image_token=SPECIALS[3], num_additional_image_tokens=1,
    )  # fmt: skip


def _tokenizer() -> PreTrainedTokenizerFast:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE({token: i for i, token in enumerate([*SPECIALS, *alphabet])}, []))
    core.add_special_tokens(list(SPECIALS))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    wrap: Any = PreTrainedTokenizerFast
    return wrap(  # type: ignore[no-any-return]
        tokenizer_object=core, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        extra_special_tokens={"image_token": "<image>"}, padding_side="left",
    )  # fmt: skip
