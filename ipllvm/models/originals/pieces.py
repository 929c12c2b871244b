"""The pieces in a sentencepiece model (tokenizer.model), a file of protocol buffers.

Field numbers are those of sentencepiece_model.proto: a model has its pieces as field 1, a piece its text as
1, its score as 2 and its kind as 3; the trainer's settings are field 2, of which 3 is the kind of model; what
is done to a text first is field 3, of which 2 is a table of characters, 3 whether a space is put before it
and 4 whether spaces are made one. Reading them takes no package.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ipllvm.errors import ModelUnavailable

NORMAL, OWN = 1, 4
"""Kinds of pieces: what is put together of others, and what is found whole in a text."""
BPE = 2
LIMIT = 64 * 2**20
VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5
"""How a field is written: a number, 8 bytes, a length and so many bytes, 4 bytes."""


class Piece(NamedTuple):
    """A piece: its text, its score (the higher the earlier it is made), its kind (1: an ordinary one)."""

    text: str
    score: float
    kind: int


class PieceModel(NamedTuple):
    """The pieces by id, and what is done to a text first: `prefix` puts a space before it, `collapses` makes
    one of several spaces, `characters` is the table by which characters are replaced, empty where none are.
    """

    pieces: list[Piece]
    prefix: bool
    collapses: bool
    characters: bytes


def read_pieces(path: Path) -> PieceModel:
    """A sentencepiece model; raises ModelUnavailable for a damaged file and a model that is no BPE."""
    if path.stat().st_size > LIMIT:
        raise ModelUnavailable(f"{path}: larger than any sentencepiece model")
    try:
        fields = list(_fields(path.read_bytes()))
        pieces = [_piece(value) for number, value in fields if number == 1 and isinstance(value, bytes)]
        kind = _message(fields, 2).get(3, 1)
        spec = _message(fields, 3)
    except (ValueError, IndexError, struct.error) as error:
        raise ModelUnavailable(f"{path}: no sentencepiece model, or a damaged one ({error})") from error
    if not pieces or kind != BPE:
        raise ModelUnavailable(f"{path}: no sentencepiece model of byte pairs, which its tokenizer is to be")
    characters = spec.get(2, b"")
    return PieceModel(
        pieces,
        bool(spec.get(3, True)),
        bool(spec.get(4, True)),
        characters if isinstance(characters, bytes) else b"",
    )


def _message(fields: list[tuple[int, int | bytes]], wanted: int) -> dict[int, int | bytes]:
    """What the messages in a field say together, the last of them counting; nothing where there is none."""
    found = (value for number, value in fields if number == wanted and isinstance(value, bytes))
    return dict(field for value in found for field in _fields(value))


def _piece(content: bytes) -> Piece:
    fields = dict(_fields(content))
    text, score, kind = fields.get(1, b""), fields.get(2, b"\0\0\0\0"), fields.get(3, NORMAL)
    if not isinstance(text, bytes) or not isinstance(score, bytes) or not isinstance(kind, int):
        raise ValueError("a piece of another shape")
    return Piece(text.decode(), struct.unpack("<f", score)[0], kind)


def _fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message: their numbers, and numbers or bytes."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        if key & 7 == VARINT:
            value, at = _varint(content, at)
            yield key >> 3, value
            continue
        length = {EIGHT: 8, FOUR: 4}.get(key & 7, 0)
        if key & 7 == BYTES:
            length, at = _varint(content, at)
        elif not length:
            raise ValueError(f"a field of kind {key & 7}")
        if at + length > len(content):
            raise ValueError("it ends early")
        yield key >> 3, content[at : at + length]
        at += length


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """A number in groups of 7 bits, the lowest first, and where the next field begins."""
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("a number that is too long")
