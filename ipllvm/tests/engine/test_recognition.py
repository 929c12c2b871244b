"""Zero-shot recognition: the best of a sample's own choices, and errors that are no wrong answers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from ipllvm.engine.recognition import recognise
from ipllvm.models.encoders import Encoder
from ipllvm.records import Sample

LABELS = ("cat", "dog", "emu")


@dataclass(frozen=True, slots=True)
class Shade:
    """A picture of one grey; None can't be decoded."""

    grey: int | None

    def load(self) -> Image.Image:
        """The picture."""
        if self.grey is None:
            raise OSError("broken")
        return Image.new("RGB", (2, 2), (self.grey,) * 3)


class Reader(Encoder):
    """An encoder for which a picture's grey is the place of its class, the next one second."""

    def __init__(self) -> None:
        self.identity = "reader@0"

    def scores(self, images: Any, labels: Sequence[str], templates: Any) -> Any:
        """Highest at the class, then downwards around the circle."""
        greys = [image.getpixel((0, 0))[0] for image in images]
        order = sorted(LABELS)
        return np.array([[-((order.index(label) - grey) % 3) for label in labels] for grey in greys])


def sample(id: str, grey: int | None, answer: str) -> Sample:
    return Sample(id, f"c-{id}", (Shade(grey),), "?", answer, LABELS)


def found(*samples: Sample) -> Any:
    return recognise(Reader(), samples, ("a {}.",))


def test_the_best_class_is_compared_with_the_answer() -> None:
    scores = found(sample("a", 0, "cat"), sample("b", 1, "cat"), sample("c", 2, "emu"))
    assert scores.values[:, 0].tolist() == [1, 0, 1]
    assert (scores.samples, scores.clusters) == (("a", "b", "c"), ("c-a", "c-b", "c-c"))
    assert scores.perturbation == "zero-shot reader@0"


def test_only_a_samples_own_choices_count() -> None:
    narrow = replace(sample("a", 0, "dog"), choices=("dog", "emu"))
    assert found(narrow, sample("b", 0, "cat")).values[:, 0].tolist() == [1, 1]


def test_a_picture_that_cannot_be_decoded_is_an_error() -> None:
    scores = found(sample("a", None, "cat"), sample("b", 1, "dog"))
    assert np.isnan(scores.values[0, 0]) and scores.values[1, 0] == 1
    assert scores.errors["a"].endswith("OSError: broken\n")
    assert np.isnan(found(sample("a", None, "cat")).values).all()
