"""What the families share: stages through the public methods of transformers' own classes."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn

from ipllvm.models import caches, capacity, layer_hooks, pipeline
from ipllvm.models.base import (
    CAUSAL,
    Attention,
    Edit,
    EncodedPicture,
    Places,
    Prepared,
    VisionLanguageModel,
)
from ipllvm.models.forecast import TEXT_TOKENS
from ipllvm.models.preparing import Preparer
from ipllvm.models.prompting import PromptStyle
from ipllvm.models.views import View, laid_out
from ipllvm.records import Layout, ModelInfo

TYPICAL = (640, 480)
"""Width and height of the picture that stands for others where there is none yet."""
LAYOUTS = 256
NO_TOKEN = 2**31 - 1
"""An id that no vocabulary has."""


@dataclass(frozen=True, slots=True)
class LoadedCheckpoint:
    """A loaded checkpoint: transformers' model and processor, and what it is called."""

    model: Any
    processor: Any
    name: str
    fingerprint: str
    prompt: PromptStyle


class TransformersModel(VisionLanguageModel):
    """The stages of any family whose visual tokens stand in the decoder's input.

    A family says which module is its PROJECTOR, whether it takes SEVERAL pictures, whether its positions
    are IN_ORDER and see all that come before, and which `views` of a picture its visual tokens come from.
    """

    supports_prefix_cache = True
    PROJECTOR: ClassVar[str] = "multi_modal_projector"
    SEVERAL: ClassVar[bool] = True
    IN_ORDER: ClassVar[bool] = True
    TEMPLATE: ClassVar[str | None] = None
    """The chat template of checkpoints that come without one."""

    def __init__(self, parts: LoadedCheckpoint) -> None:
        self._model = parts.model
        self._processor = parts.processor
        self._prompt = parts.prompt
        self.name = parts.name
        self.fingerprint = parts.fingerprint
        self.device = parts.model.device
        self.dtype = parts.model.dtype
        self.stop_tokens = frozenset(_stop_tokens(parts.model, parts.processor.tokenizer))
        self._inner = getattr(parts.model, "model", parts.model)
        self._projector = self._inner.get_submodule(self.PROJECTOR)
        self._decoder = layer_hooks.with_layers(parts.model.get_decoder())
        self._words, self._head = parts.model.get_input_embeddings(), parts.model.get_output_embeddings()
        self._layouts: dict[Any, Layout] = {}
        if not parts.processor.chat_template:
            parts.processor.chat_template = self.TEMPLATE
        self._preparer = Preparer(
            parts.processor, parts.prompt, parts.name, self.placeholder(), self.mark(), self.SEVERAL
        )

    def placeholder(self) -> int:
        """The id that stands where a visual token goes."""
        config = self._model.config
        names = ("image_token_id", "image_token_index", "image_patch_id")
        return next(int(getattr(config, n)) for n in names if getattr(config, n, None) is not None)

    def mark(self) -> str:
        """What stands for a picture in the chat template's text."""
        return str(self._processor.image_token)

    @abstractmethod
    def views(self, prepared: Prepared) -> Sequence[View]:
        """The grids that the visual tokens of a sample come from, in their order."""

    def info(self) -> ModelInfo:
        """See the interface."""
        config = self._model.config
        return ModelInfo(
            name=self.name,
            family=config.model_type,
            fingerprint=self.fingerprint,
            device=str(self.device),
            dtype=str(self.dtype).removeprefix("torch."),
            attention=str(config._attn_implementation),
            prompt="original" if self._prompt.system else "checkpoint",
            parameters=sum(p.numel() for p in self._model.parameters()),
            weights=self.weights,
            notes=self.notes,
        )

    @property
    def supports_shared_rows(self) -> bool:
        """See the interface."""
        return layer_hooks.window(self._decoder) is None

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

    def prepare(self, images: Sequence[Image.Image], prompt: str) -> Prepared:
        """See the interface."""
        return self._preparer.prepare(images, prompt)

    def with_prompt(self, prepared: Prepared, prompt: str) -> Prepared | None:
        """See the interface."""
        return self._preparer.with_prompt(prepared, prompt)

    def encode(self, batch: Sequence[Prepared]) -> list[EncodedPicture]:
        """See the interface: through the family's own function, one call for all fields of one shape."""
        kinds: dict[Any, list[int]] = {}
        for number, item in enumerate(batch):
            kinds.setdefault(_kind(item), []).append(number)
        found: dict[int, EncodedPicture] = {}
        for numbers in kinds.values():
            found |= zip(numbers, self._encoded([batch[number] for number in numbers]), strict=True)
        return [found[number] for number in range(len(batch))]

    def _encoded(self, alike: Sequence[Prepared]) -> list[EncodedPicture]:
        """Samples whose fields are of one shape: what comes out has equally many rows for each."""
        with layer_hooks.recorded_calls(self._projector) as given:
            tokens = self._tokens(self._pictures(alike))
        patches = torch.cat([each.flatten(0, -2) for each in given])
        rows, width = (len(alike), -1), patches.shape[-1]
        return [
            EncodedPicture(each[None], self._by_view(own, item))
            for each, own, item in zip(
                patches.view(*rows, width), tokens.view(*rows, tokens.shape[-1]), alike, strict=True
            )
        ]

    def _pictures(self, alike: Sequence[Prepared]) -> Any:
        """What the family's own function makes of the pictures of some samples."""
        vision = [item.vision for item in alike]
        joined = {name: torch.cat([fields[name] for fields in vision]) for name in vision[0]}
        placed = {
            n: v.to(self.device, self.dtype if v.is_floating_point() else v.dtype) for n, v in joined.items()
        }
        return self._inner.get_image_features(**placed, return_dict=True)

    def _tokens(self, found: Any) -> Float[Tensor, "tokens hidden"]:
        """The visual tokens of all pictures behind each other, as `get_image_features` gives them."""
        return flat(found.pooler_output)

    def _by_view(self, tokens: Tensor, prepared: Prepared) -> Float[Tensor, "tiles tokens hidden"]:
        """The tokens of a sample with a row for each view, where views are of one size."""
        sizes = {len(view) for view in self.views(prepared)}
        return tokens.view(-1, sizes.pop() if len(sizes) == 1 else len(tokens), tokens.shape[-1])

    def pack(self, projected: Tensor, prepared: Prepared) -> Tensor:
        """See the interface: nothing stands between the views."""
        return projected.flatten(0, 1)

    def layout(self, prepared: Prepared) -> Layout:
        """See the interface: the views, row by row; raises ValueError where the prompt has another number of
        placeholders.
        """
        views = tuple(self.views(prepared))
        layout = self._remembered(views, lambda: laid_out(views))
        return self._fitting(layout, prepared)

    def _remembered(self, kind: Any, made: Callable[[], Layout]) -> Layout:
        """Layouts are worked out once for pictures of one kind, as long as there are few kinds."""
        if kind not in self._layouts:
            if len(self._layouts) == LAYOUTS:
                self._layouts.clear()
            self._layouts[kind] = made()
        return self._layouts[kind]

    def _fitting(self, layout: Layout, prepared: Prepared) -> Layout:
        expected = int(prepared.visual.sum())
        if len(layout) != expected:
            raise ValueError(f"{self.name} packs {len(layout)} visual tokens where the prompt has {expected}")
        return layout

    def embed(self, prepared: Prepared, visual: Tensor) -> Tensor:
        """See the interface."""
        ids, places = prepared.input_ids, prepared.visual.nonzero()[:, 0]
        if len(visual) < len(places):
            kept = ~prepared.visual
            kept[places[: len(visual)]] = True
            ids, places = ids[kept], prepared.visual[kept].nonzero()[:, 0]
        embeds = self.embed_tokens(ids.to(self.device))
        embeds[places.to(self.device)] = visual.to(embeds)
        return embeds

    def embed_tokens(self, ids: Tensor) -> Tensor:
        """See the interface."""
        return self._words(ids)  # type: ignore[no-any-return]

    def decoder(
        self,
        inputs_embeds: Tensor,
        *,
        attention: Attention = CAUSAL,
        past_key_values: Any = None,
        use_cache: bool = True,
        edit: Edit | None = None,
        wanted: Places | None = None,
    ) -> tuple[Tensor, Any]:
        """See the interface."""
        held = 0 if past_key_values is None else past_key_values.get_seq_length()
        layer_hooks.require_within(self._decoder, held + inputs_embeds.shape[1])
        with layer_hooks.with_layer_input(self._decoder, edit), layer_hooks.only_at(self._decoder, wanted):
            out = self._decoder(
                inputs_embeds=inputs_embeds,
                attention_mask=attention.mask,
                position_ids=_by_axes(attention.positions),
                past_key_values=past_key_values,
                use_cache=use_cache,
                return_dict=True,
            )
        return out.last_hidden_state, out.past_key_values

    @contextmanager
    def eager(self) -> Iterator[None]:
        """See the interface."""
        usual = self._model.config._attn_implementation
        self._model.set_attn_implementation("eager")
        try:
            yield
        finally:
            self._model.set_attn_implementation(usual)

    def layers(self) -> int:
        """See the interface."""
        return len(self._decoder.layers)

    def layer_kinds(self) -> tuple[str, ...]:
        """See the interface."""
        return pipeline.layer_kinds(self._decoder)

    def pipeline_answer(
        self, images: Sequence[Image.Image], prompt: str, limit: int
    ) -> tuple[int, ...] | None:
        """See the interface."""
        return pipeline.answer(self._model, self._processor, self._prompt, images, prompt, limit)

    def layer_inputs(
        self, inputs_embeds: Tensor, layers: Sequence[int], attention: Attention = CAUSAL
    ) -> tuple[dict[int, Tensor], Any]:
        """See the interface."""
        with layer_hooks.recorded_inputs(self._decoder, layers) as kept:
            _, cache = self.decoder(inputs_embeds, attention=attention)
        return kept, cache

    def decode_from_layer(
        self, layer: int, hidden: Tensor, attention: Attention = CAUSAL, wanted: Places | None = None
    ) -> tuple[Tensor, Any]:
        """See the interface."""
        layer_hooks.require_within(self._decoder, hidden.shape[1])
        with layer_hooks.entered_at(self._decoder, layer, hidden), layer_hooks.only_at(self._decoder, wanted):
            out = self._decoder(
                inputs_embeds=hidden,
                attention_mask=attention.mask,
                position_ids=_by_axes(attention.positions),
                use_cache=True,
                return_dict=True,
            )
        return out.last_hidden_state, out.past_key_values

    def select_from_cache(self, cache: Any, rows: Tensor, slots: Tensor) -> Any:
        """See the interface."""
        return caches.select_from_cache(cache, rows, slots)

    def fill_lower_layers(self, upper: Any, layer: int, clean: Any, rows: Tensor, slots: Tensor) -> Any:
        """See the interface."""
        return caches.copied(clean.layers[:layer], rows, slots, upper)

    def expand_cache(self, cache: Any, rows: int) -> Any:
        """See the interface."""
        return caches.expand_cache(cache, rows)

    def linears(self) -> list[nn.Linear]:
        """Every linear layer, of tower, projector, decoder and head."""
        return [module for module in self._model.modules() if isinstance(module, nn.Linear)]

    def decoder_linears(self) -> list[nn.Linear]:
        """Every linear layer of the decoder, without the head."""
        return [module for module in self._decoder.modules() if isinstance(module, nn.Linear)]

    def generate(
        self, embeds: Sequence[Tensor], max_new_tokens: int, edit: Edit | None = None, *, stop: bool = True
    ) -> list[tuple[int, ...]]:
        """Transformers' own greedy `generate` on prompts of any lengths, padded on the left.

        What the engine is compared with; `stop` False goes on beyond the end of an answer.
        """
        width = max(len(prompt) for prompt in embeds)
        padded = torch.stack([nn.functional.pad(p, (0, 0, width - len(p), 0)) for p in embeds])
        lengths = torch.tensor([len(prompt) for prompt in embeds], device=self.device)
        mask = torch.arange(width, device=self.device) >= (width - lengths)[:, None]
        with layer_hooks.with_layer_input(self._decoder, edit):
            out = self._model.generate(
                inputs_embeds=padded,
                attention_mask=mask.long(),
                max_new_tokens=max_new_tokens,
                do_sample=False,
                num_beams=1,
                repetition_penalty=1.0,
                no_repeat_ngram_size=0,
                pad_token_id=0,
                eos_token_id=sorted(self.stop_tokens) if stop else NO_TOKEN,
            )
        return [self._ended(row) if stop else tuple(row) for row in out.tolist()]

    def _ended(self, tokens: Sequence[int]) -> tuple[int, ...]:
        stop = next((i for i, token in enumerate(tokens) if token in self.stop_tokens), len(tokens))
        return tuple(tokens[: stop + 1])

    def logits(self, hidden: Tensor) -> Tensor:
        """See the interface."""
        return self._head(hidden).float()  # type: ignore[no-any-return]

    def first_tokens(self, word: str) -> frozenset[int]:
        """See the interface: with a space before it and without, as it is and with a capital."""
        encode = self._processor.tokenizer.encode
        texts = {space + spelled for spelled in (word, word.capitalize()) for space in ("", " ")}
        spellings = [encode(text, add_special_tokens=False) for text in texts]
        return frozenset(ids[0] for ids in spellings if ids)

    def text(self, tokens: Sequence[int]) -> str:
        """See the interface."""
        return str(self._processor.tokenizer.decode(list(tokens), skip_special_tokens=True)).strip()


def _stop_tokens(model: Any, tokenizer: Any) -> Iterable[int]:
    """End-of-answer ids where `generate` looks for them, else the tokenizer's."""
    configs = (model.generation_config, model.config.get_text_config(), tokenizer)
    for found in (getattr(config, "eos_token_id", None) for config in configs):
        if found is not None:
            return [found] if isinstance(found, int) else found
    return []


def _by_axes(positions: Tensor | None) -> Tensor | None:
    """Positions as a decoder takes them: without the axis where there is one only."""
    return positions[0] if positions is not None and len(positions) == 1 else positions


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
