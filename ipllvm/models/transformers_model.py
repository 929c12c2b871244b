"""What the families share: stages through the public methods of transformers' own classes."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn

from ipllvm.models import caches, capacity, layer_hooks
from ipllvm.models.base import CAUSAL, Attention, Edit, Places, Prepared, VisionLanguageModel
from ipllvm.models.forecast import TEXT_TOKENS, TILES
from ipllvm.models.prompting import PromptStyle, pad_to_square, render
from ipllvm.records import Layout, ModelInfo

NEWLINE = -1.0
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
    """The stages of any family that has a tower, a projector and a bare decoder."""

    supports_prefix_cache = True

    def __init__(self, parts: LoadedCheckpoint) -> None:
        self._model = parts.model
        self._processor = parts.processor
        self._prompt = parts.prompt
        self.name = parts.name
        self.fingerprint = parts.fingerprint
        self.device = parts.model.device
        self.dtype = parts.model.dtype
        self.stop_tokens = frozenset(_stop_tokens(parts.model, parts.processor.tokenizer))
        self._tower, _ = _find(parts.model, "vision_tower")
        self._projector, self._inner = _find(parts.model, "multi_modal_projector")
        self._decoder = parts.model.get_decoder()
        self._words, self._head = parts.model.get_input_embeddings(), parts.model.get_output_embeddings()
        self._words_alike: bool | None = None  # whether a processor does to words what its tokenizer does
        self._layouts: dict[tuple[int, tuple[int, int], int], Layout] = {}

    @abstractmethod
    def _pack(self, tiles: Tensor, prepared: Prepared, newline: Tensor | None) -> Tensor:
        """Pack (tiles, tokens, any width); `newline` None stands for the model's own."""

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
        )

    @property
    def supports_shared_rows(self) -> bool:
        """See the interface."""
        return layer_hooks.window(self._decoder) is None

    def batch_size(self) -> int:
        """See the interface."""
        config = self._model.config
        side = config.vision_config.image_size // config.vision_config.patch_size
        positions = side**2 * TILES.get(config.model_type, 1) + TEXT_TOKENS
        bytes_a_position = capacity.position_bytes(config.get_text_config(), self.dtype.itemsize)
        return capacity.batch_size(capacity.free_memory(self.device), positions, bytes_a_position)

    def patch_grid(self) -> int | None:
        """See the interface."""
        vision = self._model.config.vision_config
        return int(vision.image_size // vision.patch_size)

    def prepare(self, images: Sequence[Image.Image], prompt: str) -> Prepared:
        """See the interface."""
        if len(images) > 1:
            raise ValueError(f"{self.name} takes one image a sample, got {len(images)}")
        pictures = [image.convert("RGB") for image in images]
        processor = self._processor
        mean = processor.image_processor.image_mean
        shown = [pad_to_square(picture, mean) if self._prompt.square else picture for picture in pictures]
        text = render(processor, prompt, self._prompt, len(pictures))
        fields = processor(
            images=shown or None, text=text, return_tensors="pt", add_special_tokens=self._adds_specials(text)
        )
        ids = fields["input_ids"][0]
        if not pictures:
            return Prepared(ids, torch.zeros(len(ids), dtype=torch.bool), torch.zeros(0, 3, 0, 0), (0, 0))
        visual = self._visual(ids)
        if self._words_alike is None:
            self._words_alike = torch.equal(ids, self._worded(prompt, int(visual.sum())))
        pixels = fields["pixel_values"]
        tiles = pixels[0] if pixels.ndim == 5 else pixels
        size = (pictures[0].height, pictures[0].width)
        return Prepared(ids, visual, tiles, size)

    def with_prompt(self, prepared: Prepared, prompt: str) -> Prepared | None:
        """See the interface."""
        if not self._words_alike:
            return None
        ids = self._worded(prompt, int(prepared.visual.sum()))
        return replace(prepared, input_ids=ids, visual=self._visual(ids))

    def _worded(self, prompt: str, places: int) -> Tensor:
        """The ids of a prompt about one picture that takes so many placeholders, without the processor."""
        mark, tokenizer = self._processor.image_token, self._processor.tokenizer
        text = render(self._processor, prompt, self._prompt).replace(mark, mark * places)
        ids: Tensor = tokenizer(text, return_tensors="pt", add_special_tokens=self._adds_specials(text))[
            "input_ids"
        ][0]
        return ids

    def _adds_specials(self, text: str) -> bool:
        """Whether the template has not put them in."""
        bos = self._processor.tokenizer.bos_token
        return not (bos and text.startswith(bos))

    def _visual(self, ids: Tensor) -> Tensor:
        visual: Tensor = ids == self._model.config.image_token_id
        return visual

    def encode(self, batch: Sequence[Prepared]) -> list[Tensor]:
        """See the interface."""
        pixels = torch.cat([item.pixel_values for item in batch]).to(self.device, self.dtype)
        states = self._tower(pixels, output_hidden_states=True, return_dict=True).hidden_states
        config = self._model.config
        layers = config.vision_feature_layer
        chosen = [layers] if isinstance(layers, int) else layers
        features = torch.cat([states[layer] for layer in chosen], dim=-1)
        if config.vision_feature_select_strategy == "default":
            features = features[:, 1:]
        return list(torch.split(features, [len(item.pixel_values) for item in batch]))

    def project(self, features: Sequence[Tensor]) -> list[Tensor]:
        """See the interface."""
        tokens = self._projector(torch.cat(list(features)))
        return list(torch.split(tokens, [len(item) for item in features]))

    def pack(self, projected: Tensor, prepared: Prepared) -> Tensor:
        """See the interface."""
        return self._pack(projected, prepared, None)

    def layout(self, prepared: Prepared) -> Layout:
        """Packs (tile, row, column) as if they were features, so that it can't differ from `pack`.

        Worked out once for pictures of one size, as long as there are few sizes. Raises ValueError where
        the packed length is not the number of placeholders.
        """
        kind = len(prepared.pixel_values), prepared.image_size, int(prepared.visual.sum())
        if kind not in self._layouts:
            if len(self._layouts) == LAYOUTS:
                self._layouts.clear()
            self._layouts[kind] = self._laid_out(prepared)
        return self._layouts[kind]

    def _laid_out(self, prepared: Prepared) -> Layout:
        vision = self._model.config.vision_config
        side = vision.image_size // vision.patch_size
        tiles = torch.arange(len(prepared.pixel_values))
        marks = torch.cartesian_prod(tiles, torch.arange(side), torch.arange(side)).float()
        marks = marks.reshape(len(tiles), side * side, 3)
        packed = self._pack(marks, prepared, torch.full((3,), NEWLINE)).numpy()
        expected = int(prepared.visual.sum())
        if len(packed) != expected:
            raise ValueError(f"{self.name} packs {len(packed)} visual tokens where the prompt has {expected}")
        return _layout(packed, side * side)

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
                position_ids=attention.positions,
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
                position_ids=attention.positions,
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


def _find(model: nn.Module, suffix: str) -> tuple[nn.Module, Any]:
    """The outermost module of that name and its parent, at whatever depth this release has it."""
    names = [name for name, _ in model.named_modules() if name.rpartition(".")[2] == suffix]
    name = min(names, key=len)
    return model.get_submodule(name), model.get_submodule(name.rpartition(".")[0])


def _stop_tokens(model: Any, tokenizer: Any) -> Iterable[int]:
    """End-of-answer ids where `generate` looks for them, else the tokenizer's."""
    configs = (model.generation_config, model.config.get_text_config(), tokenizer)
    for found in (getattr(config, "eos_token_id", None) for config in configs):
        if found is not None:
            return [found] if isinstance(found, int) else found
    return []


def _layout(packed: Float[np.ndarray, "tokens 3"], base: int) -> Layout:
    """From packed marks, `base` tokens of the whole view first.

    The map is counted by order: scaling it down blends the marks.
    """
    tile, row, column = packed.T
    newline = tile == NEWLINE
    high = np.arange(len(packed)) >= base
    ends = newline[high]
    rows = np.cumsum(ends) - ends
    starts = np.concatenate([[0], np.flatnonzero(ends) + 1])
    row, column = row.astype(int), column.astype(int)
    row[high] = rows
    column[high] = np.arange(len(rows)) - starts[rows]
    return Layout(high.astype(int), row, column, newline)
