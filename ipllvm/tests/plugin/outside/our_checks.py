"""Somebody's own package: one benchmark and one perturbation, offered as entry points."""

from dataclasses import dataclass
from typing import Any

from ipllvm.perturbations.base import Base
from ipllvm.records import Benchmark, Sample


@dataclass(frozen=True, slots=True)
class Card:
    """A picture of one colour."""

    colour: str

    def load(self) -> Any:
        """The picture."""
        from PIL import Image

        return Image.new("RGB", (32, 32), self.colour)


COLOURS = ("red", "green", "blue", "black")


def cards(seed: int = 0) -> Benchmark:
    """What colour is the card? Questions about one card share a cluster."""
    asked = ("What colour is the card?", "What colour is it?", "Name the colour of the card.")
    samples = tuple(
        Sample(f"{colour}-{i}", colour, (Card(colour),), question, colour, COLOURS)
        for colour in COLOURS
        for i, question in enumerate(asked)
    )
    return Benchmark("our-cards", samples, "label", "cards-1", "drawn by our_checks")


@dataclass(frozen=True, slots=True)
class Mirror(Base):
    """The picture seen in a mirror."""

    name = "our_mirror"

    def apply(self, value: Any, layout: Any, rng: Any) -> Any:
        """Left is right."""
        from PIL import ImageOps

        return ImageOps.mirror(value)
