"""Prompts as the authors' code tokenises them: the text before and behind a picture apart.

Their tokenizers are slow ones, on a sentencepiece model: a text that begins behind a picture begins with the
space piece, which a tokenizer that is given one string leaves out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import transformers
from tokenizers import AddedToken
from transformers import BatchEncoding

from ipllvm.errors import ModelUnavailable, first_line
from ipllvm.models.json_files import read_json
from ipllvm.models.originals.pieces import read_pieces
from ipllvm.models.originals.slow import SlowTokenizer, merges
from ipllvm.models.originals.templates import PICTURE

MODEL, FAST = "tokenizer.model", "tokenizer.json"
RUN = re.compile(rf"((?:{PICTURE})+)")
RESERVED = re.compile(r"<\|reserved_special_token_\d+\|>")
NAMES = ("bos_token", "eos_token", "unk_token", "pad_token")
SETTINGS = ("add_bos_token", "add_eos_token", "clean_up_tokenization_spaces")


class ChunkedTokenizer:
    """A tokenizer for prompts with `<image>` in them, in whose place `placeholder` stands.

    Each text between pictures is tokenised as if it stood alone, and what opens it is dropped but for the
    first. Everything else is the tokenizer's own.
    """

    def __init__(self, plain: Any, placeholder: int) -> None:
        self._plain, self._placeholder = plain, placeholder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)

    def __len__(self) -> int:
        return len(self._plain)

    def __call__(self, text: str, **_: Any) -> BatchEncoding:
        """The ids of one prompt and a mask of ones, each [1, positions]."""
        ids = list(self._ids(text))
        return BatchEncoding({"input_ids": [ids], "attention_mask": [[1] * len(ids)]}, tensor_type="pt")

    def convert_ids_to_tokens(self, ids: Any) -> Any:
        """The tokenizer's own; a placeholder that is no token of it is `<image>`."""
        if not isinstance(ids, int):
            return [self.convert_ids_to_tokens(each) for each in ids]
        own = self._plain.convert_ids_to_tokens(ids) if ids < len(self._plain) else None
        return own or PICTURE

    def _ids(self, text: str) -> Iterator[int]:
        """The ids; where the first text begins with the token that opens one, so do all."""
        opened = 0
        for number, chunk in enumerate(RUN.split(text)):
            if number % 2:
                yield from [self._placeholder] * (len(chunk) // len(PICTURE))
                continue
            ids = self._plain(chunk)["input_ids"]
            if number == 0 and ids and ids[0] == self._plain.bos_token_id:
                opened = 1
            yield from ids[opened * (number > 0) :]


def load(folder: Path, added: Sequence[str]) -> Any:
    """The tokenizer of a folder with the tokens that the authors' loader adds; raises ModelUnavailable.

    A sentencepiece model counts before a tokenizer.json beside it, as in their code.
    """
    try:
        plain = _from_pieces(folder) if (folder / MODEL).is_file() else _from_files(folder)
    except ModelUnavailable:
        raise
    except Exception as error:
        raise ModelUnavailable(f"{folder}: its tokenizer can't be loaded: {first_line(error)}") from error
    plain.add_tokens([AddedToken(token, special=True, normalized=False) for token in added])
    return plain


def placeholder(folder: Path, plain: Any, rows: int) -> int:
    """An id with a row in the embeddings that no text is tokenised to, to stand where a visual token goes.

    A row behind the tokenizer's, its unknown token where bytes stand for what it does not know, or a reserved
    token. Raises ModelUnavailable where there is none.
    """
    if rows > len(plain):
        return len(plain)
    if plain.unk_token_id is not None and "<0x0A>" in plain.get_vocab():
        return int(plain.unk_token_id)
    reserved = sorted(index for token, index in plain.get_vocab().items() if RESERVED.fullmatch(token))
    if reserved and reserved[0] < rows:
        return int(reserved[0])
    raise ModelUnavailable(
        f"{folder}: all {rows:,} rows of its embeddings are words: none can stand for a part of a picture"
    )


def _from_files(folder: Path) -> Any:
    """From tokenizer.json, or the vocabulary and merges of Qwen."""
    classes: Any = transformers
    kind = classes.PreTrainedTokenizerFast if (folder / FAST).is_file() else classes.Qwen2Tokenizer
    return kind.from_pretrained(folder, local_files_only=True)


def _from_pieces(folder: Path) -> SlowTokenizer:
    """Llama's tokenizer in Python from a sentencepiece model and the settings beside it."""
    model = read_pieces(folder / MODEL)
    vocabulary = {piece.text: number for number, piece in enumerate(model.pieces)}
    settings, legacy, more = _settings(folder)
    kind: Any = transformers.LlamaTokenizer
    plain = kind(vocab=vocabulary, merges=merges(model.pieces), legacy=legacy, **settings)
    named = [str(settings[name]) for name in NAMES if name in settings]
    specials = [*named, *more]
    added = [*_added(folder), *(AddedToken(token, special=True, normalized=False) for token in specials)]
    return SlowTokenizer(plain, model, added, specials, legacy=legacy)


def _settings(folder: Path) -> tuple[dict[str, Any], bool, list[str]]:
    """What tokenizer_config.json and special_tokens_map.json say of a sentencepiece tokenizer, whether it is
    a legacy one, as it is where nothing is said, and special tokens without a name.
    """
    found: dict[str, Any] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        if (folder / name).is_file():
            found |= read_json(folder / name)
    given = {name: _content(found[name]) for name in NAMES if found.get(name) is not None}
    named = {name: token for name, token in given.items() if token}
    switches = {name: found[name] for name in SETTINGS if found.get(name) is not None}
    legacy = found.get("legacy")
    more = [_content(each) for each in found.get("additional_special_tokens") or ()]
    usual = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "add_bos_token": True}
    return {**usual, **named, **switches}, legacy is None or bool(legacy), more


def _content(told: Any) -> str:
    """The text of a token, which may come with settings."""
    return str(told["content"] if isinstance(told, dict) else told)


def _added(folder: Path) -> Iterator[AddedToken]:
    """The tokens that are found whole in a text, in the order of their ids."""
    found: dict[int, AddedToken] = {}
    if (folder / "added_tokens.json").is_file():
        listed = read_json(folder / "added_tokens.json")
        found |= {int(index): _token(str(token), {}) for token, index in listed.items()}
    config = folder / "tokenizer_config.json"
    told = read_json(config).get("added_tokens_decoder") or {} if config.is_file() else {}
    found |= {int(index): _token(str(token["content"]), token) for index, token in told.items()}
    yield from (found[index] for index in sorted(found))


def _token(text: str, told: Mapping[str, Any]) -> AddedToken:
    """A token that may take the spaces beside it."""
    sides = {name: bool(told.get(name)) for name in ("lstrip", "rstrip")}
    return AddedToken(text, special=True, normalized=False, **sides)
