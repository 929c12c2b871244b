"""A question about pictures, as a checkpoint's processor puts it to the model."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from ipllvm.errors import FAULTS, first_line
from ipllvm.models.base import TYPES, Prepared
from ipllvm.models.prompting import PromptStyle, pad_to_square, render

DROPPED = ("input_ids", "attention_mask", "labels")
"""Fields of a processor that nothing of the model but its decoder takes."""
_KEPT = 256
"""Questions whose text is kept: a question is asked of several pictures, whose templates are alike."""


class Preparer:
    """Prepares samples with a processor.

    `placeholder` is the id that stands where a visual token goes, `mark` what stands for a picture in the
    chat template's text, `several` whether a prompt may hold more than one, `nested` whether the processor
    is to be told which pictures are of one prompt.
    """

    def __init__(
        self,
        processor: Any,
        style: PromptStyle,
        name: str,
        placeholder: int,
        mark: str,
        several: bool,
        nested: bool = False,
    ) -> None:
        self._processor, self._style, self._name = processor, style, name
        self._placeholder, self._mark, self._several = placeholder, mark, several
        self._nested = nested
        self._words_alike: bool | None = None  # whether the processor does to words what its tokenizer does
        self._text = lru_cache(maxsize=_KEPT)(self._filled)

    def prepare(self, images: Sequence[Image.Image], prompt: str) -> Prepared:
        """Pictures and prompt in the chat template, processed as shipped; raises ValueError."""
        if len(images) > 1 and not self._several:
            raise ValueError(f"{self._name} takes one image a sample, got {len(images)}")
        pictures = [self._shown(image.convert("RGB")) for image in images]
        text = self._text(prompt, len(pictures))
        placeholder = self._processor.tokenizer.convert_ids_to_tokens(self._placeholder)
        if placeholder in prompt:
            raise ValueError(
                f"the prompt holds {placeholder!r}, which stands for a part of a picture: {prompt[:80]!r}"
            )
        images_of = [pictures] if pictures and self._nested else pictures
        made = self._processed(images_of, text, [picture.size for picture in images])
        ids = made["input_ids"][0]
        if not pictures:
            return Prepared(ids, torch.zeros(len(ids), dtype=torch.bool), self._types(made))
        fields = {n: v for n, v in made.items() if n not in DROPPED and isinstance(v, Tensor)}
        sizes = tuple((picture.height, picture.width) for picture in images)
        prepared = Prepared(ids, ids == self._placeholder, fields, sizes)
        if self._words_alike is None:
            self._words_alike = self._repeats(prepared, prompt)
        return prepared

    def _processed(self, pictures: Sequence[Any], text: str, sizes: Sequence[tuple[int, int]]) -> Any:
        """What the processor makes of pictures of these sizes, and a text; raises ValueError where it fails,
        as some do on a picture of one pixel.
        """
        specials = self._specials(text)
        try:
            return self._processor(images=pictures or None, text=text, return_tensors="pt", **specials)
        except (ValueError, OSError, MemoryError):
            raise
        except FAULTS as error:
            given = ", ".join(f"{width} x {height}" for width, height in sizes) or "no picture"
            raise ValueError(
                f"the processor of {self._name} fails on {given}: {type(error).__name__}: {first_line(error)}"
            ) from error

    def together(self, questions: Sequence[tuple[Sequence[Image.Image], str]]) -> dict[str, Tensor]:
        """The fields of several questions about pictures, padded on the left, as `generate` takes them."""
        pictures = [[self._shown(image.convert("RGB")) for image in images] for images, _ in questions]
        text = [self._filled(prompt, len(images)) for images, prompt in questions]
        self._processor.tokenizer.padding_side = "left"
        process = partial(
            self._processor, text=text, padding=True, return_tensors="pt", **self._specials(text[0])
        )
        try:
            fields = process(images=pictures if any(pictures) else None)
        except ValueError:  # GOT-OCR takes no pictures in lists of lists
            fields = process(images=[picture for own in pictures for picture in own])
        return {n: v for n, v in fields.items() if n != "labels" and isinstance(v, Tensor)}

    def with_prompt(self, prepared: Prepared, prompt: str) -> Prepared | None:
        """The same picture behind another prompt; None where only the processor can tell."""
        if not self._words_alike or not _one_run(prepared.visual):
            return None
        ids = self._worded(prompt, int(prepared.visual.sum()))
        visual = ids == self._placeholder
        types = {name: visual[None].to(prepared.fields[name]) for name in TYPES if name in prepared.fields}
        return replace(prepared, input_ids=ids, visual=visual, fields={**prepared.fields, **types})

    def _filled(self, prompt: str, pictures: int) -> str:
        """The chat template around a question about so many pictures."""
        return render(self._processor, prompt, self._style, self._mark, pictures)

    def _shown(self, picture: Image.Image) -> Image.Image:
        if not self._style.square:
            return picture
        return pad_to_square(picture, self._processor.image_processor.image_mean)

    def _repeats(self, prepared: Prepared, prompt: str) -> bool:
        """Whether the mark of a picture, repeated, is all that the processor puts for it."""
        if not self._mark or not _one_run(prepared.visual):
            return False
        types = (prepared.fields[name][0].bool() for name in TYPES if name in prepared.fields)
        alike = all(torch.equal(each, prepared.visual) for each in types)
        return alike and torch.equal(prepared.input_ids, self._worded(prompt, int(prepared.visual.sum())))

    def _worded(self, prompt: str, places: int) -> Tensor:
        """The ids of a prompt about one picture that takes so many placeholders, without the processor."""
        text = self._text(prompt, 1).replace(self._mark, self._mark * places)
        ids: Tensor = self._processor.tokenizer(text, return_tensors="pt", **self._specials(text))[
            "input_ids"
        ]
        return ids[0]

    def _specials(self, text: str) -> dict[str, bool]:
        """None are added where the template has put them in."""
        bos = self._processor.tokenizer.bos_token
        return {"add_special_tokens": False} if bos and text.startswith(bos) else {}

    def _types(self, made: Any) -> dict[str, Tensor]:
        return {name: made[name] for name in TYPES if name in made}


def _one_run(visual: Tensor) -> bool:
    """Whether all visual tokens stand in one block."""
    places = visual.nonzero()[:, 0]
    return bool(len(places)) and int(places[-1] - places[0]) + 1 == len(places)
