"""Language models alone: what they make of a text, layer by layer."""

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoTokenizer,
)

from ipllvm.endpoints.replies import THOUGHTS, without_thoughts
from ipllvm.errors import NotMeasured, UsageError
from ipllvm.models import fingerprint, parts, sources
from ipllvm.models.capacity import max_positions
from ipllvm.models.chat_template import fill
from ipllvm.models.checkpoint import Checkpoint
from ipllvm.models.devices import choose_device, choose_dtype
from ipllvm.models.json_files import read_json
from ipllvm.models.weights import WITHOUT_HEAD, read_weights, unusable

BATCH = 32


class LanguageModel:
    """A language model behind an embedded name, a folder or a hub id; loaded when it is first asked.

    Raises UsageError, UnknownName and ModelUnavailable, in one line.
    """

    def __init__(
        self, name: str, *, device: str = "auto", dtype: str = "auto", offline: bool = False
    ) -> None:
        self.name = sources.display_name(name)
        self._device = choose_device(device)
        self._dtype = choose_dtype(dtype, self._device)
        self._folder = sources.language_model(name, parts.WANTED, offline)

    @cached_property
    def identity(self) -> str:
        """Its name, and the digest of what is read of its folder."""
        return parts.identity(self.name, Checkpoint.of(self._folder, str(self._config.model_type)))

    @torch.inference_mode()
    def features(self, texts: Sequence[str]) -> Float[np.ndarray, "texts layers width"]:
        """Every hidden state, the embeddings first, as its mean over the tokens of a text.

        Texts of about one length go together, so that little is padded.
        """
        found, order = [], sorted(range(len(texts)), key=lambda place: len(texts[place]))
        for start in range(0, len(texts), BATCH):
            fields = self._tokens([texts[place] for place in order[start : start + BATCH]]).to(self._device)
            done = self._model(**fields, output_hidden_states=True, use_cache=False)
            mask = fields["attention_mask"][..., None]  # [texts, tokens, 1]
            means = [(state.float() * mask).sum(1) / mask.sum(1) for state in done.hidden_states]
            found.append(torch.stack(means, 1).cpu())  # [texts, layers, width]
        return torch.cat(found)[torch.tensor(order).argsort()].numpy()

    @torch.inference_mode()
    def reply(self, prompt: str, max_new_tokens: int) -> str:
        """The greedy answer to a prompt, in the chat template where there is one, without what was thought
        before it: nothing where thoughts took all tokens.

        Raises NotMeasured for a prompt that has as many tokens as the model has positions, and UsageError for
        a model that sees: it is asked as a model under test is.
        """
        words = self._tokenizer
        text = prompt
        if words.chat_template:
            turn = [{"role": "user", "content": prompt}]
            text = fill(words, turn)
        fields = words(text, return_tensors="pt", add_special_tokens=not words.chat_template)
        ids, mask = (fields[name].to(self._device) for name in ("input_ids", "attention_mask"))
        room = min(max_new_tokens, self._room(ids.shape[1]))
        said = self._speaker.generate(
            input_ids=ids,
            attention_mask=mask,
            do_sample=False,
            num_beams=1,
            repetition_penalty=1.0,
            max_new_tokens=room,
            pad_token_id=words.pad_token_id,
        )
        return self._answer(text, said[0, ids.shape[1] :])

    def _room(self, prompt: int) -> float:
        """How many tokens have positions behind a prompt of that many; raises NotMeasured where none has."""
        limit = max_positions(self._config.get_text_config())
        if limit is not None and prompt >= limit:
            raise NotMeasured(f"the prompt has {prompt:,} tokens and {self.name} has positions for {limit:,}")
        return math.inf if limit is None else limit - prompt

    def _answer(self, prompt: str, tokens: Tensor) -> str:
        """The words of an answer; a template may open its thoughts, whose marks may be special tokens."""
        words = self._tokenizer
        opened = next((begin for begin, _ in THOUGHTS if prompt.rstrip().endswith(begin)), "")
        whole, thought = without_thoughts(opened + str(words.decode(tokens, skip_special_tokens=False)))
        if not thought:
            return str(words.decode(tokens, skip_special_tokens=True)).strip()
        for token in words.all_special_tokens:
            whole = whole.replace(token, "")
        return whole.strip()

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 (64 hex digits) of the files that it is made of."""
        found = [path for pattern in parts.WANTED for path in self._folder.rglob(pattern) if path.is_file()]
        return fingerprint.fingerprint(self._folder, found)

    @cached_property
    def _speaker(self) -> Any:
        """Transformers' model with its head."""
        if hasattr(self._config, "vision_config"):
            raise UsageError(f"{self.name} is not a language model alone: it can't be asked in words only")
        return self._loaded(AutoModelForCausalLM)

    def _tokens(self, texts: Sequence[str]) -> Any:
        """Token ids and their mask, nothing cut off.

        Padded behind: there a causal model leaves the states of the text as they are without.
        """
        words = self._tokenizer
        fields = words(list(texts), return_tensors="pt", padding=True, padding_side="right")
        return type(fields)({name: fields[name] for name in ("input_ids", "attention_mask")})

    @cached_property
    def _tokenizer(self) -> Any:
        auto: Any = AutoTokenizer
        try:
            words = auto.from_pretrained(self._folder, local_files_only=True, trust_remote_code=False)
        except Exception as error:
            raise unusable(self._folder, "its tokenizer can't be loaded", error) from error
        if words.pad_token is None:
            words.pad_token = words.eos_token
        return words

    @property
    def _config(self) -> Any:
        read_json(self._folder / "config.json")  # within limits, before transformers makes something of it
        try:
            return AutoConfig.from_pretrained(self._folder, local_files_only=True)
        except Exception as error:
            raise unusable(self._folder, "its config can't be read", error) from error

    @cached_property
    def _model(self) -> Any:
        """Transformers' model without its head, in evaluation mode, no part of it left at random.

        Of a model that sees it is the decoder.
        """
        sees = hasattr(self._config, "vision_config")
        model = self._loaded(AutoModelForImageTextToText if sees else AutoModel)
        return model.get_decoder() if sees else model

    def _loaded(self, auto: Any) -> Any:
        """What one of transformers' auto classes makes of the folder; raises ModelUnavailable."""
        unused = WITHOUT_HEAD if auto is AutoModel else ()
        found = Checkpoint.of(self._folder, str(self._config.model_type))
        model = read_weights(found, auto, self._dtype, unused=unused, absent=("post_layernorm",))
        return model.to(self._device)
