"""Held-out figures of the parts: the dual encoder alone, the language model alone."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import (
    AutoImageProcessor,
    AutoModelForImageClassification,
    CLIPModel,
    CLIPProcessor,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from ipllvm.artifacts.saliency import AttentionSaliency
from ipllvm.benchmarks import charts, objects, scenes
from ipllvm.sampling import generator
from ipllvm.zoo import corpus

COUNT = 1000
TEMPLATES = ("a {}.", "1 objects: a {}.")


@dataclass(frozen=True, slots=True)
class PartFigure:
    """One figure: what was measured, on how many, its value in `unit`, and what chance gets."""

    task: str
    n: int
    value: float
    unit: str
    chance: float | str


def clip(folder: Path) -> tuple[list[PartFigure], int]:
    """Zero-shot classes of `objects`, and captions found among 100 for scenes and charts."""
    load: Any = CLIPModel.from_pretrained
    model = load(folder, dtype=torch.float32).eval()
    processor = CLIPProcessor.from_pretrained(folder)
    found = [_classes(model, processor)]
    found += [_retrieval(model, processor, module) for module in (scenes, charts)]
    found.append(_salient(folder))
    return found, sum(p.numel() for p in model.parameters())


@torch.inference_mode()
def _texts(model: Any, processor: Any, texts: Sequence[str]) -> Tensor:
    fields = processor(text=list(texts), return_tensors="pt", padding=True, truncation=True)
    return _unit(model.get_text_features(**fields).pooler_output)


@torch.inference_mode()
def _images(model: Any, processor: Any, images: Sequence[Any]) -> Tensor:
    chunks = [images[i : i + 100] for i in range(0, len(images), 100)]
    fields = [processor(images=list(chunk), return_tensors="pt") for chunk in chunks]
    return _unit(torch.cat([model.get_image_features(**field).pooler_output for field in fields]))


def _unit(vectors: Tensor) -> Tensor:
    return torch.nn.functional.normalize(vectors, dim=-1)


def _classes(model: Any, processor: Any) -> PartFigure:
    drawn = [objects.draw(0, "test", index)[0] for index in range(COUNT)]
    prompts = [_texts(model, processor, [t.format(name) for name in objects.CLASSES]) for t in TEMPLATES]
    heads = _unit(torch.stack(prompts).mean(0))
    best = (_images(model, processor, [scene.load() for scene in drawn]) @ heads.T).argmax(1).tolist()
    right = [objects.CLASSES[b] == scene.items[0].name for b, scene in zip(best, drawn, strict=True)]
    chance = round(100 / len(objects.CLASSES), 1)
    return PartFigure("zero-shot class of one object (48)", COUNT, _percent(right), "%", chance)


def _retrieval(model: Any, processor: Any, module: Any) -> PartFigure:
    drawn = [module.draw(0, "test", index)[0] for index in range(COUNT)]
    images = _images(model, processor, [picture.load() for picture in drawn])
    texts = _texts(model, processor, [picture.caption() for picture in drawn])
    right = []
    for start in range(0, COUNT, 100):
        block = slice(start, start + 100)
        right += (images[block] @ texts[block].T).argmax(1).eq(torch.arange(100)).tolist()
    name = str(module.__name__).rpartition(".")[2]
    return PartFigure(f"caption of a {name} picture among 100", COUNT, _percent(right), "%", 1.0)


def _percent(right: Sequence[bool]) -> float:
    return round(100 * sum(right) / len(right), 1)


def _salient(folder: Path, wanted: int = 4) -> PartFigure:
    """The share of the most salient patches that touch the drawn object, against that of all patches."""
    provider = AttentionSaliency(folder, folder.name)
    hits, share = [], []
    for index in range(COUNT):
        drawn, _ = objects.draw(0, "test", index)
        image = drawn.load()
        map_ = provider.of(image)
        touched = _touched(image, drawn.ground, map_.shape[0])
        best = np.argsort(-map_.ravel())[:wanted]
        hits += touched.ravel()[best].tolist()
        share.append(float(touched.mean()))
    chance = round(100 * float(np.mean(share)), 1)
    return PartFigure(f"salient patches ({wanted}) on the object", COUNT, _percent(hits), "%", chance)


def _touched(image: Image.Image, ground: tuple[int, int, int], side: int) -> np.ndarray:
    """Which cells of a side x side grid hold a pixel that is not background."""
    drawn = (np.asarray(image) != np.asarray(ground)).any(-1)
    cell = drawn.shape[0] // side
    cells: np.ndarray = drawn[: side * cell, : side * cell].reshape(side, cell, side, cell).any((1, 3))
    return cells


@torch.inference_mode()
def classifier(folder: Path) -> tuple[list[PartFigure], int]:
    """Classes of `objects` named right."""
    auto: Any = AutoModelForImageClassification
    model = auto.from_pretrained(folder, dtype=torch.float32).eval()
    images: Any = AutoImageProcessor
    processor = images.from_pretrained(folder)
    drawn = [objects.draw(0, "test", index)[0] for index in range(COUNT)]
    right = []
    for start in range(0, COUNT, 100):
        chunk = drawn[start : start + 100]
        fields = processor(images=[scene.load() for scene in chunk], return_tensors="pt")
        best = model(**fields).logits.argmax(1).tolist()
        right += [model.config.id2label[b] == s.items[0].name for b, s in zip(best, chunk, strict=True)]
    chance = round(100 / len(objects.CLASSES), 1)
    figure = PartFigure("class of one object (48)", COUNT, _percent(right), "%", chance)
    return [figure], sum(p.numel() for p in model.parameters())


def language(folder: Path) -> tuple[list[PartFigure], int]:
    """Bits per byte of held-out documents, and two-shot word problems answered right."""
    load: Any = LlamaForCausalLM.from_pretrained
    model = load(folder, dtype=torch.float32).eval()
    words: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(folder)
    return [_bits(model, words), _problems(model, words)], sum(p.numel() for p in model.parameters())


@torch.inference_mode()
def _bits(model: Any, words: Any) -> PartFigure:
    texts = [corpus.text(1, index) for index in range(COUNT // 2)]
    nats = 0.0
    for text in texts:
        ids = torch.tensor([words.encode(text)])
        nats += float(model(input_ids=ids, labels=ids).loss) * (ids.shape[1] - 1)
    size = sum(len(text.encode()) for text in texts)
    return PartFigure("documents", len(texts), round(nats / math.log(2) / size, 3), "bits per byte", "-")


@torch.inference_mode()
def _problems(model: Any, words: Any) -> PartFigure:
    asked = [corpus.two_shot(generator("held out problems", index)) for index in range(COUNT // 5)]
    gold = [answer.rpartition(" ")[2] for _, answer in asked]
    said = []
    for prompt, _ in asked:
        ids = torch.tensor([words.encode(prompt)])
        out = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=20, do_sample=False)
        said.append(words.decode(out[0, ids.shape[1] :], skip_special_tokens=True).rpartition(" ")[2])
    most = 100 * Counter(gold).most_common(1)[0][1] / len(gold)
    right = float(np.mean([a == b for a, b in zip(said, gold, strict=True)]))
    return PartFigure("two-shot word problems", len(gold), round(100 * right, 1), "%", round(most, 1))
