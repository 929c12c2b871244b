"""`mmvp`: 150 pairs of photographs that CLIP takes for alike, one question a pair, two options.

Both questions of a pair have the same text and different answers; a pair counts when both are
right. Source: S. Tong et al., Eyes Wide Shut? (CVPR 2024), data set MMVP/MMVP (MIT licence).
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from ipllvm.benchmarks.copies import Published, parquet_rows
from ipllvm.benchmarks.images import EncodedImage, FileImage
from ipllvm.benchmarks.prompts import LETTERS, multiple_choice
from ipllvm.benchmarks.rendering import digest
from ipllvm.errors import BenchmarkUnavailable
from ipllvm.records import Benchmark, Sample
from ipllvm.safety import reading

REPOSITORY = "MMVP/MMVP"
PUBLISHED = Published(
    "mmvp", REPOSITORY, "Questions.csv and 'MMVP Images'", lambda folder: (folder / "Questions.csv").is_file()
)
SIZE = 300
MAX_NEW_TOKENS = 16
ERRATA: dict[int, tuple[str, str]] = {99: ("A", "B"), 100: ("B", "A"), 279: ("A", "B"), 280: ("B", "A")}
"""StoredRow number -> (answer as first published, right answer): two pairs had theirs swapped."""


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One row as stored; `index` counts from 1."""

    index: int
    question: str
    options: tuple[str, ...]
    answer: str
    image: FileImage | EncodedImage


def load(
    seed: int = 0, folder: Path | None = None, original: bool = False, offline: bool = False
) -> Benchmark:
    """MMVP as multiple choice (A/B); nothing is random, so `seed` changes nothing.

    Looks in `folder`, else in $IPLLVM_DATA/mmvp, else in the hub's cache, and unless `offline` (or
    HF_HUB_OFFLINE) on the hub. Labels are the corrected ones whatever the copy holds; `original`
    takes those first published. Raises BenchmarkUnavailable, in one line.
    """
    rows = read(folder or PUBLISHED.folder(offline))
    samples = tuple(_sample(row, original) for row in rows)
    labels = "labels as first published" if original else "corrected labels"
    count = "" if len(rows) == SIZE else f", {len(rows)} of its {SIZE} rows"
    source = f"{REPOSITORY}, {labels}{count}"
    key = digest(samples, *(row.image.digest() for row in rows))
    return Benchmark("mmvp", samples, "multiple_choice", key, source, MAX_NEW_TOKENS, pairs=True)


def read(folder: Path) -> list[StoredRow]:
    """The rows of a copy in the original layout or in parquet, in their order."""
    table = folder / "Questions.csv"
    shards = sorted(folder.rglob("*.parquet"))
    if not table.is_file() and not shards:
        raise BenchmarkUnavailable(
            f"benchmark 'mmvp': {folder} holds neither Questions.csv nor parquet files"
        )
    raw = _csv(table) if table.is_file() else _parquet(shards)
    try:
        rows = [_row(*item) for item in raw]
    except (OSError, KeyError, ValueError, TypeError, csv.Error) as error:
        raise BenchmarkUnavailable(f"benchmark 'mmvp': {folder} can't be read: {_reason(error)}") from error
    if not rows or [row.index for row in rows] != list(range(1, len(rows) + 1)):
        raise BenchmarkUnavailable(f"benchmark 'mmvp': the rows in {folder} are not numbered 1, 2, 3, ...")
    return rows


def options(text: str) -> tuple[str, ...]:
    """The option texts of "(a) X (b) Y"; brackets inside a text are left alone.

    >>> options("(a) Open (b) Closed")
    ('Open', 'Closed')
    >>> options("(a) One (small) dog (b) Two (or more)")
    ('One (small) dog', 'Two (or more)')
    """
    marks = list(_marks(text))
    if len(marks) < 2:
        raise ValueError(f"no options (a) and (b) in {text!r}")
    ends = [start for start, _ in marks[1:]] + [len(text)]
    return tuple(text[after:end].strip() for (_, after), end in zip(marks, ends, strict=True))


def _marks(text: str) -> Iterator[tuple[int, int]]:
    place = 0
    for letter in LETTERS:
        mark = re.compile(rf"(?<!\S)\({letter}\)", re.IGNORECASE).search(text, place)
        if mark is None:
            return
        place = mark.end()
        yield mark.start(), place


def _row(index: int, fields: Mapping[str, Any], image: FileImage | EncodedImage) -> StoredRow:
    question, listed, gold = (str(fields[name]) for name in ("Question", "Options", "Correct Answer"))
    try:
        choices = options(listed)
    except ValueError as error:
        raise ValueError(f"row {index}: {error}") from error
    answer = gold.strip().strip("().").upper()
    if answer not in tuple(LETTERS[: len(choices)]):
        raise ValueError(f"row {index}: the answer {gold!r} is not among its options")
    return StoredRow(index, question.strip(), choices, answer, image)


def _sample(row: StoredRow, original: bool) -> Sample:
    published, right = ERRATA.get(row.index, (row.answer, row.answer))
    return Sample(
        id=f"mmvp-{row.index:03d}",
        cluster=f"mmvp-pair-{(row.index + 1) // 2:03d}",
        images=(row.image,),
        prompt=multiple_choice(row.question, row.options),
        answer=published if original else right,
        choices=row.options,
    )


_Raw = Iterator[tuple[int, Mapping[str, Any], FileImage | EncodedImage]]


def _csv(table: Path) -> _Raw:
    rows = list(csv.DictReader(StringIO(reading.text_file(table), newline="")))
    for fields in sorted(rows, key=_index):
        index = _index(fields)
        yield index, fields, FileImage(str(table.parent / "MMVP Images" / f"{index}.jpg"))


def _index(fields: Mapping[str, Any]) -> int:
    """The number of a row, which its picture has too, wherever it stands in the table."""
    return int(fields["Index"])


def _parquet(shards: list[Path]) -> _Raw:
    rows = [row for shard in shards for row in parquet_rows("mmvp", shard)]
    for row in sorted(rows, key=_index):
        yield _index(row), row, EncodedImage(f"mmvp {_index(row)}", row["image"]["bytes"] or b"")


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"there is no column {error}"
    return " ".join(str(error).split())
