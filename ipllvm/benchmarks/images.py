"""Pictures that lie in files or in memory: values that are decoded only when asked for."""

from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError


@dataclass(frozen=True, slots=True)
class FileImage:
    """An image file, decoded when asked for."""

    path: str

    def load(self) -> Image.Image:
        """The picture in RGB; raises OSError where it can't be decoded."""
        with Path(self.path).open("rb") as stream:
            return _decode(stream, self.path)

    def digest(self) -> bytes:
        """sha256 of the file; of nothing where the file is missing."""
        path = Path(self.path)
        return sha256(path.read_bytes() if path.is_file() else b"").digest()


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """An encoded image (JPEG, PNG, ...) in memory, decoded when asked for."""

    name: str
    data: bytes = field(repr=False)

    def load(self) -> Image.Image:
        """The picture in RGB; raises OSError where it can't be decoded."""
        return _decode(BytesIO(self.data), self.name)

    def digest(self) -> bytes:
        """sha256 of the encoded bytes."""
        return sha256(self.data).digest()


def _decode(stream: BinaryIO, name: str) -> Image.Image:
    try:
        with Image.open(stream) as image:
            return image.convert("RGB")
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        why = "no known image format" if isinstance(error, UnidentifiedImageError) else error
        raise OSError(f"image '{name}' can't be decoded: {why}") from error
