"""Images as values: decoded late, always RGB, and one kind of error."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from ipllvm.benchmarks.images import EncodedImage, FileImage


def encoded(mode: str = "RGB", kind: str = "PNG") -> bytes:
    """A small picture of a mode, in a format."""
    stream = BytesIO()
    Image.new(mode, (40, 30)).save(stream, kind)
    return stream.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1"])
def test_every_mode_becomes_rgb(mode: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(mode))
    for image in (FileImage(str(tmp_path / "a.png")), EncodedImage("a", encoded(mode))):
        assert (image.load().mode, image.load().size) == ("RGB", (40, 30))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("keep", [0, 10, 60])
def test_a_damaged_picture_raises_oserror(kind: str, keep: int) -> None:
    data = encoded(kind=kind)
    with pytest.raises(OSError, match="image 'b' can't be decoded"):
        EncodedImage("b", data[:keep]).load()


def test_a_flipped_chunk_raises_oserror() -> None:
    data = encoded()
    with pytest.raises(OSError, match="can't be decoded"):
        EncodedImage("c", data.replace(b"IDAT", b"IDAX")).load()


def test_a_picture_of_absurd_size_raises_oserror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(OSError, match="can't be decoded"):
        EncodedImage("d", encoded()).load()


def test_a_missing_file_raises_when_loaded(tmp_path: Path) -> None:
    image = FileImage(str(tmp_path / "none.png"))
    assert image.digest() == EncodedImage("none", b"").digest()
    with pytest.raises(FileNotFoundError):
        image.load()


def test_the_repr_holds_no_bytes() -> None:
    assert repr(EncodedImage("e", encoded())) == "EncodedImage(name='e')"
