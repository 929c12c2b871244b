"""A planted model behind the stage interface: no weights, the same stages, restarts and cache.

The decoder's layers hand states on and set their tags; its last layer looks back from the cue, the last
token of a prompt, at everything before it and says what the law chooses, then the stop token.
"""

from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor

from ipllvm import planted_grid
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
from ipllvm.models.planted import naming, states
from ipllvm.models.planted.behaviour import LAYERS, Behaviour
from ipllvm.records import Layout, ModelInfo

POSITIONS = 256
CERTAIN = 20.0  # nats between the token that is said and every other


class Seen:
    """The cache: the states that the last layer has seen, [batch, slots, hidden]."""

    def __init__(self, states: Float[Tensor, "batch slots hidden"]) -> None:
        self.states = states

    def batch_select_indices(self, indices: Int[Tensor, " rows"]) -> None:
        """Keep these rows."""
        self.states = self.states[indices]


def _behind(code: Float[Tensor, "*positions code"], said: np.ndarray) -> Float[Tensor, "*positions hidden"]:
    """The code, what the picture says beside it, and room for what stands behind."""
    beside = torch.from_numpy(states.LOUD * said).to(code).expand(*code.shape[:-1], -1)
    return torch.nn.functional.pad(torch.cat([code, beside], -1), (0, states.BEHIND))


