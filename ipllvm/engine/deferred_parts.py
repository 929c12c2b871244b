"""An encoder or a language model whose files say who it is: its weights are read when it is asked.

What it makes of a benchmark's pictures or captions is kept (evaluation/companion_models.py), so that a run in
which everything is known asks neither. Imports no torch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from ipllvm.engine import deferred
from ipllvm.engine.lazy import LazyProxy
from ipllvm.errors import ModelUnavailable
from ipllvm.models import parts, sources
from ipllvm.models.checkpoint import Checkpoint
from ipllvm.models.planted import naming

if TYPE_CHECKING:
    from ipllvm.models.encoders import Encoder
    from ipllvm.models.text import LanguageModel


class DeferredPart(LazyProxy):
    """Has the interface of what `load` gives; whatever is asked beyond its identity loads it.

    `numerics` are the device and dtype that are asked for and the machine, of which its numbers depend.
    """

    def __init__(self, identity: str, numerics: Sequence[Any], load: Callable[[], Any]) -> None:
        self.identity = identity
        self.numerics = numerics
        self._load = load

    @cached_property
    def loaded(self) -> Any:
        """The part itself; raises ModelUnavailable where its files are no longer what they were."""
        part = self._load()
        if part.identity != self.identity:
            raise ModelUnavailable(f"{self.identity}: its files changed while this ran: run again")
        return part


@dataclass(frozen=True, slots=True)
class PartOptions:
    """How a part is asked for: by options of the run."""

    device: str
    dtype: str
    offline: bool


def encoder(name: str, options: PartOptions, load: "Callable[[], Encoder]") -> "Encoder":
    """The encoder of that name. Raises as `load` does, but for what is found in its weights alone."""
    return cast("Encoder", _deferred(name, options, parts.encoder, load))


def language_model(name: str, options: PartOptions, load: "Callable[[], LanguageModel]") -> "LanguageModel":
    """The language model of that name; raises as `encoder` does."""
    return cast("LanguageModel", _deferred(name, options, parts.language_model, load))


def key(part: object) -> list[Any] | None:
    """What fixes the numbers that a part gives; None for one that is at hand, of which nothing is kept."""
    return [part.identity, *part.numerics] if isinstance(part, DeferredPart) else None


def _deferred(
    name: str, options: PartOptions, find: Callable[[str, bool], Checkpoint], load: Callable[[], Any]
) -> Any:
    """What is planted is small and loaded at once."""
    if naming.is_planted(name):
        return load()
    identity = parts.identity(sources.display_name(name), find(name, options.offline))
    return DeferredPart(identity, [options.device, options.dtype, deferred.machine()], load)
