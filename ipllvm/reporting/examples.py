"""Examples of flipped answers, and which of their pictures a page has room for.

Pictures are taken over only where they are what a report writes: PNG, JPEG or WebP as base64.
"""

import base64
import binascii
import io
import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from ipllvm.reporting.schema import Row

if TYPE_CHECKING:
    from PIL.Image import Image

ROOM: Final = 500_000
"""Characters of pictures in a page, so that one of a full audit stays under 3 MB."""
MOST: Final = 20
"""Examples of one result."""
LARGEST: Final = 4096
"""Pixels a side of a picture that is drawn under a map."""
_URI = re.compile(r"data:image/(?:png|jpeg|webp);base64,[A-Za-z0-9+/]+={0,2}")


def fitting(rows: Sequence[Row], room: int = ROOM) -> list[tuple[list[Row], int]]:
    """For each row its examples that fit, fairly shared: the first of every row, then the second, and so on.

    Beside them how many are left out. An example without usable pictures takes no room.
    """
    found = [list(row.get("flips") or ())[:MOST] for row in rows]
    kept: list[list[Row]] = [[] for _ in rows]
    for rank in zip_longest(*found):
        for place, flip in enumerate(rank):
            size = sum(map(len, pictures(flip))) if flip is not None else 0
            if flip is not None and size <= room:
                kept[place].append(flip)
                room -= size
    return [
        (list(each), len(row.get("flips") or ()) - len(each)) for each, row in zip(kept, rows, strict=True)
    ]


def pictures(flip: Row) -> list[str]:
    """The pictures of an example that may be put into a page: the clean one, then the perturbed one."""
    found = flip.get("pictures") or ()
    return [uri for uri in found if isinstance(uri, str) and _URI.fullmatch(uri)]


def first_picture(row: Row) -> "Image | None":
    """The clean picture of the first example, to be drawn under a map; None where there is none."""
    shown = next((found[0] for flip in row.get("flips") or () if (found := pictures(flip))), None)
    return None if shown is None else _opened(shown)


def _opened(uri: str) -> "Image | None":
    from PIL import Image, UnidentifiedImageError

    try:
        image: Any = Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2], validate=True)))
        return image.convert("RGB") if max(image.size) <= LARGEST else None
    except (binascii.Error, OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError):
        return None
