"""Image classifiers behind the stage interface: every prompt is answered by the top class.

They are what the language-and-vision models are set beside in the paper's Figure 6a: a picture can be
perturbed, and there is nothing behind it to perturb. The logits stand in for the one visual token.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor
from transformers import AutoImageProcessor, AutoModelForImageClassification

from ipllvm.errors import ModelUnavailable, NotMeasured
from ipllvm.models import capacity
from ipllvm.models.base import Edit, Places, Prepared, VisionLanguageModel
from ipllvm.models.checkpoint import Checkpoint
from ipllvm.records import Layout, ModelInfo

CERTAIN = 1e4  # between the stop token and every class, once a class is said
POSITIONS = 256


class NothingCached:
    """The cache of a model that never looks back."""

    def batch_select_indices(self, indices: Int[Tensor, " rows"]) -> None:
        """Nothing to select."""


class Classifier(VisionLanguageModel):
    """Any checkpoint of transformers' ...ForImageClassification classes; raises ModelUnavailable.

    An answer is the first name of the class, and then the stop token.
    """

    def __init__(
        self, found: Checkpoint, fingerprint: str, device: torch.device, dtype: torch.dtype, name: str
    ) -> None:
        self._model, self._processor = _loaded(found, dtype)
        self._model.to(device)
        self.name, self.fingerprint, self.device, self.dtype = name, fingerprint, device, dtype
        labels = self._model.config.id2label
        self._labels = tuple(str(labels[k]).split(",")[0].strip() for k in sorted(labels))
        self._stop = len(self._labels)
        self.stop_tokens = frozenset({self._stop})

    def info(self) -> ModelInfo:
        """See the interface."""
        config = self._model.config
        return ModelInfo(
            name=self.name,
            family=config.model_type,
            fingerprint=self.fingerprint,
            device=str(self.device),
            dtype=str(self.dtype).removeprefix("torch."),
            attention=str(config._attn_implementation or "none"),
            prompt="checkpoint",
            parameters=sum(p.numel() for p in self._model.parameters()),
        )

    def batch_size(self) -> int:
        """See the interface."""
        a_position = self._model.num_parameters() // 100 * self.dtype.itemsize
        return capacity.batch_size(capacity.free_memory(self.device), POSITIONS, a_position)

    def prepare(self, images: Sequence[Image.Image], prompt: str) -> Prepared:
        """See the interface; raises ValueError unless there is exactly one picture."""
        if len(images) != 1:
            raise ValueError(f"{self.name} classifies one picture a sample, got {len(images)}")
        picture = images[0].convert("RGB")
        pixels = self._processor(images=picture, return_tensors="pt")["pixel_values"]
        ids = torch.tensor([self._stop + 1])
        return Prepared(ids, torch.ones(1, dtype=torch.bool), pixels, (picture.height, picture.width))

    def encode(self, batch: Sequence[Prepared]) -> list[Float[Tensor, "tiles patches width"]]:
        """The class logits, as the one patch of the one tile."""
        pixels = torch.cat([item.pixel_values for item in batch]).to(self.device, self.dtype)
        return list(self._model(pixel_values=pixels).logits[:, None, None])

    def project(self, features: Sequence[Tensor]) -> list[Float[Tensor, "tiles tokens hidden"]]:
        """The logits with one for the stop token, which no picture says."""
        return [torch.nn.functional.pad(item, (0, 1), value=-CERTAIN) for item in features]

    def pack(self, projected: Tensor, prepared: Prepared) -> Float[Tensor, "visual hidden"]:
        """See the interface."""
        return projected[0]

    def layout(self, prepared: Prepared) -> Layout:
        """Raises NotMeasured: a classifier has no visual tokens."""
        raise NotMeasured(f"{self.name} is an image classifier: it has no visual tokens to perturb")

    def embed(self, prepared: Prepared, visual: Tensor) -> Float[Tensor, "positions hidden"]:
        """See the interface."""
        return visual

    def embed_tokens(self, ids: Tensor) -> Tensor:
        """After any class comes the stop token."""
        done = torch.full((*ids.shape, self._stop + 1), -CERTAIN, device=self.device, dtype=self.dtype)
        done[..., self._stop] = CERTAIN
        return done

    def layers(self) -> int:
        """Raises NotMeasured: a classifier has no decoder."""
        raise self._no_layers()

    def _no_layers(self) -> NotMeasured:
        return NotMeasured(f"{self.name} is an image classifier: it has no decoder layers to perturb")

    def decoder(
        self,
        inputs_embeds: Tensor,
        *,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Any = None,
        use_cache: bool = True,
        edit: Edit | None = None,
        wanted: Places | None = None,
    ) -> tuple[Tensor, Any]:
        """Nothing happens between the logits and the head."""
        return inputs_embeds, NothingCached()

    def inputs_of(self, inputs_embeds: Tensor, layers: Sequence[int]) -> tuple[dict[int, Tensor], Any]:
        """Raises NotMeasured, as `layers` does."""
        raise self._no_layers()

    def decoder_from(self, layer: int, hidden: Tensor, wanted: Places | None = None) -> tuple[Tensor, Any]:
        """Raises NotMeasured, as `layers` does."""
        raise self._no_layers()

    def with_lower(self, upper: Any, clean: Any, layer: int, rows: Sequence[int], positions: int) -> Any:
        """Raises NotMeasured, as `layers` does."""
        raise self._no_layers()

    def logits(self, hidden: Float[Tensor, "*positions hidden"]) -> Float[Tensor, "*positions vocabulary"]:
        """See the interface."""
        return hidden.float()

    def first_tokens(self, word: str) -> frozenset[int]:
        """The classes whose name begins with the word."""
        wanted = word.strip().casefold()
        return frozenset(k for k, name in enumerate(self._labels) if name.casefold().startswith(wanted))

    def text(self, tokens: Sequence[int]) -> str:
        """See the interface."""
        return " ".join(self._labels[t] for t in tokens if t < self._stop)


def _loaded(found: Checkpoint, dtype: torch.dtype) -> tuple[Any, Any]:
    """Transformers' model in evaluation mode and its image processor, no weight left at random."""
    auto: Any = AutoModelForImageClassification
    images: Any = AutoImageProcessor
    try:
        model, info = auto.from_pretrained(
            found.folder,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
        processor = images.from_pretrained(found.folder, local_files_only=True)
    except Exception as error:  # a damaged file raises whatever its reader happens to
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ModelUnavailable(f"{found.folder}: can't be loaded: {reason}") from error
    absent = sorted(str(key) for key in info["missing_keys"])
    if absent:
        raise ModelUnavailable(f"{found.folder}: {len(absent)} weights are missing, the first is {absent[0]}")
    return model.eval().requires_grad_(False), processor
