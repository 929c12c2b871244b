"""What the families share: stages through the public methods of transformers' own classes."""

import copy
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from ipllvm.models import capacity, layer_hooks
from ipllvm.models.base import TYPES, Edit, EncodedPicture, Left, Prepare, Prepared, PromptPositions
from ipllvm.models.forecast import TEXT_TOKENS
from ipllvm.models.language_half import LanguageHalf
from ipllvm.models.pipeline import LoadedCheckpoint
from ipllvm.models.preparing import Preparer
from ipllvm.models.sight import Sight, cut, sight
from ipllvm.models.views import View, laid_out
from ipllvm.records import Layout

TYPICAL = (640, 480)
"""Width and height of the picture that stands for others where there is none yet."""
KINDS = 256
"""How many kinds of pictures or prompts are remembered."""
T = TypeVar("T")


class TransformersModel(LanguageHalf):
    """The stages of any family whose visual tokens stand in the decoder's input.

    A family says which module is its PROJECTOR, whether it takes SEVERAL pictures, whether its positions
    are IN_ORDER and see all that come before, and which `views` of a picture its visual tokens come from.
    """

    PROJECTOR: ClassVar[str] = "multi_modal_projector"
    SEVERAL: ClassVar[bool] = True
    MARKED: ClassVar[bool] = True
    """Whether a prompt has a mark where a picture stands; else the processor puts the picture before it."""
    NESTED: ClassVar[bool] = False
    """Whether its processor treats several pictures of one prompt otherwise than pictures of several."""
    TOGETHER: ClassVar[bool] = True
    """Whether the fields of several samples can be joined."""
    IN_ORDER: ClassVar[bool] = True
    SIGHT: ClassVar[tuple[str, ...]] = ()
    """Fields, beside the types of tokens, that positions and masks are made of."""
    TEMPLATE: ClassVar[str | None] = None
    """The chat template of checkpoints that come without one."""

    def __init__(self, parts: LoadedCheckpoint) -> None:
        super().__init__(parts)
        self._projector = self._inner.get_submodule(self.PROJECTOR)
        self._known: dict[Any, Any] = {}
        self._preparer = Preparer(
            parts.processor,
            parts.prompt,
            parts.name,
            self.placeholder(),
            self.mark(),
            self.SEVERAL,
            self.NESTED,
        )

    def placeholder(self) -> int:
        """The id that stands where a visual token goes."""
        config = self._model.config
        names = ("image_token_id", "image_token_index", "image_patch_id")
        return next(int(getattr(config, n)) for n in names if getattr(config, n, None) is not None)

    def mark(self) -> str:
        """What stands for a picture in the chat template's text; empty where nothing does."""
        return str(self._processor.image_token) if self.MARKED else ""

    @abstractmethod
    def views(self, prepared: Prepared) -> Sequence[View]:
        """The grids that the visual tokens of a sample come from, in their order."""

    def batch_size(self) -> int:
        """See the interface: as many prompts about a typical picture as fit."""
        positions = TEXT_TOKENS + len(self.prepare([Image.new("RGB", TYPICAL)], "").input_ids)
        bytes_a_position = capacity.position_bytes(self._model.config.get_text_config(), self.dtype.itemsize)
        return capacity.batch_size(capacity.free_memory(self.device), positions, bytes_a_position)

    def patch_grid(self) -> int | None:
        """See the interface."""
        vision = getattr(self._model.config, "vision_config", None)
        side, patch = (_square(getattr(vision, name, None)) for name in ("image_size", "patch_size"))
        return side // patch if side and patch else None

    def cost(self, prepared: Prepared) -> capacity.SampleCost:
        """See the interface."""
        found = capacity.sample_cost(self._model, self._decoder, prepared.fields.get("pixel_values"))
        return replace(
            found, numbers=sum(each.nbytes for each in prepared.vision.values()) / capacity.ITEMSIZE
        )

    def prepare(self, images: Sequence[Image.Image], prompt: str) -> Prepared:
        """See the interface."""
        return self._preparer.prepare(images, prompt)

    def preparing(self) -> Prepare:
        """See the interface: by a processor of its own; tokenizers are not for two threads at once."""
        return copy.deepcopy(self._preparer).prepare

    def with_prompt(self, prepared: Prepared, prompt: str) -> Prepared | None:
        """See the interface."""
        return self._preparer.with_prompt(prepared, prompt)

    @property
    def embeddings_suffice(self) -> bool:
        """Whether plain `generate` of a prompt's embeddings, and of nothing else, answers it."""
        bare = type(self)._apart is LanguageHalf._apart and self._inner is not self._model
        return self.IN_ORDER and bare

    def together(self, questions: Sequence[tuple[Sequence[Image.Image], str]]) -> dict[str, Tensor]:
        """What `generate_from` takes: the fields of several questions, on the model's device."""
        return self._placed(self._preparer.together(questions))

    def _placed(self, fields: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {
            n: v.to(self.device, self.dtype if v.is_floating_point() else v.dtype) for n, v in fields.items()
        }

    def generate_from(
        self,
        fields: Mapping[str, Tensor],
        limit: int,
        changes: Sequence[Callable[[Tensor], Tensor]] = (),
        edit: Edit | None = None,
        *,
        stop: bool = True,
    ) -> list[tuple[int, ...]]:
        """Transformers' own greedy `generate` on what the processor made, changed by hooks alone: `changes`
        is what is done to the visual tokens of each prompt. What the engine is compared with.
        """
        where = fields["input_ids"] == self.placeholder()
        with (
            layer_hooks.with_layer_inputs(self._decoder, [edit] if edit else []),
            layer_hooks.visual_tokens_changed(self._decoder, where, changes),
        ):
            out = self._greedily(stop, max_new_tokens=limit, **fields)
        return [self._ended(row) if stop else tuple(row) for row in out[:, where.shape[1] :].tolist()]

    def encode(self, batch: Sequence[Prepared]) -> list[EncodedPicture]:
        """See the interface: through the family's own function, one call for all fields of one shape."""
        kinds: dict[Any, list[int]] = {}
        for number, item in enumerate(batch):
            kinds.setdefault(_kind(item) if self.TOGETHER else number, []).append(number)
        found: dict[int, EncodedPicture] = {}
        for numbers in kinds.values():
            found |= zip(numbers, self._encoded([batch[number] for number in numbers]), strict=True)
        return [found[number] for number in range(len(batch))]

    def _encoded(self, alike: Sequence[Prepared]) -> list[EncodedPicture]:
        """Samples whose fields are of one shape: what comes out has equally many rows for each."""
        with layer_hooks.recorded_calls(self._projector) as given:
            tokens = self._tokens(self._pictures(alike))
        # b samples, p patches and t tokens of each
        patches = torch.cat([each.flatten(0, -2) for each in given])  # [b * p, width]
        rows, width = (len(alike), -1), patches.shape[-1]
        return [
            EncodedPicture(each[None], self._by_view(own, item))
            for each, own, item in zip(
                patches.view(*rows, width),  # [b, p, width]
                tokens.view(*rows, tokens.shape[-1]),  # [b, t, hidden]
                alike,
                strict=True,
            )
        ]

    def _pictures(self, alike: Sequence[Prepared]) -> Any:
        """What the family's own function makes of the pictures of some samples."""
        vision = [item.vision for item in alike]
        joined = {name: torch.cat([fields[name] for fields in vision]) for name in vision[0]}
        return self._inner.get_image_features(**self._placed(joined), **self._how(), return_dict=True)

    def _how(self) -> dict[str, Any]:
        """What `get_image_features` wants beside the pictures."""
        return {}

    def _tokens(self, found: Any) -> Float[Tensor, "tokens hidden"]:
        """The visual tokens of all pictures behind each other, as `get_image_features` gives them."""
        return flat(found.pooler_output)

    def _by_view(self, tokens: Tensor, prepared: Prepared) -> Float[Tensor, "tiles tokens hidden"]:
        """The tokens of a sample with a row for each view, where views are of one size."""
        sizes = {len(view) for view in self.views(prepared)}
        each = sizes.pop() if len(sizes) == 1 else len(tokens)
        return tokens.view(-1, each, tokens.shape[-1])  # [views or 1, tokens of each, hidden]

    def pack(
        self, projected: Float[Tensor, "tiles tokens width"], prepared: Prepared
    ) -> Float[Tensor, "visual hidden"]:
        """See the interface: nothing stands between the views."""
        return projected.flatten(0, 1)  # [visual, hidden]

    def layout(self, prepared: Prepared) -> Layout:
        """See the interface: the views, row by row; raises ValueError where the prompt has another number of
        placeholders.
        """
        views = tuple(self.views(prepared))
        layout = self._remembered(views, lambda: laid_out(views))
        return self._fitting(layout, prepared)

    def _remembered(self, kind: Any, made: Callable[[], T]) -> T:
        """What is worked out once for pictures or prompts of one kind, as long as there are few kinds."""
        if kind not in self._known:
            if len(self._known) == KINDS:
                self._known.clear()
            self._known[kind] = made()
        known: T = self._known[kind]
        return known

    def _fitting(self, layout: Layout, prepared: Prepared) -> Layout:
        expected = int(prepared.visual.sum())
        if len(layout) != expected:
            raise ValueError(f"{self.name} packs {len(layout)} visual tokens where the prompt has {expected}")
        return layout

    def require_as_many(self, prepared: Prepared) -> None:
        """Raises ValueError where the tower makes another number of tokens than a prompt has places for, as
        far as it can be told of a model without weights.
        """

    def embed(
        self, prepared: Prepared, visual: Float[Tensor, "visual wide"]
    ) -> Float[Tensor, "positions hidden"]:
        """See the interface."""
        ids, places = prepared.input_ids, prepared.visual.nonzero()[:, 0]
        if len(visual) < len(places):
            kept = ~prepared.visual
            kept[places[: len(visual)]] = True
            ids, places = ids[kept], prepared.visual[kept].nonzero()[:, 0]
        embeds = self.embed_tokens(ids.to(self.device))
        self._put(embeds, places.to(self.device), visual.to(embeds))
        return embeds

    def _put(self, embeds: Tensor, places: Tensor, visual: Tensor) -> None:
        """Put the visual tokens at their places; what stands beside a placeholder stays."""
        embeds[places, : visual.shape[-1]] = visual

    def standing(self, prepared: Prepared, left: Left | None = None) -> PromptPositions | None:
        """See the interface: what the family's own forward gives its decoder, seen once for each prompt.

        Where tokens are left out, those with places on several axes keep them; on one the gap is closed.
        """
        if self.IN_ORDER:
            return None
        whole = self._remembered(_worded(prepared), lambda: self._sight(prepared).standing(self.kinds))
        if left is None:
            return whole
        rest = left(torch.ones(int(prepared.visual.sum()), 1))
        kept = ~prepared.visual
        kept[prepared.visual.nonzero()[: len(rest), 0]] = True
        if len(whole.positions) == 1:
            return self._sight(cut(prepared, kept)).standing(self.kinds)
        positions = whole.positions[:, kept]
        positions[:, prepared.visual[kept]] = (
            left(whole.positions[:, prepared.visual].T.float()).round().long().T
        )
        return PromptPositions(positions)

    def _sight(self, prepared: Prepared) -> Sight:
        """What the decoder is given of a prompt without its pictures."""
        fields = {name: value for name, value in prepared.fields.items() if name in (*TYPES, *self.SIGHT)}
        return sight(self._model, self._decoder, prepared.input_ids, fields)


def _worded(prepared: Prepared) -> Any:
    """What tells prompts apart, pictures by their sizes: ids, and fields that are no pixels."""
    told = (value for _, value in sorted(prepared.fields.items()) if not value.is_floating_point())
    return prepared.input_ids.numpy().tobytes(), *(value.numpy().tobytes() for value in told)


def flat(found: Any) -> Float[Tensor, "tokens hidden"]:
    """Tokens of several pictures or tiles behind each other."""
    if isinstance(found, Tensor):
        return found.flatten(0, -2)
    return torch.cat([each.flatten(0, -2) for each in found])


def _kind(prepared: Prepared) -> Any:
    """What samples must have in common to go through a tower together: shapes, and sizes that are told."""
    return tuple(
        (name, tuple(value.shape), None if value.is_floating_point() else value.numpy().tobytes())
        for name, value in sorted(prepared.vision.items())
    )


def _square(side: Any) -> int | None:
    """The side of a square, however a config tells it."""
    sides = {side} if isinstance(side, int) else set(side) if isinstance(side, (list, tuple)) else set()
    return sides.pop() if len(sides) == 1 else None
