"""What a model in memory does beyond its tensors and settings: attributes, adapters, patched code, hooks.

One answer to a fixed question about a fixed picture shows them all at once, and is part of its fingerprint.
Code that somebody put into the model may depend on anything, so that no answer tells all that it does.
"""

import hashlib
import secrets
from collections.abc import Iterator
from functools import partial
from types import FunctionType, MethodType
from typing import Any, Final

import numpy as np
from jaxtyping import Float
from PIL import Image
from torch import Tensor
from torch.nn.modules import module as modules

from ipllvm.errors import FAULTS, first_line
from ipllvm.models import pipeline, prompting
from ipllvm.safety.printing import visible

QUESTION: Final = "What is in the picture?"
STEPS: Final = 2
"""Tokens at most: the second is decoded behind a cache."""
DIRECTIONS: Final = 64
"""In so many the logits are looked at; each is rounded to a thousandth of their deviation, which what
threads and kernels make of the same sum seldom crosses.
"""
DECIMALS: Final = 3
LIBRARIES: Final = frozenset({"accelerate", "bitsandbytes", "peft", "torch", "transformers"})
"""Whose hooks and patches are the model's own: what they do is a function of it."""
HOOKS: Final = ("_forward_hooks", "_forward_pre_hooks")
EVERYWHERE: Final = ("_global_forward_hooks", "_global_forward_pre_hooks")


def conduct(model: Any, processor: Any) -> tuple[bytes, tuple[str, ...]]:
    """A digest of what the model does, 32 bytes, with a note where it can't be told, and is new each time.

    The model is asked in transformers' own way and stays as it is.
    """
    for why in foreign(model, processor):
        return _unknown(why)
    try:
        found = pipeline.logits(model, processor, prompting.CHECKPOINT, [_picture()], QUESTION, STEPS)
    except FAULTS as error:  # whatever the processor or `generate` raises
        return _unknown(f"it can't be asked ({type(error).__name__}: {visible(first_line(error), 100)})")
    return hashlib.sha256(_rounded(found).tobytes()).digest(), ()


def _unknown(why: str) -> tuple[bytes, tuple[str, ...]]:
    return secrets.token_bytes(32), (f"{why}: what it answers is not taken from the store, now or later",)


def foreign(model: Any, processor: Any) -> Iterator[str]:
    """Which parts have hooks, or functions in place of methods, that are of no library, in words."""
    put = "runs code that was put there"
    if any(_is_foreign(hook) for kind in EVERYWHERE for hook in getattr(modules, kind, {}).values()):
        yield f"every module {put}"
    for name, part in model.named_modules():
        hooks = (hook for kind in HOOKS for hook in getattr(part, kind, {}).values())
        if any(map(_is_foreign, hooks)) or _is_patched(part):
            yield f"{name or 'the model'} {put}"
    for part in (processor, *vars(processor).values()):
        if hasattr(part, "__dict__") and _is_patched(part):
            yield f"{type(part).__name__} {put}"
    for part in (model.config, processor):
        if not settings(part):
            yield f"{type(part).__name__} holds what is no setting"


def settings(part: Any) -> str:
    """The settings of a config or processor as JSON; empty where they hold what JSON can't."""
    try:
        return str(part.to_json_string())
    except TypeError:
        return ""


def _is_patched(part: Any) -> bool:
    """Whether an attribute is a function that no library has put there."""
    kinds = FunctionType, MethodType, partial
    return any(isinstance(value, kinds) and _is_foreign(value) for value in vars(part).values())


def _is_foreign(call: Any) -> bool:
    while isinstance(call, partial | MethodType):
        call = call.func if isinstance(call, partial) else call.__func__
    home = getattr(call, "__globals__", {}).get("__name__") or type(call).__module__
    return str(home).partition(".")[0] not in LIBRARIES


def _rounded(logits: Float[Tensor, "steps vocabulary"]) -> np.ndarray:
    """The rows, each of mean 0 and deviation 1, along fixed directions, in thousandths."""
    rows = np.clip(np.nan_to_num(logits.double().cpu().numpy()), -1e6, 1e6)
    rows -= rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    directions = np.random.default_rng(0).standard_normal((rows.shape[1], DIRECTIONS))
    found = rows @ directions / np.where(length == 0, 1, length)
    return (np.round(np.hstack([found, np.log1p(length)]), DECIMALS) + 0.0).astype("<f8")


def _picture() -> Image.Image:
    """A shaded square with a disc, 224 pixels wide."""
    down, right = np.mgrid[0:224, 0:224]
    disc = ((down - 90) ** 2 + (right - 130) ** 2 < 2500) * 90
    return Image.fromarray(np.stack([down, right, 60 + disc], axis=-1).astype(np.uint8))
