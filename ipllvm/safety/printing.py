"""How what is not ours is printed: on one line, spelled out, and never as a command to who reads the log.

A name in a checkpoint, a sample's text or another library's message may hold terminal escapes, marks
that turn the direction of text, or what CI systems take for commands: `::` at the beginning of a line
(GitHub) and `##[` or `##vso[` anywhere (GitHub, Azure).
"""

import io
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

LIMIT = 300
_STYLE = re.compile("(\x1b\\[[0-9;]*[mK])")
"""Colours and erasing to the end of a line, which pytest and rich write."""
_COMMAND = re.compile("((?:^|[\n\r])(?:\\s|\x1b\\[[0-9;]*[mK])*:|##(?:vso)?)([:[])", re.IGNORECASE)
_AZURE = re.compile(r"(##(?:vso)?)\[", re.IGNORECASE)
_KEPT = "\n\r\t"
_TAIL = 8


def visible(text: str, limit: int = LIMIT) -> str:
    r"""`text` on one line of at most `limit` characters, with what can't be seen spelled out.

    Newlines, control characters (terminal escapes), bidi marks and lone surrogates are written as Python
    escapes, and so is the character that would make a command for a CI log of it.

    >>> visible("a\nb\u202ec"), visible("::error::x")
    ('a\\nb\\u202ec', ':\\x3aerror::x')
    >>> visible("abcdef", limit=4)
    'ab…f'
    """
    ends = text if len(text) <= 2 * limit else text[:limit] + text[-limit:]
    return shortened(_without_commands("".join(c if c.isprintable() else _spelled(c) for c in ends)), limit)


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, cut in the middle: what tells two names apart is mostly at their ends.

    >>> shortened("/models/candidate/checkpoint-1500", 26), shortened("scenes", 26)
    ('/models/candi…ckpoint-1500', 'scenes')
    """
    half = limit // 2
    return text if len(text) <= limit else f"{text[:half]}…{text[len(text) + 1 + half - limit :]}"


def as_json(value: object) -> str:
    r"""`value` as JSON in which nothing has to be spelled out, so that what is printed can be read again.

    >>> as_json({"a": "##[error]x"})
    '{\n "a": "##\\u005berror]x"\n}'
    """
    return _AZURE.sub(r"\1\\u005b", json.dumps(value, indent=1))


class _Nowhere(io.TextIOBase):
    """What is written here is dropped."""

    def write(self, text: str) -> int:
        """Its length, as streams do."""
        return len(text)


class Guarded:
    """A text stream that spells out what `visible` does, but for line ends, tabs and colours.

    What is printed after its reader has gone (`| head -1`), where there never was one (`>&-`), or where no
    more fits is dropped: the command goes on, and its exit status is its own answer.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream: Any = stream or _Nowhere()
        self._line = ""

    def write(self, text: str) -> int:
        """Write `text` with what is no plain text spelled out; its length, as streams do."""
        parts = _STYLE.split(text) if not text.isprintable() else [text]
        plain = "".join(part if n % 2 else _plain(part) for n, part in enumerate(parts))
        safe = _without_commands(self._line + plain)[len(self._line) :]
        line = re.split("[\n\r]", self._line + safe)[-1]
        self._line = line if len(line) <= 4 * _TAIL or not line.strip() else "." + line[-_TAIL:]
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self.write_raw(safe.encode(encoding, "backslashreplace").decode(encoding))
        return len(text)

    def write_raw(self, text: str) -> None:
        """Write `text` as it is."""
        try:
            self._stream.write(text)
        except OSError:
            self._drop()

    def flush(self) -> None:
        """Hand on what was written."""
        try:
            self._stream.flush()
        except OSError:
            self._drop()

    def _drop(self) -> None:
        """Write to nowhere from now on; what waits is dropped too, or Python would try again at its end."""
        with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:  # noqa: PTH123, as os.dup2
            os.dup2(nowhere.fileno(), self._stream.fileno())
            self._stream.flush()
        self._stream = _Nowhere()

    def writelines(self, lines: Any) -> None:
        """Write each of them."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def annotate(kind: str, title: str, message: str) -> None:
    """Give GitHub's job an annotation (`kind` is error, warning or notice): the one command that is ours.

    The message is one line in which nothing else can be a command.
    """
    words = visible(message, LIMIT).replace("%", "%25")
    stream = sys.stdout if isinstance(sys.stdout, Guarded) else Guarded(sys.stdout)
    stream.write_raw(f"::{kind} title={title}::{words}\n")


def open_closed() -> None:
    """Open the null device where standard output or error was closed (`2>&-`): some ask for its number."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            stream = open(os.open(os.devnull, os.O_WRONLY), "w", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


@contextmanager
def guarded() -> Iterator[None]:
    """Guard standard output and standard error as long as it lasts."""
    before = sys.stdout, sys.stderr
    streams = [Guarded(stream) for stream in before]
    sys.stdout, sys.stderr = (cast("TextIO", stream) for stream in streams)
    try:
        yield
    finally:
        for stream in streams:
            stream.flush()
        sys.stdout, sys.stderr = before


def _plain(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _KEPT else _spelled(c) for c in text)


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _without_commands(text: str) -> str:
    return _COMMAND.sub(lambda found: f"{found[1]}\\x{ord(found[2]):02x}", text)