class PlantedModel(VisionLanguageModel):
    """The model of a law; `name` is its planted name, `label` what reports call it."""

    def __init__(self, name: str, label: str, device: torch.device, dtype: torch.dtype) -> None:
        self.law: Behaviour = naming.law(name)
        self.name = label
        self.fingerprint = naming.fingerprint(name)
        self.device = device
        self.dtype = dtype
        self.stop_tokens = frozenset({states.EOS})
        code = states.words(range(states.VOCABULARY)).to(device, dtype)
        self._embeddings = _behind(code, np.zeros_like(self.law.projected(None)))

    def info(self) -> ModelInfo:
        """See the interface."""
        return ModelInfo(
            name=self.name,
            family="planted",
            fingerprint=self.fingerprint,
            device=str(self.device),
            dtype=str(self.dtype).removeprefix("torch."),
            attention="none",
            prompt="checkpoint",
            parameters=0,
        )

    def batch_size(self) -> int:
        """See the interface."""
        bytes_a_position = self._embeddings.shape[1] * self.dtype.itemsize * 4
        return capacity.batch_size(capacity.free_memory(self.device), POSITIONS, bytes_a_position)

    def prepare(self, images: Sequence[Image.Image], prompt: str) -> Prepared:
        """See the interface; a picture of another size is scaled, and its cells say nothing.

        Raises ValueError as the interface does.
        """
        if len(images) > 1:
            raise ValueError(f"{self.name} takes one image a sample, got {len(images)}")
        if "<image>" in prompt:
            raise ValueError(f"the prompt holds '<image>' itself: {prompt[:80]!r}")
        text = [states.FIRST_BYTE + byte for byte in prompt.encode()]
        if not images:
            ids = torch.tensor([states.BOS, *text, states.CUE])
            return Prepared(ids, ids == states.IMAGE)
        picture = images[0].convert("RGB")
        side = (planted_grid.SIDE, planted_grid.SIDE)
        shown = picture if picture.size == side else picture.resize(side)
        pixels = torch.from_numpy(np.array(shown)).permute(2, 0, 1)[None].float() / 255
        ids = torch.tensor([states.BOS, *[states.IMAGE] * planted_grid.CELLS, *text, states.CUE])
        return Prepared(ids, ids == states.IMAGE, {"pixel_values": pixels})

    def encode(self, batch: Sequence[Prepared]) -> list[EncodedPicture]:
        """See the interface; raises RuntimeError for the pictures on which the law fails."""
        seen = [self._features(item.fields["pixel_values"][0])[None] for item in batch]
        said = [self.law.projected(states.number(item[0])) for item in seen]
        return [EncodedPicture(s, _behind(s, each)) for s, each in zip(seen, said, strict=True)]

    def _features(self, pixels: Float[Tensor, "3 64 64"]) -> Float[Tensor, "patches width"]:
        whole = (pixels * 255).round().to(torch.int64).permute(1, 2, 0).numpy()
        cells = planted_grid.read(whole)
        number = planted_grid.number(cells)
        if number is not None and self.law.fails(number):
            raise RuntimeError(f"{self.name} breaks down on picture {number}, as planted")
        return states.marks(cells).to(self.device, self.dtype)

    def pack(
        self, projected: Float[Tensor, "tiles tokens width"], prepared: Prepared
    ) -> Float[Tensor, "visual hidden"]:
        """See the interface."""
        return projected[0]

    def layout(self, prepared: Prepared) -> Layout:
        """See the interface."""
        places = np.arange(planted_grid.CELLS)
        row, column = places // planted_grid.GRID, places % planted_grid.GRID
        return Layout(np.zeros_like(places), row, column, np.zeros(len(places), bool))

    def embed(
        self, prepared: Prepared, visual: Float[Tensor, "visual wide"]
    ) -> Float[Tensor, "positions hidden"]:
        """See the interface."""
        surplus = prepared.visual & (prepared.visual.cumsum(0) > len(visual))
        ids, places = prepared.input_ids[~surplus], prepared.visual[~surplus]
        embeds = self.embed_tokens(ids.to(self.device))
        embeds[places.to(self.device)] = visual.to(embeds)
        return embeds

    def embed_tokens(self, ids: Int[Tensor, "*positions"]) -> Float[Tensor, "*positions hidden"]:
        """See the interface."""
        return self._embeddings[ids]

    def layers(self) -> int:
        """See the interface."""
        return LAYERS

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
        """See the interface; positions are told by their order."""
        tagged, _ = self._tagged(inputs_embeds, 0, edits)
        return self._answered(tagged, past_key_values, attention.mask, use_cache)

    def layer_inputs(
        self,
        inputs_embeds: Float[Tensor, "batch positions wide"],
        layers: Sequence[int],
        attention: Attention = CAUSAL,
    ) -> tuple[dict[int, Float[Tensor, "batch positions hidden"]], Any]:
        """See the interface."""
        tagged, kept = self._tagged(inputs_embeds, 0, keep=layers)
        return kept, self._answered(tagged, None, None, True)[1]

    def decode_from_layer(
        self,
        layer: int,
        hidden: Float[Tensor, "batch positions wide"],
        attention: Attention = CAUSAL,
        wanted: Places | None = None,
    ) -> tuple[Float[Tensor, "batch positions hidden"], Any]:
        """See the interface."""
        tagged, _ = self._tagged(hidden, layer)
        return self._answered(tagged, None, None, True)

    def select_from_cache(
        self, cache: Seen, rows: Int[Tensor, " live"], slots: Int[Tensor, "live slots"]
    ) -> Seen:
        """See the interface."""
        return Seen(cache.states[rows[:, None], slots])

    def fill_lower_layers(
        self, upper: Any, layer: int, clean: Any, rows: Int[Tensor, " live"], slots: Int[Tensor, "live slots"]
    ) -> Any:
        """See the interface; only the last layer looks back, so nothing is missing below."""
        return upper

    def _tagged(
        self, hidden: Tensor, first: int, edits: Sequence[Edit] = (), keep: Sequence[int] = ()
    ) -> tuple[Tensor, dict[int, Tensor]]:
        """The output of the layers from `first` on, and the inputs of those to keep."""
        hidden, kept, changes = hidden.clone(), {}, dict(edits)
        for layer in range(first, LAYERS):
            if layer in changes:
                hidden = changes[layer](hidden).clone()
            if layer in keep:
                kept[layer] = hidden.clone()
            hidden[..., layer - states.BEHIND] = states.SCALE
        return hidden, kept

    def _answered(
        self, tagged: Tensor, past: Seen | None, mask: Tensor | None, use_cache: bool
    ) -> tuple[Tensor, Seen | None]:
        """What is said next at each position, written into `tagged`, and the cache with these behind it."""
        seen = past or Seen(tagged[:, :0])
        before = seen.states.shape[1]
        seen.states = torch.cat([seen.states, tagged], 1)
        own = states.text_ids(states.differences(tagged.float()))
        tagged[..., states.SAID] = states.EOS
        for row, place in (own == states.CUE).nonzero().tolist():
            context = seen.states[row, : before + place + 1]
            ids = states.text_ids(states.differences(context.float())) if before else own[row, : place + 1]
            if mask is not None:
                sees = mask[row, : len(context)].bool()
                context, ids = context[sees], ids[sees]
            seen_by_it = states.sight(context, ids, (len(tagged), row))
            letter = ascii_uppercase[self.law.choose(seen_by_it)]
            tagged[row, place, states.SAID] = states.FIRST_BYTE + ord(letter)
        return tagged, seen if use_cache else None

    def logits(self, hidden: Float[Tensor, "*positions hidden"]) -> Float[Tensor, "*positions vocabulary"]:
        """See the interface."""
        said = hidden[..., states.SAID].float().round().long().clamp(0, states.VOCABULARY - 1)
        return CERTAIN * torch.nn.functional.one_hot(said, states.VOCABULARY).float()

    def first_tokens(self, word: str) -> frozenset[int]:
        """See the interface."""
        return frozenset([states.FIRST_BYTE + word.encode()[0]])

    def text(self, tokens: Sequence[int]) -> str:
        """See the interface."""
        said = bytes(t - states.FIRST_BYTE for t in tokens if t >= states.FIRST_BYTE)
        return said.decode("utf-8", "replace").strip()
