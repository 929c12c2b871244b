"""What every perturbation keeps to."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ipllvm.perturbations.base import PICTURE
from ipllvm.perturbations.parsing import parse
from ipllvm.records import Layout, NeedsArtifact, Perturbation, Stage
from ipllvm.registry import PERTURBATIONS
from ipllvm.testing.expect import expect

if TYPE_CHECKING:
    from torch import Tensor

SIDE = 6
"""Rows and columns of the packed tokens that it is tried on; each row ends in a newline."""
_COLUMN = np.tile(np.arange(SIDE + 1), SIDE)
LAYOUT = Layout(np.zeros(len(_COLUMN), int), np.repeat(np.arange(SIDE), SIDE + 1), _COLUMN, _COLUMN == SIDE)


def check_perturbation(perturbation: Perturbation, artifact: Any = None) -> None:
    """Raises AssertionError for what a perturbation, and the registered one of its name, does not keep to.

    `artifact` is what it is given where it needs what another model makes of a picture.
    """
    _check_value(perturbation)
    ready = perturbation
    if isinstance(perturbation, NeedsArtifact):
        expect(artifact is not None, f"{perturbation} needs an artifact: give check_perturbation one")
        ready = perturbation.given(artifact)
    value = VALUES[ready.stage]()
    before = raw(value)
    once, again = (raw(applied(ready, value, 7)) for _ in range(2))
    expect(once == again, "one seed gives two results: draw from the generator only")
    expect(raw(value) == before, "it changes what it is given: work on a copy")
    expect(once[1:-1] == before[1:-1], "mode, or dtype and device, must stay")
    results = {raw(applied(ready, value, seed)) for seed in range(8)}
    expect(len(results) == 1 or ready.random, "it depends on the generator: random must be True")
    _check_changes(ready, value)


def _check_value(perturbation: Perturbation) -> None:
    """Frozen, printable, and made again from what it prints."""
    text = str(perturbation)
    expect(is_dataclass(perturbation), "a perturbation is a frozen dataclass")
    for field in fields(perturbation):  # type: ignore[arg-type]
        expect(f"{field.name}=" in text, f"{field.name} is not printed: two values would share outcomes")
        try:
            setattr(perturbation, field.name, getattr(perturbation, field.name))
        except FrozenInstanceError:
            continue
        raise AssertionError("it is not frozen")
    expect(";" not in text and text.isprintable(), "what it prints is one line without ';'")
    expect(text.partition("(")[0] in PERTURBATIONS, f"{text.partition('(')[0]!r} is not registered")
    expect(parse(text) == perturbation, f"{text} can't be made again from what it prints")
    expect(hash(parse(text)) == hash(perturbation), "equal ones have two hashes")
    expect(0 < perturbation.share <= 1, "share lies in (0, 1]")
    pixels, usual = perturbation.stage is Stage.PIXELS, perturbation.caption == PICTURE
    told = bool(perturbation.caption.strip()) and (pixels or not usual)
    expect(told, "caption says what is done to a picture's patches")
    expect(perturbation.random or perturbation.seed_key == text, "a seed_key is for what is random")


def _check_changes(perturbation: Perturbation, value: Any) -> None:
    """Taken apart it is made of changes that together do what it does, and none of which does nothing."""
    layout = None if perturbation.stage is Stage.PIXELS else LAYOUT
    changes = perturbation.taken_apart(layout, np.random.default_rng(7))
    if changes is None:
        return
    whole, none = changes.make(changes.items), changes.make(())
    expect(bool(changes.unit), "changes have a unit")
    expect(not whole.random, "changes that are put together are not random")
    expect(raw(applied(whole, value, 0)) == raw(applied(perturbation, value, 7)), "the changes are not it")
    expect(raw(applied(none, value, 0)) == raw(value), "without changes something is left")


def applied(perturbation: Perturbation, value: Any, seed: int) -> Any:
    """What it makes of a value with the generator of that seed."""
    return perturbation.apply(value, LAYOUT, np.random.default_rng(seed))


def raw(value: Any) -> tuple[Any, ...]:
    """Shape, kind and bytes of an image or a tensor, to be compared."""
    if hasattr(value, "tobytes"):
        return value.size, value.mode, value.tobytes()
    import torch

    return tuple(value.shape), value.dtype, value.device, value.view(torch.uint8).numpy().tobytes()


def _picture() -> Any:
    from PIL import Image

    return Image.fromarray(np.random.default_rng(0).integers(1, 256, (42, 42, 3), dtype=np.uint8))


def _tensor(*shape: int) -> "Tensor":
    import torch

    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


VALUES: dict[Stage, Callable[[], Any]] = {
    Stage.PIXELS: _picture,
    Stage.PROJECTED: lambda: _tensor(2, 9, 4),
    Stage.VISUAL_TOKENS: lambda: _tensor(len(_COLUMN), 4),
    Stage.HIDDEN_STATES: lambda: _tensor(11, 4),
}
"""What a perturbation of each stage is tried on; grids of 2, 3, 6, 7 and 14 cut 42 pixels evenly."""
