"""The chained stages say exactly what plain `generate` says, for each family, shape and batch."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoModelForImageTextToText

from ipllvm.models import loading, processors
from ipllvm.models.base import Prepared, VisionLanguageModel
from ipllvm.tests.checkpoints import FAMILIES, make
from ipllvm.tests.decoded import greedy

SHAPES = {
    "square": (64, 64), "exact": (56, 56), "wide": (150, 40), "very-wide": (300, 21), "tall": (33, 120),
    "portrait": (90, 130), "tiny": (5, 9), "sliver": (4, 60), "landscape": (131, 97),
}  # fmt: skip
PROMPTS = (
    "what?",
    "how many red circles are in the picture? answer with a number",
    "yes or no: the largest bar is blue, and the number above it is 32, isn't it?",
    "?",
    "Zwölf Boxkämpfer\nA. one\nB. two",
)
NEW_TOKENS = 12
GREEDY = {"do_sample": False, "num_beams": 1, "repetition_penalty": 1.0, "no_repeat_ngram_size": 0}


@cache
def loaded(family: str) -> tuple[VisionLanguageModel, Any, Any]:
    """The adapter, and transformers' own model and processor loaded apart from it."""
    auto: Any = AutoModelForImageTextToText
    with TemporaryDirectory() as place:
        folder = make(family, Path(place))
        reference = auto.from_pretrained(folder, dtype=torch.float32).eval()
        return loading.load(str(folder), device="cpu"), reference, processors.load(folder, family)


def model(family: str) -> VisionLanguageModel:
    return loaded(family)[0]


def picture(shape: str) -> Image.Image:
    width, height = SHAPES[shape]
    noise = np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(noise)


@torch.inference_mode()
def generated(family: str, shape: str, prompt: str) -> tuple[tuple[int, ...], torch.Tensor]:
    """Token ids of plain greedy `generate`, and the logits after the prompt."""
    _, reference, processor = loaded(family)
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": prompt}]}]
    text = processor.apply_chat_template(messages, add_generation_prompt=True)
    inputs = processor(images=[picture(shape)], text=text, return_tensors="pt")
    out = reference.generate(**inputs, max_new_tokens=NEW_TOKENS, **GREEDY)
    logits = reference(**inputs).logits[0, -1]
    return tuple(out[0, inputs["input_ids"].shape[1] :].tolist()), logits


@torch.inference_mode()
def embedded(adapter: VisionLanguageModel, batch: list[Prepared]) -> list[torch.Tensor]:
    projected = adapter.projected(batch)
    return [
        adapter.embed(item, adapter.pack(tiles, item)) for item, tiles in zip(batch, projected, strict=True)
    ]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("family", FAMILIES)
def test_one_sample(family: str, shape: str) -> None:
    adapter = model(family)
    for prompt in PROMPTS[:3]:
        item = adapter.prepare([picture(shape)], prompt)
        embeds = embedded(adapter, [item])
        tokens, logits = generated(family, shape, prompt)
        assert greedy(adapter, embeds, NEW_TOKENS, None) == [tokens]
        with torch.inference_mode():
            hidden, _ = adapter.decoder(embeds[0][None], use_cache=False)
            error = (adapter.logits(hidden[0, -1]) - logits).abs().max().item()
        assert error < 1e-4


@pytest.mark.parametrize("first", range(0, len(SHAPES), 3))
@pytest.mark.parametrize("family", FAMILIES)
def test_batch_of_five(family: str, first: int) -> None:
    shapes = [list(SHAPES)[(first + i) % len(SHAPES)] for i in range(5)]
    adapter = model(family)
    batch = [adapter.prepare([picture(s)], p) for s, p in zip(shapes, PROMPTS, strict=True)]
    expected = [generated(family, s, p)[0] for s, p in zip(shapes, PROMPTS, strict=True)]
    assert greedy(adapter, embedded(adapter, batch), NEW_TOKENS, None) == expected


@pytest.mark.parametrize("family", FAMILIES)
def test_answers_depend_on_picture_and_prompt(family: str) -> None:
    """Else the parity above would say nothing."""
    answers = {generated(family, shape, prompt)[0] for shape in list(SHAPES)[:4] for prompt in PROMPTS[:3]}
    assert len(answers) >= 8
    assert len({token for answer in answers for token in answer}) >= 10
