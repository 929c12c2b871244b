"""Features kept in a folder while a page is made: a run that was stopped goes on, and says how far it is."""

import hashlib
import math
import time
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from ipllvm.paper.real.measuring import Features
from ipllvm.safety import writing


class PictureProgress:
    """Says after each batch how many of all pictures are done and how long the rest takes at this speed.

    `reused`: how many of them an earlier run had left.
    """

    def __init__(self, total: int) -> None:
        self._total, self._began = total, time.monotonic()
        self._done = self.reused = 0

    def add(self, pictures: int, *, read: bool) -> None:
        """`read`: they were kept by an earlier run, and say nothing of the speed."""
        self._done += pictures
        self.reused += pictures if read else 0
        fresh = self._done - self.reused
        if fresh and not read:
            seconds = (time.monotonic() - self._began) / fresh * (self._total - self._done)
            left = math.ceil(max(0.0, seconds) / 60)
            print(f"{self._done:,} of {self._total:,} pictures, about {left} min left", flush=True)


class CachedFeatures:
    """An encoder whose features lie in a folder under the digest of its name and the pictures' pixels."""

    def __init__(self, encoder: Features, name: str, folder: Path, progress: PictureProgress) -> None:
        self._encoder, self._name, self._folder, self._progress = encoder, name, folder, progress
        folder.mkdir(parents=True, exist_ok=True)

    def pictures(self, images: Iterable[Image.Image]) -> Float[Tensor, "images width"]:
        """One vector a picture: those of the folder, else of the encoder."""
        listed = list(images)
        place = self._folder / f"{self._digest(listed)}.npy"
        read = place.exists()
        if not read:
            content = BytesIO()
            np.save(content, self._encoder.pictures(listed).numpy())
            writing.replace(place, content.getvalue())
        self._progress.add(len(listed), read=read)
        return torch.from_numpy(np.load(place))

    def _digest(self, images: list[Image.Image]) -> str:
        found = hashlib.sha256(self._name.encode())
        for image in images:
            found.update(f"{image.mode} {image.size}".encode())
            found.update(image.tobytes())
        return found.hexdigest()
