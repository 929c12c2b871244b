"""Pictures that lie in files or in memory: values that are decoded only when asked for.

They are shown as a person sees them in a viewer: turned as the file says, all bits of grey, transparent
parts on white.
"""

import struct
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ipllvm.benchmarks.frames import holds_several
from ipllvm.safety import reading

BYTES = 256 * reading.MIB
"""The largest image file."""
PIXELS = 50_000_000
"""The largest picture: 150 MB as RGB, and more than any camera's that a processor would not shrink."""
LONGEST = 200
"""How many times as long as wide a picture may be: processors enlarge its shorter side."""
SIXTEEN_BITS = ("PNG", "PPM")
"""Formats whose grey beyond 8 bits is decoded as integers from 0 to 65,535."""


@dataclass(frozen=True, slots=True)
class FileImage:
    """An image file, decoded when asked for; once its digest was, it has to stay as it is."""

    path: str
    _first: list[tuple[bytes, bool]] = field(default_factory=list, init=False, repr=False, compare=False)

    def load(self) -> Image.Image:
        """The picture in RGB; raises OSError where it can't be decoded, or is no longer what was digested."""
        try:
            data = reading.file_bytes(Path(self.path), BYTES)
        except reading.Refused as error:
            raise OSError(f"image '{self.path}' can't be read: {error}") from error
        if self._first and sha256(data).digest() != self._first[0][0]:
            raise OSError(f"image '{self.path}' has changed since the run began: run again")
        return _decode(data, self.path)

    def digest(self) -> bytes:
        """sha256 of the file as it was when this was first asked; of nothing where it can't be read."""
        return self._seen()[0]

    @property
    def several(self) -> bool:
        """Whether the file, as it was when this was first asked, holds more than one picture."""
        return self._seen()[1]

    def _seen(self) -> tuple[bytes, bool]:
        if not self._first:
            try:
                data = reading.file_bytes(Path(self.path), BYTES)
            except (OSError, reading.Refused):
                data = b""
            self._first.append((sha256(data).digest(), holds_several(data)))
        return self._first[0]


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """An encoded image (JPEG, PNG, ...) in memory, decoded when asked for."""

    name: str
    data: bytes = field(repr=False)

    def load(self) -> Image.Image:
        """The picture in RGB; raises OSError where it can't be decoded."""
        return _decode(self.data, self.name)

    def digest(self) -> bytes:
        """sha256 of the encoded bytes."""
        return sha256(self.data).digest()

    @property
    def several(self) -> bool:
        """Whether it holds more than one picture."""
        return holds_several(self.data)


def as_seen(image: Image.Image) -> Image.Image:
    """The picture in RGB: upright, 16 bits of grey scaled to 8, transparent parts on white.

    Raises ValueError for numbers without a range, such as floats: what is black and white in them no file
    says.
    """
    turned = _upright(image)
    if turned.mode.startswith("I;16") or (turned.mode == "I" and image.format in SIXTEEN_BITS):
        turned = Image.fromarray(
            np.rint(np.asarray(turned, dtype=np.float64) / 257).clip(0, 255).astype("u1")
        )
    if turned.mode in ("F", "I"):
        raise ValueError(f"its numbers (mode {turned.mode}) have no range: save it with 8 or 16 bits")
    if not turned.has_transparency_data:
        return turned.convert("RGB")
    page = Image.new("RGBA", turned.size, "white")
    page.alpha_composite(turned.convert("RGBA"))
    return page.convert("RGB")


def _upright(image: Image.Image) -> Image.Image:
    """Turned as the file says; as it is where what it says can't be read, as viewers show it."""
    try:
        return ImageOps.exif_transpose(image)
    except (SyntaxError, ValueError, TypeError, KeyError, EOFError, struct.error):
        return image


def _decode(data: bytes, name: str) -> Image.Image:
    try:
        with Image.open(BytesIO(data)) as image:
            if image.width * image.height > PIXELS:
                raise ValueError(f"{image.width} x {image.height} pixels, more than {PIXELS:,}")
            if max(image.size) > LONGEST * min(image.size):
                raise ValueError(
                    f"{image.width} x {image.height} pixels, a strip over {LONGEST} times as long as wide"
                )
            return as_seen(image)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        why = "no known image format" if isinstance(error, UnidentifiedImageError) else error
        raise OSError(f"image '{name}' can't be decoded: {why}") from error
