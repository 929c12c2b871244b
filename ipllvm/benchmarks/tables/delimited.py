"""Rows of CSV and TSV files; long base64 cells, which hold pictures, stay in the file.

VLMEvalKit keeps pictures as base64 in TSV; where a cell is short it is the `index` of the row that holds
the picture.
"""

import base64
import binascii
import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from ipllvm.benchmarks.frames import holds_several
from ipllvm.benchmarks.images import EncodedImage
from ipllvm.benchmarks.jsonlines import LONGEST
from ipllvm.errors import UsageError
from ipllvm.safety.printing import visible

BETWEEN = (",", ";", "\t", "|")
"""What may stand between cells."""
_QUOTED = re.compile(r'"[^"]*"')
KEPT = 4096
"""Characters of a cell that are kept in memory; what is longer and no text stays in the file."""


@dataclass(frozen=True, slots=True)
class CellImage:
    """A picture in a cell of a file, as base64; `start` and `end` are its row's bytes."""

    file: str
    start: int
    end: int
    place: int
    delimiter: str
    key: bytes
    several: bool = False

    def load(self) -> Image.Image:
        """The picture in RGB; raises OSError where it can't be read or decoded."""
        where = f"{Path(self.file).name}, byte {self.start}"
        with Path(self.file).open("rb") as stream:
            stream.seek(self.start)
            row = stream.read(self.end - self.start)
        try:
            text = StringIO(row.decode("utf-8-sig"), newline="")
            (cells,) = csv.reader(text, delimiter=self.delimiter)
            data = base64.b64decode(cells[self.place])
        except (ValueError, IndexError, csv.Error) as error:
            raise OSError(f"image '{where}' can't be read: the file has changed") from error
        return EncodedImage(where, data).load()

    def digest(self) -> bytes:
        """sha256 of the encoded bytes."""
        return self.key


def rows(path: Path, pictures: bool = True) -> list[dict[str, Any]]:
    """The rows of a file with a header, all cells as text but for `pictures`; raises UsageError.

    The header says what stands between cells: the comma of CSV and the tab of TSV, or what cuts it into more
    columns, such as the semicolons that spreadsheets write where a comma is the decimal point.
    """
    csv.field_size_limit(LONGEST)
    if path.exists() and not path.is_file():
        raise UsageError(f"{path}: can't be read: it is not a regular file")
    try:
        with path.open("rb") as stream:
            return list(_rows(path, stream, _delimiter(path, stream), pictures))
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror or error}") from error


def _delimiter(path: Path, stream: BinaryIO) -> str:
    usual = "\t" if path.suffix.lower() == ".tsv" else ","
    header = stream.readline(LONGEST).decode("utf-8-sig", errors="replace")
    stream.seek(0)

    bare = _QUOTED.sub("", header)
    return max((usual, *BETWEEN), key=bare.count)  # the first of those that stand there equally often


def _rows(path: Path, stream: BinaryIO, delimiter: str, pictures: bool) -> Iterator[dict[str, Any]]:
    lines = _Lines(stream)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number, header = 0, None
    while True:
        start = lines.place
        try:
            cells = next(reader, None)
        except (csv.Error, UnicodeDecodeError) as error:
            what = "its header" if header is None else f"row {number + 1}"
            raise UsageError(f"{path}: {what} can't be read: {_why(error)}") from error
        if cells is None:
            return
        if header is None:
            header = unlike(path, [name.strip() for name in cells])
        elif cells:
            number += 1
            if len(cells) != len(header):
                raise UsageError(f"{path}: row {number} has {len(cells)} cells, the header {len(header)}")
            where = (str(path), start, lines.place, delimiter)
            yield {
                name: _cell(text, n, where) if pictures else text
                for n, (name, text) in enumerate(zip(header, cells, strict=True))
            }


def _why(error: csv.Error | UnicodeDecodeError) -> str:
    """What is wrong with a row, and what to do."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8: save it so"
    why = str(error)
    if "new-line character" in why:
        return "lines end in a carriage return alone: save it with line feeds"
    if "expected after" in why or "unexpected end" in why:
        return "a cell that begins with a quotation mark has to end with one: write those within it twice"
    return why


def unlike(path: Path, header: list[str]) -> list[str]:
    """The names of the columns; raises UsageError where two are alike, of which one would be lost."""
    counts = Counter(header)
    twice = next((name for name in header if counts[name] > 1), None)
    if twice is not None:
        raise UsageError(f"{path}: two columns are called '{visible(twice)}'")
    return header


def _cell(text: str, place: int, where: tuple[str, int, int, str]) -> Any:
    if len(text) <= KEPT:
        return text
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text
    file, start, end, delimiter = where
    return CellImage(file, start, end, place, delimiter, sha256(data).digest(), holds_several(data))


class _Lines:
    """The lines of a file as text, and how far they have been read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.place = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._stream.readline(LONGEST + 1)
        if not line:
            raise StopIteration
        if len(line) > LONGEST:
            raise csv.Error(f"a line is longer than {LONGEST >> 20} MiB")
        text = line.decode("utf-8-sig" if self.place == 0 else "utf-8")
        self.place += len(line)
        return text
