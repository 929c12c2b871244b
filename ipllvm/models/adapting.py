"""The adapter of a family around a model and a processor that are loaded."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Final

import torch
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

from ipllvm.errors import ModelUnavailable
from ipllvm.models import conduct, pipeline, processors, prompting, quantisation, quantisers
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.capacity import footprint, max_positions
from ipllvm.models.piped import Piped
from ipllvm.models.pipeline import LoadedCheckpoint
from ipllvm.models.supported import not_supported
from ipllvm.registry import FAMILIES

TOKENIZING: Final = ("special_tokens_map", "padding_side", "add_bos_token", "add_eos_token")
"""Settings of a tokenizer that its parts do not show."""


def adapted(family: str, parts: LoadedCheckpoint) -> VisionLanguageModel:
    """The adapter of that family; raises AttributeError where the decoder can't be taken apart."""
    return finished(FAMILIES.load(family)(parts) if family in FAMILIES else Piped(parts), parts)


def finished(adapter: VisionLanguageModel, parts: LoadedCheckpoint) -> VisionLanguageModel:
    """An adapter with what its memory and its reports need to know of the loaded checkpoint."""
    quantisers.unpack(parts.model)
    words = parts.model.config.get_text_config()
    adapter.footprint, adapter.max_positions = footprint(words), max_positions(words)
    adapter.image_backend = processors.backend(parts.processor)
    adapter.rounds = quantisation.rounds_activations(quantisers.of(parts.model) or {})
    return adapter


def in_hand(model: Any, processor: Any, *, name: str = "in hand") -> VisionLanguageModel:
    """A transformers model that is in memory already, with its processor, ready to be measured.

    Its fingerprint is that of its tensors, its settings, how it generates, its processor, its tokenizer and
    what it answers: what was trained, merged, steered or set otherwise a moment ago is another model. One
    with hooks or patches of one's own is another each time, and a note says so. It is put into evaluation
    mode.
    Raises ModelUnavailable for what gives no answers, weights that are not there, a model type that is no
    family here, a processor without a chat template, or a decoder of an unknown kind.
    """
    require_answering(model, name)
    family = str(getattr(model.config, "model_type", type(model).__name__))
    if family not in FAMILIES:
        raise not_supported(name, family)
    if not processor.chat_template:
        processor.chat_template = FAMILIES.load(family).TEMPLATE
    if not processor.chat_template:
        raise ModelUnavailable(f"{name}: its processor has no chat template: set processor.chat_template")
    digest, unknown = _identity(model.eval(), processor)
    count = quantisers.parameters(model)
    parts = LoadedCheckpoint(model, processor, name, digest, prompting.CHECKPOINT, count)
    try:
        adapter = adapted(family, parts)
    except AttributeError as error:
        raise ModelUnavailable(f"{name}: its decoder can't be taken apart ({error})") from error
    about = (*quantisation.note(quantisers.of(model)), *prompting.dated(processor), *notes(model), *unknown)
    adapter.notes = (*about, *adapter.MEANING)
    return adapter


def require_answering(model: Any, name: str) -> None:
    """Raises ModelUnavailable for what is no model with a head, or has weights without numbers."""
    if not (isinstance(model, torch.nn.Module) and callable(getattr(model, "generate", None))):
        raise ModelUnavailable(
            f"{name}: a {type(model).__name__} gives no answers (it has no generate): give a model with its "
            "head, as AutoModelForImageTextToText loads it, and the processor behind it"
        )
    if empty := next((key for key, weight in model.named_parameters() if weight.is_meta), None):
        raise ModelUnavailable(
            f"{name}: {empty} is on the device meta, without numbers, as in an outline and in one that is "
            "offloaded: load it whole"
        )


def fingerprint(model: Any, processor: Any) -> str:
    """The sha256 (64 hex digits) of a model's tensors by name, its configs, processor, tokenizer and of what
    it does (ipllvm/models/conduct.py).
    """
    return _identity(model, processor)[0]


def _identity(model: Any, processor: Any) -> tuple[str, tuple[str, ...]]:
    """The fingerprint, and a note where what the model does can't be told."""
    done, unknown = conduct.conduct(model, processor)
    digest = hashlib.sha256(done)
    generating = getattr(model, "generation_config", None)
    configs = (conduct.settings(each) for each in (model.config, processor, generating) if each is not None)
    for said in (*configs, processor.chat_template, _tokenizer(getattr(processor, "tokenizer", None))):
        digest.update(str(said).encode())
    for key, value in sorted(model.state_dict().items()):
        for name, plain in _plain_tensors(key, value):
            digest.update(f"{name} {plain.dtype} {tuple(plain.shape)}".encode())
            digest.update(plain.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest(), unknown


def _tokenizer(tokenizer: Any) -> str:
    """All that the ids of a text depend on; what single calls set (padding, truncation) is no part of it."""
    if tokenizer is None:
        return ""
    about: dict[str, Any] = {name: getattr(tokenizer, name, None) for name in TOKENIZING}
    about["vocabulary"] = sorted(tokenizer.get_vocab().items())
    about["added"] = sorted((id_, repr(token)) for id_, token in tokenizer.added_tokens_decoder.items())
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        about["backend"] = {**json.loads(backend.to_str()), "padding": None, "truncation": None}
    return json.dumps(about, sort_keys=True, default=str)


def _plain_tensors(name: str, value: Any) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors that a value of a state is made of, by name: one, none where it is no tensor, and those of
    integers and scales inside a quantised one.
    """
    if is_traceable_wrapper_subclass(value):
        for part in value.__tensor_flatten__()[0]:
            yield from _plain_tensors(f"{name}.{part}", getattr(value, part))
    elif isinstance(value, torch.Tensor):
        yield name, value


def notes(model: Any) -> Iterator[str]:
    """What the loaded model tells that a reader would not expect."""
    if unfollowed := pipeline.unfollowed(model.generation_config):
        yield f"answers are greedy: {', '.join(unfollowed)} of generation_config.json is not followed"
    if quantisation.rounds_activations(quantisers.of(model) or {}):
        yield "what goes from layer to layer has 8 bits too: an answer near a tie may depend on its batch"
    words, head = model.get_input_embeddings(), model.get_output_embeddings()
    tied = getattr(model.config.get_text_config(), "tie_word_embeddings", False)
    if tied and head is not None and not _alike(words.weight, head.weight):
        yield "config.json ties the head to the embeddings, the files hold another head: used as they are"


def _alike(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors are one, or hold the same numbers."""
    if one.data_ptr() == other.data_ptr():
        return True
    return one.shape == other.shape and one.dtype == other.dtype and torch.equal(one.to(other.device), other)
