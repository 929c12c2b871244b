"""What the authors' own code made of tiny checkpoints with random weights (data/): tokens, pictures, logits.

Weights are float16, results float32, by transformers 4.37.2 and torch 2.13 on a CPU. Pixels are kept as their
sums, by tile and channel, visual tokens as the sums of their numbers.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from ipllvm.models.load_options import LoadOptions
from ipllvm.models.loading import load
from ipllvm.models.transformers_model import TransformersModel

DATA = Path(__file__).with_name("data")
TOWERS = {"llava-onevision-qwen2-tiny-ov": {"vision_tower": str(DATA / "siglip-tiny-56")}}
"""What is given beside a checkpoint whose tower has a made-up name."""
NAMES = ("llava-v1.5-tiny", "llava-v1.6-tiny", "llava-next-qwen-tiny", "llava-onevision-qwen2-tiny-ov")


@dataclass(frozen=True)
class Case:
    """A picture and a whole prompt, and what the authors' code made of them."""

    picture: Image.Image
    prompt: str
    tokens: int
    greedy: list[int]
    made: Mapping[str, Tensor]

    def question(self, model: Any) -> str:
        """The question of the prompt, which must be what the model's template makes of it."""
        template = model._processor.template
        question = self.prompt.split("<image>\n")[1].removesuffix(template.behind)
        assert template.render(question, 1, False) == self.prompt
        return question


def whole(name: str, folder: Path) -> Path:
    """A checkpoint as its authors publish it, beside a folder of its tower."""
    shutil.copytree(DATA / "clip-tiny-56", folder / "clip-tiny-56", dirs_exist_ok=True)
    made = shutil.copytree(DATA / name, folder / name)
    if name == "llava-next-qwen-tiny":
        for file in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copyfile(DATA / NAMES[3] / file, made / file)
    return made


def model(name: str, folder: Path, **given: Any) -> TransformersModel:
    """The model of a checkpoint on the CPU."""
    how = LoadOptions(**{**TOWERS.get(name, {}), **given})
    found = load(str(whole(name, folder)), device="cpu", how=how)
    assert isinstance(found, TransformersModel)
    return found


def cases(name: str) -> Iterator[Case]:
    """The cases of a checkpoint."""
    made = load_file(DATA / f"{name}.vectors.safetensors")
    for number, case in enumerate(json.loads((DATA / f"{name}.json").read_text("utf-8"))["cases"]):
        width, height = case["size_wh"]
        prefix = f"{number}."
        own = {key.removeprefix(prefix): value for key, value in made.items() if key.startswith(prefix)}
        with Image.open(DATA / "pictures" / f"{name}.{number}.{width}x{height}.png") as picture:
            picture.load()
        # a beginning of text comes first: generate of that release puts it there
        yield Case(picture, case["prompt"], case["n_visual"], case["greedy"][1:], own)


@torch.inference_mode()
def logits(found: TransformersModel, picture: Image.Image, question: str) -> Tensor:
    """The logits at every position of a prompt about a picture."""
    prepared = found.prepare([picture], question)
    embeds = found.embed(prepared, found.pack(found.projected([prepared])[0], prepared))
    return found.logits(found.decoder(embeds[None])[0][0])
