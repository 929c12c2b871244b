"""The language model's half of a transformers model: its decoder, entered anywhere, cache and head."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor, nn
from transformers import DynamicCache

from ipllvm.models import attending, caches, layer_hooks, pipeline
from ipllvm.models.base import CAUSAL, Attention, Edit, Places, VisionLanguageModel
from ipllvm.models.pipeline import LoadedCheckpoint
from ipllvm.records import ModelInfo

RECURRENT = {"linear_attention", "conv", "mamba", "hybrid"}
"""Kinds of layers that remember a state and not positions."""
NO_TOKEN = 2**31 - 1
"""An id that no vocabulary has."""


class LanguageHalf(VisionLanguageModel):
    """Everything from the embeddings on, of any family."""

    SHARED: ClassVar[bool] = True
    """Whether the positions of a picture are the same whatever is asked about it."""
    FORGETS: ClassVar[bool] = False
    """Whether its decoders remember a state, even where a bare config says nothing of that."""
    width: int

    def __init__(self, parts: LoadedCheckpoint) -> None:
        self._parts, self._model = parts, parts.model
        self._processor = parts.processor
        self._prompt = parts.prompt
        self.name = parts.name
        self.fingerprint = parts.fingerprint
        self.device = parts.model.device
        self.dtype = parts.model.dtype
        self.stop_tokens = frozenset(stop_tokens(parts.model, parts.processor.tokenizer))
        self._inner = getattr(parts.model, "model", parts.model)
        self._decoder = layer_hooks.with_layers(parts.model.get_decoder())
        self._body = self._decoder if self._inner is parts.model else self._inner
        self.width = int(self._decoder.config.hidden_size)
        self.forgets = self.FORGETS or forgets(self._decoder.config)
        self.supports_prefix_cache = not self.forgets
        self._words, self._head = parts.model.get_input_embeddings(), parts.model.get_output_embeddings()
        self._head_alone: bool | None = None  # whether the family does no more to what its head says

    def info(self) -> ModelInfo:
        """See the interface."""
        return pipeline.info(self._parts, self.weights, self.notes)

    @property
    def supports_shared_rows(self) -> bool:
        """See the interface."""
        return self.SHARED and not self.FORGETS and shares_rows(self._decoder.config)

    @property
    def windows(self) -> Mapping[str, int]:
        """See the interface."""
        return layer_hooks.windows(self._decoder)

    @property
    def kinds(self) -> Sequence[str]:
        """See the interface."""
        return sorted({*layer_hooks.kinds(self._decoder)} - RECURRENT)

    def embed_tokens(self, ids: Int[Tensor, "*positions"]) -> Float[Tensor, "*positions hidden"]:
        """See the interface."""
        return self._words(ids)  # type: ignore[no-any-return]

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
        """See the interface."""
        with layer_hooks.with_layer_inputs(self._decoder, edits):
            hidden, beside = self._apart(inputs_embeds, 0)
            given = {"inputs_embeds": hidden, **beside}
            return self._run(given, attention, past_key_values, use_cache, wanted)

    def _run(
        self,
        given: dict[str, Any],
        attention: Attention,
        cache: Any = None,
        use_cache: bool = True,
        wanted: Places | None = None,
    ) -> tuple[Tensor, Any]:
        """The decoder on what it is given. Its cache keeps every position, however near its layers see."""
        held = self._empty_cache() if cache is None else cache
        slots = held.get_seq_length() + given["inputs_embeds"].shape[1]
        layer_hooks.require_within(self._decoder, slots, attention.positions)
        by_kind = attention.by_kind
        mask = attention.mask if by_kind is None else next(iter(by_kind.values()))
        with (
            layer_hooks.masked(self._decoder, by_kind),
            layer_hooks.only_at(self._decoder, wanted),
            attending.narrowed(self._decoder, attention, wanted),
        ):
            out = self._decoder(
                **given,
                attention_mask=mask,
                position_ids=_by_axes(attention.positions),
                **{caches.keyword(type(self._decoder).forward): held if use_cache else None},
                use_cache=use_cache,
                return_dict=True,
            )
        return out.last_hidden_state, held if use_cache else None

    def _empty_cache(self) -> DynamicCache:
        """One that keeps every position; of layers that remember a state, their own kind."""
        return DynamicCache(config=self._decoder.config) if self.forgets else caches.PromptCache()

    def _apart(self, rows: Tensor, layer: int) -> tuple[Tensor, dict[str, Any]]:
        """Rows that enter a layer: the hidden states, and what the decoder is given of what stands beside."""
        return rows, {}

    def _beside(self, layer: int, hidden: Tensor, embeds: Tensor, cache: Any) -> Tensor:
        """Rows that enter a layer, of its clean input: with what deeper layers want of each position."""
        return hidden

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
        self,
        inputs_embeds: Float[Tensor, "batch positions wide"],
        layers: Sequence[int],
        attention: Attention = CAUSAL,
    ) -> tuple[dict[int, Float[Tensor, "batch positions hidden"]], Any]:
        """See the interface."""
        with layer_hooks.recorded_inputs(self._decoder, layers) as kept:
            _, cache = self.decoder(inputs_embeds, attention=attention)
        return {at: self._beside(at, each, inputs_embeds, cache) for at, each in kept.items()}, cache

    def decode_from_layer(
        self,
        layer: int,
        hidden: Float[Tensor, "batch positions wide"],
        attention: Attention = CAUSAL,
        wanted: Places | None = None,
    ) -> tuple[Float[Tensor, "batch positions hidden"], Any]:
        """See the interface."""
        own, beside = self._apart(hidden, layer)
        with layer_hooks.entered_at(self._decoder, layer, own):
            return self._run({"inputs_embeds": own, **beside}, attention, wanted=wanted)

    def select_from_cache(
        self, cache: Any, rows: Int[Tensor, " live"], slots: Int[Tensor, "live slots"]
    ) -> Any:
        """See the interface."""
        return caches.select_from_cache(cache, rows, slots)

    def fill_lower_layers(
        self, upper: Any, layer: int, clean: Any, rows: Int[Tensor, " live"], slots: Int[Tensor, "live slots"]
    ) -> Any:
        """See the interface."""
        return caches.filled(upper, clean.layers[:layer], rows)

    def join_caches(self, rows: Sequence[Any], length: int) -> Any:
        """See the interface."""
        return caches.join_caches(rows, length)

    @property
    def pools(self) -> bool:
        """See the interface."""
        return not self.forgets

    def pooled_cache(self) -> Any:
        """See the interface."""
        return caches.RaggedCache()

    def linears(self) -> list[nn.Linear]:
        """Every linear layer, of tower, projector, decoder and head."""
        return [module for module in self._model.modules() if isinstance(module, nn.Linear)]

    def decoder_linears(self) -> list[nn.Linear]:
        """Every linear layer of the decoder, without the head."""
        return [module for module in self._decoder.modules() if isinstance(module, nn.Linear)]

    def generate(
        self,
        embeds: Sequence[Float[Tensor, "_positions hidden"]],
        max_new_tokens: int,
        edit: Edit | None = None,
        *,
        stop: bool = True,
    ) -> list[tuple[int, ...]]:
        """Transformers' own greedy `generate` on prompts of any lengths, padded on the left.

        What the engine is compared with; `stop` False goes on beyond the end of an answer.
        """
        width = max(len(prompt) for prompt in embeds)
        # b prompts, w the longest one's width, h hidden
        padded = torch.stack([nn.functional.pad(p, (0, 0, width - len(p), 0)) for p in embeds])  # [b, w, h]
        lengths = torch.tensor([len(prompt) for prompt in embeds], device=self.device)  # [b]
        mask = torch.arange(width, device=self.device) >= (width - lengths)[:, None]  # [b, w]
        with layer_hooks.with_layer_inputs(self._decoder, [edit] if edit else []):
            out = self._greedily(
                stop, inputs_embeds=padded, attention_mask=mask.long(), max_new_tokens=max_new_tokens
            )
        return [self._ended(row) if stop else tuple(row) for row in out.tolist()]

    def _greedily(self, stop: bool, **given: Any) -> Tensor:
        out: Tensor = self._model.generate(
            **given,
            do_sample=False,
            num_beams=1,
            repetition_penalty=1.0,
            no_repeat_ngram_size=0,
            pad_token_id=0,
            eos_token_id=sorted(self.stop_tokens) if stop else NO_TOKEN,
        )
        return out

    def _ended(self, tokens: Sequence[int]) -> tuple[int, ...]:
        stop = next((i for i, token in enumerate(tokens) if token in self.stop_tokens), len(tokens))
        return tuple(tokens[: stop + 1])

    def logits(self, hidden: Float[Tensor, "*positions hidden"]) -> Float[Tensor, "*positions vocabulary"]:
        """See the interface: the head alone, where the family's own forward does no more to what it says."""
        if self._head_alone is None:
            probe = torch.linspace(-3, 3, 2 * hidden.shape[-1], device=hidden.device, dtype=hidden.dtype)
            rows = probe.view(2, -1)  # [2, hidden]
            self._head_alone = torch.equal(self._head(rows), self._full_head(rows))
        if self._head_alone:
            return self._head(hidden).float()  # type: ignore[no-any-return]
        rows = hidden.reshape(-1, hidden.shape[-1])  # [all positions, hidden]
        return self._full_head(rows).view(*hidden.shape[:-1], -1).float()  # [..., vocabulary]

    def _full_head(self, rows: Tensor) -> Tensor:
        """What the family's own forward says of final states [rows, hidden]."""
        return layer_hooks.headed(self._model, self._body, rows)

    def first_tokens(self, word: str) -> frozenset[int]:
        """See the interface: with a space before it and without, as it is and with a capital."""
        encode = self._processor.tokenizer.encode
        texts = {space + spelled for spelled in (word, word.capitalize()) for space in ("", " ")}
        spellings = [encode(text, add_special_tokens=False) for text in texts]
        return frozenset(ids[0] for ids in spellings if ids)

    def text(self, tokens: Sequence[int]) -> str:
        """See the interface."""
        return str(self._processor.tokenizer.decode(list(tokens), skip_special_tokens=True)).strip()


def forgets(text_config: Any) -> bool:
    """Whether a decoder has layers that remember a state and not positions."""
    return bool(RECURRENT & {*(getattr(text_config, "layer_types", None) or ())})


def shares_rows(text_config: Any) -> bool:
    """Whether a mask can hide prompts in one row from each other: not from a state, and not across chunks."""
    return not forgets(text_config) and not getattr(text_config, "attention_chunk_size", None)


def stop_tokens(model: Any, tokenizer: Any) -> Iterable[Any]:
    """End-of-answer ids where `generate` looks for them, else the tokenizer's, as they are written there."""
    configs = (model.generation_config, model.config.get_text_config(), tokenizer)
    for found in (getattr(config, "eos_token_id", None) for config in configs):
        if found is not None:
            return [found] if isinstance(found, int) else found
    return []


def _by_axes(positions: Tensor | None) -> Tensor | None:
    """Positions as a decoder takes them: without the axis where there is one only."""
    return positions[0] if positions is not None and len(positions) == 1 else positions
