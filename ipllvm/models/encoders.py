"""Image encoders as models of their own: two towers, or that for pictures alone."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from ipllvm.errors import NotTested
from ipllvm.models import processors

BATCH = 32


class Encoder:
    """A CLIP checkpoint: pictures and words in one space, and the states of its vision tower.

    `identity` names the checkpoint and the digest of its content; `tokens` are those before the patches,
    the class token first.
    """

    tokens = 1

    def __init__(self, model: Any, processor: Any, identity: str) -> None:
        self.model = model
        self._processor = processor
        self.identity = identity

    @torch.inference_mode()
    def pictures(self, images: Iterable[Image.Image]) -> Float[Tensor, "images width"]:
        """Pictures in the joint space, of length 1, in float32 on the CPU."""
        return torch.cat([_unit(self._features(fields)) for fields in self._batches(images)])

    def embedded(self, pixels: Float[Tensor, "images 3 rows columns"]) -> Float[Tensor, "images width"]:
        """Pictures that were processed, in the joint space."""
        return _unit(self._features({"pixel_values": pixels}))

    def _features(self, fields: dict[str, Tensor]) -> Float[Tensor, "images width"]:
        """What stands for each picture."""
        features: Tensor = self.model.get_image_features(**fields).pooler_output
        return features

    @torch.inference_mode()
    def texts(self, texts: Sequence[str]) -> Float[Tensor, "texts width"]:
        """Texts in the joint space, of length 1; what exceeds the checkpoint's context is cut off."""
        found = []
        for chunk in _chunks(texts):
            fields = self._words(chunk)
            placed = {name: value.to(self.model.device) for name, value in fields.items()}
            found.append(_unit(self.model.get_text_features(**placed).pooler_output))
        return torch.cat(found)

    def _words(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """What the tower for words is given."""
        fields = self._processor.tokenizer(list(texts), return_tensors="pt", padding=True, truncation=True)
        return {name: fields[name] for name in ("input_ids", "attention_mask")}

    def classes(self, labels: Sequence[str], templates: Sequence[str]) -> Float[Tensor, "labels width"]:
        """Class names in the joint space: the mean over templates, of length 1 again."""
        each = [self.texts([template.format(label) for label in labels]) for template in templates]
        return _unit(torch.stack(each).mean(0))

    def scores(
        self, images: Iterable[Image.Image], labels: Sequence[str], templates: Sequence[str]
    ) -> Float[np.ndarray, "images labels"]:
        """Zero-shot class scores: the cosine of each picture with each class."""
        return (self.pictures(images) @ self.classes(labels, templates).T).numpy()

    @torch.inference_mode()
    def states(
        self, images: Iterable[Image.Image]
    ) -> tuple[Float[np.ndarray, "images layers width"], Float[np.ndarray, "images layers width"]]:
        """After every block of the vision tower: the class token, and the mean over the patches.

        The blocks' input is left out: there the class token is the same for every picture. A tower without
        such a token has the mean in its place.
        """
        cls, patches = [], []  # of batches of b pictures; a block is [b, tokens, w]
        for fields in self._batches(images):
            blocks = self._blocks(fields)
            means = torch.stack([self._mean(block, fields) for block in blocks], 1).cpu()  # [b, layers, w]
            first = torch.stack([block[:, 0] for block in blocks], 1).float().cpu()  # [b, layers, w]
            cls.append(first if self.tokens else means)
            patches.append(means)
        return torch.cat(cls).numpy(), torch.cat(patches).numpy()

    def _mean(self, block: Tensor, fields: dict[str, Tensor]) -> Float[Tensor, "images width"]:
        """The mean over the patches of each picture."""
        return block[:, self.tokens :].float().mean(1)

    def _blocks(self, fields: dict[str, Tensor]) -> list[Tensor]:
        """What each block gives on: not every release hands out a tower's hidden states."""
        kept: list[Tensor] = []

        def keep(module: Any, args: Any, output: Any) -> None:
            kept.append(output[0] if isinstance(output, tuple) else output)

        tower = getattr(self.model, "vision_model", self.model)
        lists = (module for module in tower.modules() if isinstance(module, torch.nn.ModuleList))
        with ExitStack() as hooks:
            for block in max(lists, key=len):
                hooks.enter_context(block.register_forward_hook(keep))
            self._features(fields)
        return kept

    @property
    def image_backend(self) -> str:
        """What processes pictures."""
        return processors.backend(self._processor)

    @property
    def _images(self) -> Any:
        """What processes pictures, of a processor for both or for them alone."""
        return getattr(self._processor, "image_processor", self._processor)

    def pixels(self, images: Sequence[Image.Image]) -> Float[Tensor, "images 3 height width"]:
        """Pictures processed as shipped, on the CPU."""
        pictures = [image.convert("RGB") for image in images]
        pixels: Tensor = self._images(images=pictures, return_tensors="pt")["pixel_values"]
        return pixels

    def _fields(self, images: Sequence[Image.Image]) -> dict[str, Tensor]:
        """What the tower is given for pictures."""
        return {"pixel_values": self.pixels(images)}

    def _batches(self, images: Iterable[Image.Image]) -> Iterator[dict[str, Tensor]]:
        """Batches of pictures as the tower takes them."""
        for chunk in _chunks(images):
            fields = {name: value.to(self.model.device) for name, value in self._fields(chunk).items()}
            yield {**fields, "pixel_values": fields["pixel_values"].to(self.model.dtype)}


class Siglip(Encoder):
    """SigLIP, and SigLIP 2 of one size: no class token, and words padded as it was trained."""

    tokens = 0

    def _words(self, texts: Sequence[str]) -> dict[str, Tensor]:
        length = self.model.config.text_config.max_position_embeddings
        words = self._processor.tokenizer
        fields = words(
            list(texts), return_tensors="pt", padding="max_length", max_length=length, truncation=True
        )
        return {"input_ids": fields["input_ids"]}  # it sees its padding


class Siglip2(Siglip):
    """SigLIP 2 of any size (NaFlex): as many patches as fit, in the picture's own aspect, then padding."""

    def _fields(self, images: Sequence[Image.Image]) -> dict[str, Tensor]:
        found = self._images(images=[image.convert("RGB") for image in images], return_tensors="pt")
        return {name: found[name] for name in ("pixel_values", "pixel_attention_mask", "spatial_shapes")}

    def _mean(self, block: Tensor, fields: dict[str, Tensor]) -> Float[Tensor, "images width"]:
        mask = fields["pixel_attention_mask"][..., None].float()
        return (block.float() * mask).sum(1) / mask.sum(1)


class PictureTower(Encoder):
    """DINOv2, ViT, DeiT: a tower for pictures alone, whose class token stands for the picture."""

    def __init__(self, model: Any, processor: Any, identity: str) -> None:
        super().__init__(model, processor, identity)
        registers = int(getattr(model.config, "num_register_tokens", 0))
        self.tokens = 1 + registers + (model.config.model_type == "deit")

    def _features(self, fields: dict[str, Tensor]) -> Float[Tensor, "images width"]:
        states: Tensor = self.model(**fields).last_hidden_state
        return states[:, 0]

    def texts(self, texts: Sequence[str]) -> Float[Tensor, "texts width"]:
        """Raises NotTested: it knows no words."""
        raise NotTested(f"{self.identity} knows no words: recognition needs a CLIP or SigLIP encoder")


def _unit(vectors: Tensor) -> Tensor:
    return torch.nn.functional.normalize(vectors.float().cpu(), dim=-1)


def _chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(items)
    while chunk := list(islice(rest, BATCH)):
        yield chunk
