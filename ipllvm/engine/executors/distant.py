"""A model that workers hold: the driver has its identity and its processor, and no weights."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from ipllvm.engine.deferred import Deferred, Identity
from ipllvm.errors import NotTested

if TYPE_CHECKING:
    from ipllvm.models.base import VisionLanguageModel

WITHOUT_WEIGHTS: Final = frozenset(
    {
        "prepare", "with_prompt", "layout", "standing", "cost", "text", "first_tokens", "footprint",
        "max_positions", "supports_prefix_cache", "supports_shared_rows", "layer_kinds", "MEANING",
    }
)  # fmt: skip
"""What a sketch of the model gives as the model itself does."""


class DistantModel(Deferred):
    """Has the interface of `VisionLanguageModel` as far as it needs no weights; `sketch` makes its processor.

    Raises NotTested where a property computes with the weights itself.
    """

    def __init__(self, identity: Identity, sketch: Callable[[], "VisionLanguageModel"]) -> None:
        super().__init__(identity, sketch)
        self.weights, self.notes = identity.info.weights, identity.info.notes

    @property
    def loaded(self) -> "VisionLanguageModel":
        """Itself: nothing more is loaded here."""
        return self  # type: ignore[return-value]

    @cached_property
    def _sketched(self) -> "VisionLanguageModel":
        return self._load()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in WITHOUT_WEIGHTS:
            raise NotTested(
                f"it computes with the weights of {self.name} itself ({name}), which are not read here with "
                "--ray: run it without"
            )
        return getattr(self._sketched, name)
