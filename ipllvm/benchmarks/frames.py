"""Image files that hold several pictures, as animations and files of pages do: the first of each is shown."""

import warnings
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any, Final, Protocol

from PIL import Image

SHOWN: Final = "the first of each is shown"
MARKS: Final = {
    b"GIF8": b"GIF8", b"II*\0": b"II*\0", b"MM\0*": b"MM\0*",
    b"\x89PNG": b"acTL", b"RIFF": b"ANIM", b"\xff\xd8": b"MPF\0",
}  # fmt: skip
"""By how a file begins, what its header holds where there may be a second picture."""
HEADER: Final = 1 << 16


class MaybeSeveral(Protocol):
    """A picture that knows whether its file holds others."""

    @property
    def several(self) -> bool:
        """Whether the file holds more than one picture."""
        ...


def holds_several(data: bytes) -> bool:
    """Whether an image file (GIF, APNG, WebP, TIFF, MPO) holds a second picture; False where none is read.

    Only its header and the place of the second one are looked at.
    """
    mark = next((mark for start, mark in MARKS.items() if data.startswith(start)), None)
    if mark is None or data.find(mark, 0, HEADER) < 0:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a file that is cut off, which decoding tells of
            with Image.open(BytesIO(data)) as image:
                image.seek(1)
    except Exception:  # whatever a decoder raises of a damaged file
        return False
    return True


def sentence(pictures: Iterable[MaybeSeveral]) -> str:
    """What to say of those that hold several; empty where none does."""
    flags = [picture.several for picture in pictures]
    held = sum(flags)
    if not held:
        return ""
    verb = "hold" if held > 1 else "holds"
    return f"{held:,} of {len(flags):,} pictures {verb} several (frames or pages): {SHOWN}"


def noted(benchmarks: Iterable[Mapping[str, Any]]) -> list[str]:
    """What the sources of a run's benchmarks say of such pictures, a line each.

    >>> noted([{"name": "q.csv", "source": "2 rows; 1 of 2 holds several: the first of each is shown"}] * 2)
    ['q.csv: 1 of 2 holds several: the first of each is shown']
    """
    parts = ((each["name"], part) for each in benchmarks for part in each["source"].split("; "))
    return [*dict.fromkeys(f"{name}: {part}" for name, part in parts if part.endswith(SHOWN))]
