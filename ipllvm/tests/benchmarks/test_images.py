"""Images as values: decoded late, always RGB, and one kind of error."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
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


@pytest.mark.parametrize(("size", "fits"), [((200, 1), True), ((401, 2), False), ((1, 30_000), False)])
def test_a_strip_raises_oserror(size: tuple[int, int], fits: bool) -> None:
    """Processors enlarge the shorter side: of 30,000 x 1 pixels they make a hundred million."""
    content = BytesIO()
    Image.new("RGB", size).save(content, "PNG")
    picture = EncodedImage("strip", content.getvalue())
    if fits:
        assert picture.load().size == size
    else:
        with pytest.raises(OSError, match=r"image 'strip' can't be decoded: .* a strip over 200 times"):
            picture.load()


def test_a_missing_file_raises_when_loaded(tmp_path: Path) -> None:
    image = FileImage(str(tmp_path / "none.png"))
    assert image.digest() == EncodedImage("none", b"").digest()
    with pytest.raises(FileNotFoundError):
        image.load()


def test_the_repr_holds_no_bytes() -> None:
    assert repr(EncodedImage("e", encoded())) == "EncodedImage(name='e')"


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> EncodedImage:
    stream = BytesIO()
    image.save(stream, kind, **options)
    return EncodedImage("e", stream.getvalue())


def corners() -> Image.Image:
    """Four colours, each in a corner of its own, on an oblong."""
    image = Image.new("RGB", (60, 40), "black")
    for place, colour in (((0, 0), "red"), ((30, 0), "green"), ((0, 20), "blue"), ((30, 20), "white")):
        image.paste(colour, (*place, place[0] + 30, place[1] + 20))
    return image


TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a picture is stored so that its tag turns it upright."""


@pytest.mark.parametrize("tag", TURNED)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_picture_is_turned_as_its_file_says(kind: str, tag: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = tag
    image = saved(corners().transpose(TURNED[tag]), kind, exif=exif).load()
    expected = np.asarray(corners(), dtype=int)
    assert np.abs(np.asarray(image, dtype=int) - expected).mean() < 6


@pytest.mark.parametrize("tag", [0, 1, 9])
def test_a_tag_that_means_nothing_turns_nothing(tag: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = tag
    assert saved(corners(), exif=exif).load().tobytes() == corners().tobytes()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_damaged_tag_turns_nothing() -> None:
    data = saved(corners(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff").data
    assert EncodedImage("e", data).load().size == (60, 40)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits_of_grey_are_scaled(kind: str) -> None:
    grey = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    shown = np.asarray(saved(Image.fromarray(grey), kind).load())
    assert (shown == np.arange(256).reshape(16, 16)[..., None]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_numbers_without_a_range_are_refused(dtype: Any) -> None:
    image = Image.fromarray(np.ones((8, 8), dtype=dtype))
    with pytest.raises(OSError, match="have no range"):
        saved(image, "TIFF").load()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_what_is_transparent_is_white(kind: str) -> None:
    image = Image.new("RGBA", (9, 9), (255, 0, 0, 0))
    image.putpixel((4, 4), (0, 0, 255, 255))
    image.putpixel((5, 5), (0, 0, 0, 128))
    options = {"lossless": True} if kind == "WEBP" else {}
    shown = saved(image, kind, **options).load()
    assert [shown.getpixel(place) for place in ((0, 0), (4, 4), (5, 5))] == [
        (255, 255, 255), (0, 0, 255), (127, 127, 127)
    ]  # fmt: skip


@pytest.mark.parametrize("mode", ["P", "L", "LA"])
def test_transparency_of_every_mode_is_white(mode: str) -> None:
    grey = Image.new("L", (4, 4), 7)
    if mode == "LA":
        shown = saved(Image.merge("LA", (grey, Image.new("L", (4, 4), 0)))).load()
    else:
        shown = saved(grey.convert(mode), transparency=7).load()
    assert shown.getpixel((1, 1)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "L", "1"])
def test_other_modes_keep_their_colours(mode: str) -> None:
    kind = "TIFF" if mode == "YCbCr" else "PNG" if mode in ("L", "1") else "JPEG"
    shown = saved(Image.new("RGB", (8, 8), "white").convert(mode), kind).load()
    assert np.asarray(shown).min() >= 253
