"""Image processors of the embedded checkpoints: the families' own, on Pillow."""

from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image
from torch import Tensor
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.llava_next.image_processing_pil_llava_next import LlavaNextImageProcessorPil
from transformers.models.llava_onevision.image_processing_pil_llava_onevision import (
    LlavaOnevisionImageProcessorPil,
)

from ipllvm.zoo import batches, recipes
from ipllvm.zoo.recipes import Recipe

SQUARE = {"height": recipes.IMAGE_SIZE, "width": recipes.IMAGE_SIZE}
CROP: dict[str, Any] = {"size": {"shortest_edge": recipes.IMAGE_SIZE}, "crop_size": SQUARE}
CLIP_VALUES = {"image_mean": batches.CLIP_MEAN.tolist(), "image_std": batches.CLIP_STD.tolist()}


def processor(recipe: Recipe) -> Any:
    """The image processor of a recipe's kind."""
    if recipe.kind == "llava_next":
        return LlavaNextImageProcessorPil(image_grid_pinpoints=recipes.PINPOINTS, **CROP)
    if recipe.kind == "llava_onevision":
        make: Any = LlavaOnevisionImageProcessorPil
        return make(size=SQUARE, image_grid_pinpoints=recipes.PINPOINTS, **CLIP_VALUES)
    return CLIPImageProcessorPil(**CROP)


def images(recipe: Recipe) -> Callable[[Sequence[Image.Image]], dict[str, Tensor]]:
    """From pictures of one size to the fields that the family's model takes."""
    if recipe.kind == "llava":
        return lambda pictures: {"pixel_values": batches.stacked(pictures)}
    process = processor(recipe)

    def prepare(pictures: Sequence[Image.Image]) -> dict[str, Tensor]:
        fields = process(images=[[picture] for picture in pictures], return_tensors="pt")
        return {name: fields[name] for name in ("pixel_values", "image_sizes")}

    return prepare
