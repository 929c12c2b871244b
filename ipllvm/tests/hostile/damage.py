"""What can be wrong with a file, whoever reads it."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

DEEP = b"[" * 100_000
WHOLE_NUMBER = b"1" * 5_000
BYTES: Mapping[str, bytes] = {
    "empty": b"",
    "no text": b"\xff\xfe\x00\x01",
    "null": b"null",
    "a list": b"[]",
    "a number": b"1",
    "a string": b'"\x1b]0;x\x07::error::x"',
    "cut short": b'{"schema": "ipllvm',
    "nested deep": DEEP,
    "nested deep in tables": b'{"a":' * 50_000,
    "a table without fields": b"{}",
    "a number of 5,000 digits": b'{"schema": ' + WHOLE_NUMBER + b"}",
    "NaN": b'{"schema": NaN}',
    "escapes": b'{"schema": "\\u001b]0;pwned\\u0007\\n::error::pwned\\u202e"}',
}
"""Contents that are no file of ours."""


def written(name: str, content: bytes) -> Callable[[Path], None]:
    """Puts `content` at `name` in the folder of the command."""

    def make(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return make


def piped(name: str) -> Callable[[Path], None]:
    """A pipe that nobody writes to."""

    def make(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(folder / name)

    return make


def linked(name: str, to: str) -> Callable[[Path], None]:
    """A link, to a device or around in a circle."""

    def make(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(to)

    return make


def directory(name: str) -> Callable[[Path], None]:
    """A folder where a file should be."""

    def make(folder: Path) -> None:
        (folder / name).mkdir(parents=True)

    return make


def sparse(name: str, size: int = 1 << 40) -> Callable[[Path], None]:
    """A file that says it is huge, and takes no room."""

    def make(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("wb") as file:
            file.truncate(size)

    return make


def both(*made: Callable[[Path], object]) -> Callable[[Path], None]:
    """One after the other."""

    def make(folder: Path) -> None:
        for each in made:
            each(folder)

    return make


def all_of(name: str) -> dict[str, Callable[[Path], None]]:
    """Every way in which `name` can be wrong."""
    made = {what: written(name, content) for what, content in BYTES.items()}
    made |= {"a pipe": piped(name), "a device": linked(name, "/dev/zero"), "huge": sparse(name)}
    circle = linked(name, Path(name).name)
    return {**made, "a folder": directory(name), "a link to itself": circle, "missing": lambda folder: None}
