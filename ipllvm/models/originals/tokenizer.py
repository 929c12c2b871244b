"""Prompts as the authors' code tokenises them: the text before and behind a picture apart.

Their tokenizers are slow ones, on a sentencepiece model: a text that begins behind a picture begins with the
space piece, which a tokenizer that is given one string leaves out.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import transformers
from tokenizers import AddedToken
from transformers import BatchEncoding

from ipllvm.errors import ModelUnavailable, first_line
from ipllvm.models.json_files import read_json
from ipllvm.models.originals.pieces import NORMAL, Piece, read_pieces
from ipllvm.models.originals.templates import PICTURE

MODEL, FAST = "tokenizer.model", "tokenizer.json"
RUN = re.compile(rf"((?:{PICTURE})+)")
RESERVED = re.compile(r"<\|reserved_special_token_\d+\|>")
NAMES = ("bos_token", "eos_token", "unk_token", "pad_token")
SETTINGS = ("add_bos_token", "add_eos_token", "legacy", "add_prefix_space", "clean_up_tokenization_spaces")


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


def _from_pieces(folder: Path) -> Any:
    """Transformers' Llama tokenizer from a sentencepiece model and the settings beside it."""
    pieces = read_pieces(folder / MODEL)
    vocabulary = {piece.text: number for number, piece in enumerate(pieces)}
    settings = _settings(folder)
    kind: Any = transformers.LlamaTokenizer
    plain = kind(vocab=vocabulary, merges=_merges(pieces, vocabulary), **settings)
    plain.add_tokens(list(_added(folder, len(vocabulary))))
    return plain


def _settings(folder: Path) -> dict[str, Any]:
    """What tokenizer_config.json and special_tokens_map.json say of a sentencepiece tokenizer."""
    found: dict[str, Any] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        if (folder / name).is_file():
            found |= read_json(folder / name)
    named = {name: found[name] for name in NAMES if found.get(name) is not None}
    words = {name: each["content"] if isinstance(each, dict) else each for name, each in named.items()}
    switches = {name: found[name] for name in SETTINGS if found.get(name) is not None}
    return {"add_bos_token": True, **words, **switches}


def _added(folder: Path, first: int) -> Iterator[AddedToken]:
    """The tokens behind the pieces, in the order of their ids."""
    found: dict[int, str] = {}
    if (folder / "added_tokens.json").is_file():
        found |= {int(index): str(token) for token, index in read_json(folder / "added_tokens.json").items()}
    config = folder / "tokenizer_config.json"
    listed = read_json(config).get("added_tokens_decoder") or {} if config.is_file() else {}
    found |= {int(index): str(token["content"]) for index, token in listed.items()}
    for index in sorted(index for index in found if index >= first):
        yield AddedToken(found[index], special=True, normalized=False)


def _merges(pieces: Sequence[Piece], vocabulary: dict[str, int]) -> list[tuple[str, str]]:
    """Every way to put a piece together of two others, the likeliest pieces first."""
    normal = {piece.text for piece in pieces if piece.kind == NORMAL}
    ranked = sorted((p for p in pieces if p.kind == NORMAL), key=lambda piece: -piece.score)
    merges: list[tuple[str, str]] = []
    for piece in ranked:
        text = piece.text
        halves = [(text[:at], text[at:]) for at in range(1, len(text))]
        both = [(a, b) for a, b in halves if a in normal and b in normal]
        merges += sorted(both, key=lambda pair: (vocabulary[pair[0]], vocabulary[pair[1]]))
    return merges
