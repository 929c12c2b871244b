"""How workers of the tests come to their models: slowly, or not all to the same."""

import os
import time
from pathlib import Path
from typing import Any

from torch import Tensor

from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.loading import load

NAME, OTHER = "planted:exact-drop,d=0.3", "planted:exact-drop,d=0.4"


def paced(name: str = NAME, seconds: float = 0.0, folder: str = "") -> VisionLanguageModel:
    """A planted model whose passes take so long, by sleeping; a file named by the process is left behind."""
    model = load(name, device="cpu")
    usual = model.decoder

    def decoder(embeds: Tensor, **settings: Any) -> tuple[Tensor, Any]:
        time.sleep(seconds)
        return usual(embeds, **settings)

    vars(model)["decoder"] = decoder
    if folder:
        (Path(folder) / str(os.getpid())).touch()
    return model


def first_and_others(folder: str) -> VisionLanguageModel:
    """For the first process the usual model, for all others one with other weights."""
    try:
        (Path(folder) / "taken").touch(exist_ok=False)
    except FileExistsError:
        return load(OTHER, device="cpu")
    return load(NAME, device="cpu")
