"""What a report says of llava-hf's converted checkpoints, which see some pictures otherwise."""

import re
from collections.abc import Iterator
from typing import Any

CONVERTED = re.compile(r"llava.*-hf")


def notes(name: str, family: str, processor: Any, square: bool) -> Iterator[str]:
    """The differences of a checkpoint of that name; `square` says that pictures are padded before.

    >>> from types import SimpleNamespace as Made
    >>> list(notes("llava-hf/llava-1.5-7b-hf", "llava", Made(image_processor=None), True))
    []
    """
    images = processor.image_processor
    if not CONVERTED.fullmatch(name.rstrip("/").rpartition("/")[2]):
        return
    if family == "llava" and not square and not getattr(images, "do_pad", False):
        yield "pictures are cropped to a square, as converted: its authors pad them (--prompt=original)"
    listed = [tuple(pair) for pair in getattr(images, "image_grid_pinpoints", None) or ()]
    if family == "llava_next" and listed and all(pair[::-1] in listed for pair in listed):
        yield (
            "its grid of tiles is chosen as converted, (height, width): its authors' code reads (width, "
            "height) and takes another grid for some pictures, small squares among them"
        )
