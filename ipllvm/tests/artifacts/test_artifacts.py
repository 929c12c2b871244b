"""Artifacts are computed once for an image's content, in memory and on disk."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ipllvm.artifacts import Artifacts
from ipllvm.errors import UnknownName


class Counted:
    """A provider that counts what it is asked for: the mean of each row."""

    def __init__(self, identity: str = "rows@1") -> None:
        self.identity = identity
        self.asked = 0

    def of(self, image: Image.Image) -> np.ndarray:
        """The mean of each row."""
        self.asked += 1
        found: np.ndarray = np.asarray(image, dtype=np.float32).mean((1, 2))
        return found


def _image(seed: int = 0, size: tuple[int, int] = (6, 4)) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.fixture(params=["memory", "folder"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    """No folder, or one that does not exist yet."""
    return tmp_path / "made" / "here" if request.param == "folder" else None


def test_an_image_is_looked_at_once(folder: Path | None) -> None:
    provider = Counted()
    artifacts = Artifacts({"saliency": provider}, folder)
    first = artifacts.get("saliency", _image())
    assert np.array_equal(first, Counted().of(_image()))
    assert artifacts.get("saliency", _image()) is first
    assert provider.asked == 1


def test_other_content_another_shape_or_another_provider_is_another_artifact(folder: Path | None) -> None:
    provider = Counted()
    artifacts = Artifacts({"saliency": provider}, folder)
    same_bytes = Image.frombytes("RGB", (4, 6), _image().tobytes())
    for image in (_image(0), _image(1), same_bytes):
        assert np.array_equal(artifacts.get("saliency", image), Counted().of(image))
    provider.identity = "rows@2"
    artifacts.get("saliency", _image(0))
    assert provider.asked == 4


def test_what_is_kept_cannot_be_changed_by_whom_it_is_given_to(folder: Path | None) -> None:
    found = Artifacts({"saliency": Counted()}, folder).get("saliency", _image())
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 1


def test_a_folder_outlives_the_process(tmp_path: Path) -> None:
    written = Artifacts({"saliency": Counted()}, tmp_path).get("saliency", _image())
    later = Counted()
    read = Artifacts({"saliency": later}, tmp_path).get("saliency", _image())
    assert np.array_equal(read, written) and read.dtype == written.dtype
    assert later.asked == 0
    assert [path.suffix for path in tmp_path.iterdir()] == [".npy"], "nothing half-written is left"


@pytest.mark.parametrize("rest", [b"", b"\x93NUMPY", b"no array at all"])
def test_a_damaged_file_is_made_again(tmp_path: Path, rest: bytes) -> None:
    Artifacts({"saliency": Counted()}, tmp_path).get("saliency", _image())
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(rest)
    provider = Counted()
    Artifacts({"saliency": provider}, tmp_path).get("saliency", _image())
    assert provider.asked == 1 and path.read_bytes() == whole


def test_a_file_cut_short_is_made_again(tmp_path: Path) -> None:
    Artifacts({"saliency": Counted()}, tmp_path).get("saliency", _image())
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-3])
    provider = Counted()
    Artifacts({"saliency": provider}, tmp_path).get("saliency", _image())
    assert provider.asked == 1


def test_a_folder_that_cannot_be_written_to_costs_nothing_but_time(tmp_path: Path) -> None:
    file = tmp_path / "a-file"
    file.write_text("in the way")
    artifacts = Artifacts({"saliency": Counted()}, file)
    assert np.array_equal(artifacts.get("saliency", _image()), Counted().of(_image()))


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ipllvm.safety.writing.os.fsync", full)
    artifacts = Artifacts({"saliency": Counted()}, tmp_path)
    assert np.array_equal(artifacts.get("saliency", _image()), Counted().of(_image()))
    assert not list(tmp_path.iterdir())


def test_a_kind_without_provider_says_which_there_are() -> None:
    with pytest.raises(UnknownName, match=r"kind of artifact 'salience': did you mean 'saliency'"):
        Artifacts({"saliency": Counted()}).get("salience", _image())
