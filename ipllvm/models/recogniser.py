"""Models that name what a picture shows, and nothing else, behind the stage interface.

They are what the language-and-vision models are set beside in the paper (Fig. 6a, Table 3): a picture can
be perturbed, and there is nothing behind it to perturb. The class logits stand in for the one visual
token, and every prompt is answered by the top class.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor

from ipllvm.errors import NotTested
from ipllvm.models import capacity
from ipllvm.models.base import (
    CAUSAL,
    Attention,
    Edit,
    EncodedPicture,
    Places,
    Prepared,
    VisionLanguageModel,
)
from ipllvm.records import Layout, ModelInfo, Stage

CERTAIN = 1e4  # between the stop token and every class, once a class is said
POSITIONS = 256


class NothingCached:
    """The cache of a model that never looks back."""

    def batch_select_indices(self, indices: Int[Tensor, " rows"]) -> None:
        """Nothing to select."""


class Recogniser(VisionLanguageModel):
    """A model of classes: an answer is the name of one, and then the stop token."""

    stages = frozenset({Stage.PIXELS})
    labels: tuple[str, ...] = ()

    @abstractmethod
    def told(self, labels: Sequence[str], templates: Sequence[str]) -> "Recogniser":
        """The model that chooses among some classes; itself where it knows its own."""

    @abstractmethod
    def _network(self) -> Any:
        """Transformers' model."""

    @abstractmethod
    def _pixels(self, picture: Image.Image) -> Float[Tensor, "1 3 height width"]:
        """The picture as the network takes it, processed as shipped."""

    @abstractmethod
    def _classes(self, pixels: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch classes"]:
        """A logit for each class."""

    @property
    def stop(self) -> int:
        """The token behind a class."""
        return len(self.labels)

    def info(self) -> ModelInfo:
        """See the interface."""
        config = self._network().config
        return ModelInfo(
            name=self.name,
            family=config.model_type,
            fingerprint=self.fingerprint,
            device=str(self.device),
            dtype=str(self.dtype).removeprefix("torch."),
            attention=str(getattr(config, "_attn_implementation", None) or "none"),
            prompt="checkpoint",
            parameters=sum(p.numel() for p in self._network().parameters()),
            weights=self.weights,
            notes=self.notes,
        )

    def batch_size(self) -> int:
        """See the interface."""
        a_position = sum(p.numel() for p in self._network().parameters()) // 100 * self.dtype.itemsize
        return capacity.batch_size(capacity.free_memory(self.device), POSITIONS, a_position)

    def patch_grid(self) -> int | None:
        """See the interface: that of a ViT, none of a CNN."""
        config = self._network().config
        vision = getattr(config, "vision_config", config)
        side, patch = (getattr(vision, name, None) for name in ("image_size", "patch_size"))
        return side // patch if isinstance(side, int) and isinstance(patch, int) else None

    def prepare(self, images: Sequence[Image.Image], prompt: str) -> Prepared:
        """See the interface; raises ValueError unless there is exactly one picture."""
        if len(images) != 1:
            raise ValueError(f"{self.name} names the class of one picture a sample, got {len(images)}")
        picture = images[0].convert("RGB")
        ids = torch.tensor([self.stop + 1])
        return Prepared(ids, torch.ones(1, dtype=torch.bool), {"pixel_values": self._pixels(picture)})

    def encode(self, batch: Sequence[Prepared]) -> list[EncodedPicture]:
        """The class logits, as the one patch of the one tile; with one for the stop token, which no picture
        says, as its token.
        """
        pixels = torch.cat([item.fields["pixel_values"] for item in batch]).to(self.device, self.dtype)
        logits = self._classes(pixels)[:, None, None]
        said = torch.nn.functional.pad(logits, (0, 1), value=-CERTAIN)
        return [EncodedPicture(*each) for each in zip(logits, said, strict=True)]

    def pack(
        self, projected: Float[Tensor, "tiles tokens width"], prepared: Prepared
    ) -> Float[Tensor, "visual hidden"]:
        """See the interface."""
        return projected[0]

    def layout(self, prepared: Prepared) -> Layout:
        """Raises NotTested: there are no visual tokens."""
        raise NotTested(f"{self.name} names classes: it has no visual tokens to perturb")

    def embed(
        self, prepared: Prepared, visual: Float[Tensor, "visual wide"]
    ) -> Float[Tensor, "positions hidden"]:
        """See the interface."""
        return visual

    def embed_tokens(self, ids: Int[Tensor, "*positions"]) -> Float[Tensor, "*positions hidden"]:
        """After any class comes the stop token."""
        done = torch.full((*ids.shape, self.stop + 1), -CERTAIN, device=self.device, dtype=self.dtype)
        done[..., self.stop] = CERTAIN
        return done

    def layers(self) -> int:
        """Raises NotTested: there is no decoder."""
        raise self._no_layers()

    def _no_layers(self) -> NotTested:
        return NotTested(f"{self.name} names classes: it has no decoder layers to perturb")

    def decoder(
        self,
        inputs_embeds: Float[Tensor, "batch positions wide"],
        *,
        attention: Attention = CAUSAL,
        past_key_values: Any = None,
        use_cache: bool = True,
        edits: Sequence[Edit] = (),
        wanted: Places | None = None,
    ) -> tuple[Float[Tensor, "batch positions hidden"], Any]:
        """Nothing happens between the logits and the head."""
        return inputs_embeds, NothingCached()

    def layer_inputs(
        self,
        inputs_embeds: Float[Tensor, "batch positions wide"],
        layers: Sequence[int],
        attention: Attention = CAUSAL,
    ) -> tuple[dict[int, Float[Tensor, "batch positions hidden"]], Any]:
        """Raises NotTested, as `layers` does."""
        raise self._no_layers()

    def decode_from_layer(
        self,
        layer: int,
        hidden: Float[Tensor, "batch positions wide"],
        attention: Attention = CAUSAL,
        wanted: Places | None = None,
    ) -> tuple[Float[Tensor, "batch positions hidden"], Any]:
        """Raises NotTested, as `layers` does."""
        raise self._no_layers()

    def select_from_cache(
        self, cache: NothingCached, rows: Int[Tensor, " live"], slots: Int[Tensor, "live slots"]
    ) -> NothingCached:
        """See the interface."""
        return cache

    def fill_lower_layers(
        self, upper: Any, layer: int, clean: Any, rows: Int[Tensor, " live"], slots: Int[Tensor, "live slots"]
    ) -> Any:
        """Raises NotTested, as `layers` does."""
        raise self._no_layers()

    def logits(self, hidden: Float[Tensor, "*positions hidden"]) -> Float[Tensor, "*positions vocabulary"]:
        """See the interface."""
        return hidden.float()

    def first_tokens(self, word: str) -> frozenset[int]:
        """The classes whose name begins with the word."""
        wanted = word.strip().casefold()
        return frozenset(k for k, name in enumerate(self.labels) if name.casefold().startswith(wanted))

    def text(self, tokens: Sequence[int]) -> str:
        """See the interface."""
        return " ".join(self.labels[t] for t in tokens if t < self.stop)
