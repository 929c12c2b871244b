"""Llama's tokenizer as it was in Python: sentencepiece between the added tokens of a text.

The authors' code asks for it (`use_fast=False`). Transformers' own of today differs from it in what stands
before, between and behind added tokens, in spaces, and in pieces that a model keeps whole, as Yi's does.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from tokenizers import AddedToken, Tokenizer, models, normalizers
from transformers import BatchEncoding

from ipllvm.models.originals.pieces import NORMAL, OWN, Piece, PieceModel

SPACE = "\u2581"
"""What stands for a space inside pieces."""
BYTE = "<0x00>"
TOKENISATION = 2
"""Raised where the same files give other token ids than before: outcomes and baselines are others then."""


class SlowTokenizer:
    """`plain` is transformers' tokenizer of the same pieces, which says what ids mean; texts are cut here.

    `legacy` puts a space before each text between added tokens, as releases before 4.31 did, where the model
    does; otherwise one stands before the whole, unless that begins with a special token. `added` tokens are
    found whole in a text; what is added later is special too.
    """

    def __init__(
        self,
        plain: Any,
        model: PieceModel,
        added: Iterable[AddedToken],
        specials: Iterable[str],
        *,
        legacy: bool,
    ) -> None:
        self._plain, self._model, self._legacy = plain, model, legacy
        self._added: dict[str, AddedToken] = {}
        self._specials: set[str] = set()
        self.add_tokens(list(added))
        self._specials = {*specials}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)

    def __len__(self) -> int:
        return len(self._plain)

    def add_tokens(self, tokens: Sequence[AddedToken]) -> None:
        """Tokens that are found whole in a text, behind the others where they are new."""
        new = {t.content: t for t in reversed(tokens) if t.content not in self._added}  # the first counts
        self._plain.add_tokens(list(tokens))
        self._added |= new
        self._specials |= new.keys()

    def __call__(self, text: str, *, add_special_tokens: bool = True, **_: Any) -> BatchEncoding:
        """The ids of a text, as `input_ids`."""
        ids: list[int] = self._plain.convert_tokens_to_ids(self._tokens(text))
        if add_special_tokens:
            ends = (self._plain.bos_token_id, self._plain.add_bos_token), (
                self._plain.eos_token_id, self._plain.add_eos_token,
            )  # fmt: skip
            before, behind = ([index] if index is not None and wanted else [] for index, wanted in ends)
            ids = [*before, *ids, *behind]
        return BatchEncoding({"input_ids": ids})

    def encode(self, text: str, *, add_special_tokens: bool = True, **_: Any) -> list[int]:
        """The ids alone."""
        ids: list[int] = self(text, add_special_tokens=add_special_tokens)["input_ids"]
        return ids

    def _tokens(self, text: str) -> list[str]:
        if not self._legacy and text:
            text = SPACE + text.replace(SPACE, " ")
        parts = self._parts(text)
        tokens = [[*self._tokens_of(part)] for part in parts]
        if not self._legacy and tokens and tokens[0] == [SPACE] and {*parts[1:2]} & self._specials:
            tokens[0] = []
        return [token for each in tokens for token in each]

    def _parts(self, text: str) -> list[str]:
        """A text cut at its added tokens, which may take the spaces beside them."""
        parts = _cut(text, self._added)
        for at, part in enumerate(parts):
            token = self._added.get(part)
            if token and token.rstrip and at + 1 < len(parts):
                parts[at + 1] = parts[at + 1].lstrip()
            if token and token.lstrip and at:
                parts[at - 1] = parts[at - 1].rstrip()
        return parts

    def _tokens_of(self, part: str) -> Iterator[str]:
        """What sentencepiece makes of a part; an added token is one."""
        if part in self._added:
            yield part
            return
        for piece in _cut(self._normal(part), self._whole):
            yield from [piece] if piece in self._whole else self._pairs.encode(piece).tokens

    def _normal(self, part: str) -> str:
        """A part as its pieces have it."""
        opened, text = not self._legacy and part.startswith((SPACE, " ")), part  # a space in front is kept
        if self._characters is not None:
            text = self._characters.normalize_str(text)
        if self._model.collapses:
            text = re.sub(" +", " ", text if opened else text.lstrip(" "))
        prefix = SPACE * bool(self._legacy and self._model.prefix and text)
        text = prefix + text.replace(" ", SPACE)
        return text.rstrip(SPACE) if self._model.collapses else text

    @cached_property
    def _characters(self) -> Any:
        table = self._model.characters
        return normalizers.Precompiled(table) if table else None

    @cached_property
    def _whole(self) -> Mapping[str, Piece]:
        """Pieces that are found whole."""
        return {piece.text: piece for piece in self._model.pieces if piece.kind == OWN}

    @cached_property
    def _pairs(self) -> Tokenizer:
        """What puts characters together to pieces."""
        vocabulary = {piece.text: number for number, piece in enumerate(self._model.pieces)}
        unknown = str(self._plain.unk_token) if self._plain.unk_token in vocabulary else None
        return Tokenizer(
            models.BPE(
                vocabulary,
                merges(self._model.pieces),
                unk_token=unknown,
                fuse_unk=True,
                byte_fallback=BYTE in vocabulary,
            )
        )


def _cut(text: str, whole: Mapping[str, Any]) -> list[str]:
    """A text cut at some words, of which the longest is found first; nothing empty is left."""
    if not whole:
        return [text] * bool(text)
    listed = "|".join(re.escape(word) for word in sorted(whole, key=len, reverse=True))
    return [part for part in re.split(f"({listed})", text) if part]


def merges(pieces: Sequence[Piece]) -> list[tuple[str, str]]:
    """Every way to put a piece together of two others, the likeliest pieces first."""
    vocabulary = {piece.text: number for number, piece in enumerate(pieces)}
    normal = {piece.text for piece in pieces if piece.kind == NORMAL}
    ranked = sorted((p for p in pieces if p.kind == NORMAL), key=lambda piece: -piece.score)
    found: list[tuple[str, str]] = []
    for piece in ranked:
        text = piece.text
        halves = [(text[:at], text[at:]) for at in range(1, len(text))]
        both = [(a, b) for a, b in halves if a in normal and b in normal]
        found += sorted(both, key=lambda pair: (vocabulary[pair[0]], vocabulary[pair[1]]))
    return found
