"""Pictures that lie in files or in memory: values that are decoded only when asked for."""

from dataclasses import dataclass, field
from hashlib import file_digest, sha256
from io import BytesIO
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from ipllvm.safety import reading

BYTES = 256 * reading.MIB
"""The largest image file."""
PIXELS = 50_000_000
"""The largest picture: 150 MB as RGB, and more than any camera's that a processor would not shrink."""


@dataclass(frozen=True, slots=True)
class FileImage:
    """An image file, decoded when asked for."""

    path: str

    def load(self) -> Image.Image:
        """The picture in RGB; raises OSError where it can't be decoded."""
        try:
            data = reading.file_bytes(Path(self.path), BYTES)
        except reading.Refused as error:
            raise OSError(f"image '{self.path}' can't be read: {error}") from error
        return _decode(data, self.path)

    def digest(self) -> bytes:
        """sha256 of the file; of nothing where the file is missing."""
        path = Path(self.path)
        if not path.is_file():
            return sha256(b"").digest()
        with path.open("rb") as stream:
            return file_digest(stream, "sha256").digest()


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


def _decode(data: bytes, name: str) -> Image.Image:
    try:
        with Image.open(BytesIO(data)) as image:
            if image.width * image.height > PIXELS:
                raise ValueError(f"{image.width} x {image.height} pixels, more than {PIXELS:,}")
            return image.convert("RGB")
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        why = "no known image format" if isinstance(error, UnidentifiedImageError) else error
        raise OSError(f"image '{name}' can't be decoded: {why}") from error
