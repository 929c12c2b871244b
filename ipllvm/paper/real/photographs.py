"""The photographs, and several crops of each."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from PIL import Image

from ipllvm.paper.real import packages

SIDE: Final = 224
"""Pixels of a crop's side as the encoders are given it."""
SHARE: Final = 0.6
"""Of the photograph's short side that a crop takes."""
PLACES: Final = ((0.0, 0.0), (1.0, 1.0), (0.5, 0.5))
"""Where the crops lie: two corners across, and the middle, which shares pixels with both."""


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph by name, with a caption."""

    name: str
    picture: Image.Image
    caption: str


@dataclass(frozen=True, slots=True)
class Crop:
    """A photograph or a square piece of one, `SIDE` pixels wide."""

    name: str
    photograph: str
    picture: Image.Image


def load() -> list[Photograph]:
    """All of photographs.toml; raises ModelUnavailable where a package is not there."""
    return [
        Photograph(name, _opened(about["package"], about["path"]), about["caption"])
        for name, about in listed().items()
    ]


def listed() -> dict[str, dict[str, str]]:
    """The entries of photographs.toml by name."""
    return tomllib.loads(files("ipllvm.paper.real").joinpath("photographs.toml").read_text(encoding="utf-8"))


def _opened(package: str, path: str) -> Image.Image:
    with Image.open(packages.file(package, path)) as picture:
        return picture.convert("RGB")


def wholes(photographs: Sequence[Photograph]) -> list[Crop]:
    """The whole of each, made a square."""
    return [Crop(each.name, each.name, _square(each.picture)) for each in photographs]


def crops(photographs: Sequence[Photograph]) -> list[Crop]:
    """Two corners and the middle of each."""
    return [crop for each in photographs for crop in _of(each)]


def _of(photograph: Photograph) -> Iterator[Crop]:
    picture = photograph.picture
    side = round(SHARE * min(picture.size))
    for number, (across, down) in enumerate(PLACES):
        left, top = round(across * (picture.width - side)), round(down * (picture.height - side))
        piece = picture.crop((left, top, left + side, top + side))
        yield Crop(f"{photograph.name} {number + 1}", photograph.name, _square(piece))


def _square(picture: Image.Image) -> Image.Image:
    return picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
