"""The one interface of all models: prepare -> encode -> pack -> embed -> decoder -> logits."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from jaxtyping import Bool, Float, Int
from PIL import Image
from torch import Tensor

from ipllvm.models.capacity import Footprint, SampleCost
from ipllvm.records import Layout, ModelInfo, Stage

Edit = tuple[int, Callable[[Tensor], Tensor]]
"""A layer, and what is done to its input [batch, positions, hidden] before it runs."""
Places = tuple[Tensor, Tensor]
"""Positions of a batch, as their rows and their columns, both int64 [places]."""


@dataclass(frozen=True, slots=True)
class Attention:
    """What positions see, and where they stand: all that come before, in order, where nothing is said.

    Columns are the positions that are run now, slots those of the keys: what is in a cache, then the columns.
    `mask` is true where a slot is seen by all columns of its row, or it is what is added to the scores, of
    all heads alike; `by_kind` are such scores by kind of layer, where kinds see differently. In the first
    `causal` columns the mask hides nothing that comes before. `positions` have one axis, or three where
    the rows and columns of a picture are told apart.
    """

    mask: Bool[Tensor, "rows slots"] | Float[Tensor, "rows 1 columns slots"] | None = None
    by_kind: Mapping[str, Float[Tensor, "rows 1 columns slots"]] | None = None
    positions: Int[Tensor, "axes rows columns"] | None = None
    causal: int = 0


CAUSAL = Attention()
"""All that comes before, in order."""


@dataclass(frozen=True, slots=True)
class PromptPositions:
    """Where the positions of a prompt stand, and what each sees, by kind of layer; all that come before where
    nothing is said. An answer's tokens stand behind the largest position, on all axes.
    """

    positions: Int[Tensor, "axes positions"]
    sees: Mapping[str, Bool[Tensor, "positions positions"]] = field(default_factory=dict)

    def extended(self, more: int) -> Int[Tensor, "axes positions"]:
        """The positions with those of so many tokens of an answer behind them."""
        behind = self.positions.max() + 1 + torch.arange(more)
        return torch.cat([self.positions, behind.expand(len(self.positions), -1)], 1)  # [axes, all]

    def closed(self, length: int) -> int:
        """The smallest number of positions, at least `length`, of which none sees beyond them."""
        for sees in self.sees.values():
            reach = torch.where(sees, torch.arange(len(sees)), -1).amax(1).cummax(0).values
            ends = (reach <= torch.arange(len(sees))).nonzero()[:, 0] + 1
            length = int(ends[ends >= length][0]) if length else 0
        return length


Prepare = Callable[[Sequence[Image.Image], str], "Prepared"]
"""Pictures and a prompt, as the model takes them."""
Left = Callable[[Tensor], Tensor]
"""Of one row a visual token, those that are left, or what is put in their place."""

TYPES = ("token_type_ids", "mm_token_type_ids")
"""Fields of a processor that say of each position whether it is visual."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """One sample as the model takes it, on the CPU.

    `input_ids` holds one placeholder for each visual token, `visual` says where they are; `fields` is all
    else that the processor made, by name, each with its batch axis of 1 or one entry a picture. `sizes` are
    (height, width) of the pictures before any preprocessing.
    """

    input_ids: Int[Tensor, " positions"]
    visual: Bool[Tensor, " positions"]
    fields: Mapping[str, Tensor] = field(default_factory=dict)
    sizes: tuple[tuple[int, int], ...] = ()

    @property
    def vision(self) -> dict[str, Tensor]:
        """The fields that the tower takes."""
        return {name: value for name, value in self.fields.items() if name not in TYPES}

    @property
    def tiles(self) -> Float[Tensor, "tiles 3 height width"] | None:
        """The normalised pictures and parts of pictures, where the processor makes such."""
        pixels = self.fields.get("pixel_values")
        if pixels is None or pixels.ndim not in (4, 5):
            return None
        return pixels.flatten(0, -4)  # [tiles, 3, height, width], of [pictures, tiles, 3, height, width] too


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """The pictures of a sample on both sides of the projector: what it takes and what it gives.

    `projected` has a row for each tile, where tiles have equally many tokens.
    """

    patches: Float[Tensor, "tiles patches width"]
    projected: Float[Tensor, "tiles tokens hidden"]


class VisionLanguageModel(ABC):
    """A model whose stages can be run one by one; chained, they answer as plain greedy `generate`.

    `fingerprint` is a digest of weights, config, processor and template. `stop_tokens` end an answer.
    `stages` are those at which it can be perturbed. `image_backend` is what processes its pictures.
    `footprint` is what its decoder holds in memory, None where that does not matter. `supports_prefix_cache`
    says that it can begin behind keys and values, `verifies_drafts` that a token is the same behind a prompt
    and in a step of its own. `placed` says that its visual tokens have places in the
    picture, `forgets` that its cache can't be cut: it remembers a state and not positions. `sealed` says
    why it can only be asked as a whole, where it is (ipllvm/models/whole.py). `width` is how
    many numbers of a row are the hidden state, where a family puts others beside it. `max_positions` is
    the longest prompt that it was made for, None where there is none. `weights` are the names of the files
    that it was read from, `notes` what a report should say of its checkpoint. `rounds` says that what goes
    from layer to layer is rounded to 8 bits, `stored` how many bytes its weights take where they are
    quantised, 0 where they are not.
    """

    MEANING: ClassVar[tuple[str, ...]] = ()
    """What a property means for the family where that is not plain: a report says it."""
    name: str
    fingerprint: str
    device: torch.device
    dtype: torch.dtype
    stop_tokens: frozenset[int]
    stages: frozenset[Stage] = frozenset(Stage)
    supports_prefix_cache: bool = False
    verifies_drafts: bool = True
    placed: bool = True
    forgets: bool = False
    sealed: str = ""
    image_backend: str = "pil"
    footprint: Footprint | None = None
    width: int | None = None
    max_positions: int | None = None
    weights: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rounds: bool = False
    stored: int = 0

    @abstractmethod
    def info(self) -> ModelInfo:
        """What a report says of the model: identity and numerics."""

    @property
    def supports_shared_rows(self) -> bool:
        """Whether a mask can hide prompts in one row from each other."""
        return False

    @property
    def windows(self) -> Mapping[str, int]:
        """How many positions each kind of layer sees, itself among them, where that is not all before."""
        return {}

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds of layers that a mask is for."""
        return ("full_attention",)

    @abstractmethod
    def batch_size(self) -> int:
        """How many samples to answer together, from the memory that is free now; at least 1."""

    @abstractmethod
    def prepare(self, images: Sequence[Image.Image], prompt: str) -> Prepared:
        """The prompt in the checkpoint's chat template and its picture, processed as shipped.

        Without a picture there are no placeholders and no tiles: only `embed_tokens` is left to do.
        Raises ValueError where the model takes fewer images, or the prompt holds the image token.
        """

    def preparing(self) -> Prepare:
        """`prepare` for another thread, which runs beside this one."""
        return self.prepare

    def with_prompt(self, prepared: Prepared, prompt: str) -> Prepared | None:
        """The same picture behind another prompt, as `prepare` makes it; None where it must make it anew."""
        return None

    @abstractmethod
    def encode(self, batch: Sequence[Prepared]) -> list[EncodedPicture]:
        """f_V and f_P: the pictures of each sample before and after the projector, before packing."""

    def projected(self, batch: Sequence[Prepared]) -> list[Float[Tensor, "_tiles _tokens hidden"]]:
        """What the projector gives, one tensor a sample."""
        return [each.projected for each in self.encode(batch)]

    @abstractmethod
    def pack(
        self, projected: Float[Tensor, "tiles tokens width"], prepared: Prepared
    ) -> Float[Tensor, "visual hidden"]:
        """The visual tokens as the decoder gets them: tiles unpadded, newlines in place."""

    @abstractmethod
    def layout(self, prepared: Prepared) -> Layout:
        """Where each packed token comes from; as long as `pack` of the same sample."""

    @abstractmethod
    def embed(
        self, prepared: Prepared, visual: Float[Tensor, "visual wide"]
    ) -> Float[Tensor, "positions hidden"]:
        """The decoder's input: token embeddings with the visual tokens put in.

        Fewer visual tokens than placeholders make a shorter input: surplus placeholders are left out. What
        a family puts beside an embedding (features of deeper layers) stands behind it in the same row.
        """

    def standing(self, prepared: Prepared, left: Left | None = None) -> PromptPositions | None:
        """Where the positions of a prompt stand and what they see; None for all that come before, in order.

        `left` says what became of the visual tokens where there are fewer than placeholders.
        """
        return None

    def embed_words(self, prepared: Prepared) -> Float[Tensor, "positions hidden"]:
        """The decoder's input of a sample without a picture."""
        return self.embed_tokens(prepared.input_ids.to(self.device))

    @abstractmethod
    def embed_tokens(self, ids: Int[Tensor, "*positions"]) -> Float[Tensor, "*positions hidden"]:
        """Embeddings of token ids of any shape, (..., hidden)."""

    def embed_answer(self, ids: Int[Tensor, "*positions"]) -> Float[Tensor, "*positions hidden"]:
        """Embeddings of tokens that the model said, as `embed_tokens` of those of a prompt."""
        return self.embed_tokens(ids)

    def cost(self, prepared: Prepared) -> SampleCost:
        """What a sample costs, as far as the shapes of the weights tell."""
        return SampleCost()

    def patch_grid(self) -> int | None:
        """Into how many rows and columns of patches its encoder cuts a picture; None where it does not."""
        return None

    def eager(self) -> AbstractContextManager[None]:
        """While it lasts, attention is computed the plain way; nothing changes where there is none."""
        return nullcontext()

    @abstractmethod
    def layers(self) -> int:
        """How many layers the decoder has."""

    def layer_kinds(self) -> tuple[str, ...]:
        """What distinguishes the layers of the decoder, one word or more for each; none where none can be
        entered.
        """
        return ()

    def pipeline_answer(
        self, images: Sequence[Image.Image], prompt: str, limit: int
    ) -> tuple[int, ...] | None:
        """At most `limit` tokens of the greedy answer by the checkpoint's own pipeline, the stop token among
        them; None where there is no such pipeline. Raises whatever that raises.
        """
        return None

    @abstractmethod
    def decoder(
        self,
        inputs_embeds: Float[Tensor, "batch positions hidden"],
        *,
        attention: Attention = CAUSAL,
        past_key_values: Any = None,
        use_cache: bool = True,
        edits: Sequence[Edit] = (),
        wanted: Places | None = None,
    ) -> tuple[Float[Tensor, "batch positions hidden"], Any]:
        """f_L without its head: final hidden states, and the cache (None without `use_cache`).

        `edits` are of different layers: each function replaces the input of its layer. With `wanted` the
        states of other places may mean nothing; the cache is whole all the same.
        """

    @abstractmethod
    def layer_inputs(
        self,
        inputs_embeds: Float[Tensor, "batch positions hidden"],
        layers: Sequence[int],
        attention: Attention = CAUSAL,
    ) -> tuple[dict[int, Float[Tensor, "batch positions hidden"]], Any]:
        """A clean pass: the inputs of some layers, and the cache of all layers."""

    @abstractmethod
    def decode_from_layer(
        self,
        layer: int,
        hidden: Float[Tensor, "batch positions hidden"],
        attention: Attention = CAUSAL,
        wanted: Places | None = None,
    ) -> tuple[Float[Tensor, "batch positions hidden"], Any]:
        """Layers `layer` and up on the input of that layer: final hidden states, and a cache that
        holds those layers only (`fill_lower_layers` completes it); `wanted` as in `decoder`.
        """

    @abstractmethod
    def select_from_cache(
        self, cache: Any, rows: Int[Tensor, " live"], slots: Int[Tensor, "live slots"]
    ) -> Any:
        """Some slots of some rows of a cache, which is taken apart: a cache to go on from, or where the model
        pools what a `pooled_cache` copies. A row may be named several times.
        """

    @abstractmethod
    def fill_lower_layers(
        self, upper: Any, layer: int, clean: Any, rows: Int[Tensor, " live"], slots: Int[Tensor, "live slots"]
    ) -> Any:
        """What was selected from the cache of `decode_from_layer`, completed below `layer` by some slots of
        some rows of a clean one, which stays.
        """

    def join_caches(self, rows: Sequence[Any], length: int) -> Any:
        """A cache of which each row holds the first positions of the only row of one of some caches, `rows`,
        which stay as they are; where the model continues.
        """
        raise NotImplementedError(f"{self.name} can't go on from a cache")

    @property
    def pools(self) -> bool:
        """Whether answers of several batches can go on together, in a `pooled_cache`."""
        return False

    def pooled_cache(self) -> Any:
        """An empty cache of rows that come and go (ipllvm/models/caches.py), where the model pools."""
        raise NotImplementedError(f"{self.name} can't go on with rows of several batches")

    @abstractmethod
    def logits(self, hidden: Float[Tensor, "*positions hidden"]) -> Float[Tensor, "*positions vocabulary"]:
        """The head on the positions given, in float32."""

    @abstractmethod
    def first_tokens(self, word: str) -> frozenset[int]:
        """The tokens that an answer beginning with a word can begin with."""

    @abstractmethod
    def text(self, tokens: Sequence[int]) -> str:
        """The words of an answer: specials skipped, stripped."""
