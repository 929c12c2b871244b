"""Synthetic pictures: a caption of each image, drawn by a generator (paper section 3.4)."""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ipllvm.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from PIL import Image

GENERATORS = ("renderer", "sdxl-lightning")
CAPTIONERS = {"renderer": "llava-tiny", "sdxl-lightning": "llava-ov"}
"""Who captions for a generator unless --captioner names another; the paper's is LLaVA-OneVision."""


class Generator(Protocol):
    """Draws a picture of a text; `identity` says which one it is, settings and seed included."""

    @property
    def identity(self) -> str:
        """The same words for the same pictures."""
        ...

    def draw(self, caption: str) -> np.ndarray:
        """RGB pixels, (height, width, 3), uint8; a pure function of the caption."""
        ...


class Synthesis:
    """Provides the picture that a generator draws of an image's caption.

    `captions` are by `picture_key`; `captioner` says whose they are.
    """

    def __init__(self, captions: Mapping[str, str], captioner: str, generator: Generator) -> None:
        self._captions = captions
        self._generator = generator
        self.identity = f"{generator.identity}, captions by {captioner}"

    def caption(self, image: "Image.Image") -> str:
        """The caption of an image; raises UsageError for one that was never captioned."""
        key = picture_key(image)
        if key not in self._captions:
            raise UsageError("this picture has no caption")
        return self._captions[key]

    def of(self, image: "Image.Image") -> np.ndarray:
        """The picture of an image's caption."""
        return self._generator.draw(self.caption(image))


def picture_key(image: "Image.Image") -> str:
    """A digest of a picture's content."""
    return hashlib.sha256(f"{image.mode} {image.size} ".encode() + image.tobytes()).hexdigest()


def generator(name: str, device: str = "cpu", offline: bool = False) -> Generator:
    """The generator of that name; raises UnknownName, and UsageError where its package is missing."""
    if name == "renderer":
        from ipllvm.artifacts.renderer import Renderer

        return Renderer()
    if name == "sdxl-lightning":
        from ipllvm.artifacts.sdxl import SdxlLightning

        return SdxlLightning(device=device, offline=offline)
    raise UnknownName("generator", name, GENERATORS)
