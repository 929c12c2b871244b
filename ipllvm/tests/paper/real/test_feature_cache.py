"""What was kept is not computed again, is of the very same pictures, and a stopped run loses one batch."""

from collections.abc import Iterable
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from ipllvm.paper.real.feature_cache import CachedFeatures, PictureProgress

PICTURES = [Image.new("RGB", (4, 4), (40 * n, 0, 0)) for n in range(3)]


class Counting:
    """Gives the red of each picture, and stops at the batch `stop`."""

    def __init__(self, stop: int = -1) -> None:
        self.calls, self._stop = 0, stop

    def pictures(self, images: Iterable[Image.Image]) -> Tensor:
        self.calls += 1
        if self.calls == self._stop:
            raise KeyboardInterrupt
        return torch.tensor([[float(image.getpixel((0, 0))[0])] for image in images])  # type: ignore[index]


def cached(
    encoder: Counting, folder: Path, name: str = "e", progress: PictureProgress | None = None
) -> CachedFeatures:
    return CachedFeatures(encoder, name, folder, progress or PictureProgress(6))


def test_a_stopped_run_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = cached(Counting(stop=2), tmp_path / "new")
    assert first.pictures(PICTURES).flatten().tolist() == [0, 40, 80]
    with pytest.raises(KeyboardInterrupt):
        first.pictures(PICTURES[::-1])
    assert capsys.readouterr().out.startswith("3 of 6 pictures, about ")
    again = Counting()
    progress = PictureProgress(6)
    second = cached(again, tmp_path / "new", progress=progress)
    assert second.pictures(PICTURES).flatten().tolist() == [0, 40, 80] and again.calls == 0
    assert second.pictures(PICTURES[::-1]).flatten().tolist() == [80, 40, 0] and again.calls == 1
    assert capsys.readouterr().out == "6 of 6 pictures, about 0 min left\n", "what was read says nothing"
    assert progress.reused == 3


def test_others_are_computed(tmp_path: Path) -> None:
    cached(Counting(), tmp_path).pictures(PICTURES)
    for name, pictures in (
        ("other", PICTURES),
        ("e", PICTURES[:2]),
        ("e", [p.resize((2, 8)) for p in PICTURES]),
    ):
        fresh = Counting()
        cached(fresh, tmp_path, name).pictures(iter(pictures))
        assert fresh.calls == 1, (name, len(pictures))
