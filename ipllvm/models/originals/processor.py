"""Questions and pictures as LLaVA's authors put them to their checkpoints.

Pictures go through transformers' image processors, which do what the authors' code does once pinpoints are
swapped (they read height first) and padding is asked for.
"""

from collections.abc import Sequence
from typing import Any

import torch
import transformers
from transformers import BatchFeature

from ipllvm.models.originals.packing import Packing
from ipllvm.models.originals.settings import OriginalSettings
from ipllvm.models.originals.templates import PICTURE, Template
from ipllvm.models.originals.tokenizer import ChunkedTokenizer
from ipllvm.models.originals.tower import Tower

KINDS = {
    "llava": "LlavaImageProcessor", "llava_next": "LlavaNextImageProcessor",
    "llava_onevision": "LlavaOnevisionImageProcessor",
}  # fmt: skip


class OriginalProcessor:
    """A processor with the interface of transformers' own.

    `places` is how many visual tokens a picture has where that is always the same; otherwise `packing` tells.
    """

    image_token = PICTURE

    def __init__(
        self,
        tokenizer: ChunkedTokenizer,
        image_processor: Any,
        template: Template,
        marks: bool,
        places: int,
        packing: Packing | None,
    ) -> None:
        self.tokenizer, self.image_processor, self.template = tokenizer, image_processor, template
        self.packing = packing
        self._marks, self._places = marks, places

    def __call__(self, images: Sequence[Any] | None = None, text: str = "", **_: Any) -> BatchFeature:
        """What the model takes of pictures and a prompt with `<image>` for each."""
        fields: dict[str, Any] = {}
        if images:
            fields |= self.image_processor(list(images), return_tensors="pt")
        parts, counts = text.split(PICTURE), self._counted(fields)
        marked = "".join(part + PICTURE * n for part, n in zip(parts, [*counts, 0], strict=True))
        return BatchFeature({**self.tokenizer(marked), **fields})

    def apply_chat_template(
        self, turns: Sequence[Any], *, add_generation_prompt: bool = True, tokenize: bool = False, **_: Any
    ) -> Any:
        """The prompt of one turn, or what the model takes of it where that is asked for."""
        content = turns[-1]["content"]
        pictures = [part for part in content if part["type"] == "image"]
        question = "".join(part["text"] for part in content if part["type"] == "text")
        text = self.template.render(question, len(pictures), self._marks)
        return self([part["image"] for part in pictures], text) if tokenize else text

    def _counted(self, fields: dict[str, Any]) -> list[int]:
        """How many visual tokens each picture has."""
        if "pixel_values" not in fields:
            return []
        if self.packing is None:
            return [self._places] * len(fields["pixel_values"])
        sizes = torch.as_tensor(fields["image_sizes"]).tolist()
        return [len(self.packing.layout((height, width))) for height, width in sizes]


def image_processor(settings: OriginalSettings, tower: Tower) -> Any:
    """Transformers' image processor on PIL that does what the authors' code does."""
    side = {"height": tower.tile, "width": tower.tile}
    given: dict[str, Any] = {
        "size": side if tower.squeezes else {"shortest_edge": tower.tile},
        "crop_size": side,
        "do_center_crop": not tower.squeezes,
        "image_mean": tower.mean,
        "image_std": tower.std,
        "resample": tower.resample,
        "do_pad": settings.aspect != "square",
    }
    if settings.family == "llava_onevision":  # it knows no other size
        given |= {"size": side, "do_center_crop": False}
    if settings.aspect == "anyres":
        given["image_grid_pinpoints"] = swapped(settings, tower.tile)
    classes: Any = transformers
    name = KINDS[settings.family]
    kind = getattr(classes, f"{name}Pil", None) or getattr(classes, name)  # as releases before 5.3 call it
    return kind(**given)


def swapped(settings: OriginalSettings, tile: int) -> list[list[int]]:
    """The resolutions that a picture is fitted into as transformers takes them, (height, width)."""
    return [[height, width] for width, height in settings.pinpoints(tile)]
