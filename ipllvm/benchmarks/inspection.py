"""What a copy of a published benchmark holds, and what of it is unlike the published set."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ipllvm.benchmarks.cells import Row
from ipllvm.benchmarks.definition import Definition
from ipllvm.errors import BenchmarkUnavailable
from ipllvm.records import Benchmark, Sample

SHOWN = 3


def differences(definition: Definition, folder: Path, decode: bool = True) -> Iterator[str]:
    """What is unlike the published set, a line each; nothing where it is as published.

    `decode` tries every picture. Raises BenchmarkUnavailable where there are no rows at all.
    """
    rows = definition.rows_in(folder)
    if len(rows) != definition.size:
        yield f"{len(rows):,} rows, the published set has {definition.size:,}"
    try:
        placed = list(definition.samples(rows))
    except BenchmarkUnavailable as error:
        yield str(error)
        return
    yield from _counts(definition, [sample for _, sample in placed])
    yield from _repeated(definition, rows)
    yield from _pictures(definition, rows, decode)


def _counts(definition: Definition, samples: Sequence[Sample]) -> Iterator[str]:
    for axis, published in definition.counts.items():
        found = Counter(value for sample in samples for key, value in sample.labels if key == axis)
        for name in {**published, **found}:
            if found[name] != published.get(name, 0):
                yield f"{axis} '{name}': {found[name]:,} rows, published {published.get(name, 0):,}"


def _repeated(definition: Definition, rows: Sequence[Row]) -> Iterator[str]:
    """Rows that ask the same of the same picture, and keys that come more often than they should."""
    seen: dict[Any, int] = {}
    same = []
    for number, row in enumerate(rows, start=1):
        pictures = tuple(picture.digest() for picture in pictured(definition, row))
        asked = (row.get("question") or row.get("Question") or row.get("query"), pictures)
        if pictures and asked in seen:
            same.append(f"{number} as {seen[asked]}")
        seen.setdefault(asked, number)
    if same:
        yield f"{len(same):,} rows ask the same of the same picture: row {', '.join(same[:SHOWN])}"


def _pictures(definition: Definition, rows: Sequence[Row], decode: bool) -> Iterator[str]:
    found = {f"row {number}": pictured(definition, row) for number, row in enumerate(rows, start=1)}
    missing = [name for name, pictures in found.items() if definition.pictures and not pictures]
    if missing:
        numbers = ", ".join(name.removeprefix("row ") for name in missing[:SHOWN])
        yield f"{len(missing):,} rows without a picture: row {numbers}"
    if decode:
        yield from _broken(found.items())


def unreadable(found: Benchmark) -> Iterator[str]:
    """A line where pictures of anybody's own data can't be decoded, with the first one; each is tried."""
    return _broken((f"'{sample.id}'", sample.images) for sample in found.samples)


def _broken(named: Iterable[tuple[str, Iterable[Any]]]) -> Iterator[str]:
    """A line where pictures can't be decoded, with the first of them and its name."""
    broken = []
    for name, pictures in named:
        for picture in pictures:
            try:
                picture.load()
            except OSError as error:
                broken.append(f"{name}: {error}")
    if broken:
        yield f"{len(broken):,} picture{'s' * (len(broken) > 1)} that can't be read: {broken[0]}"


def pictured(definition: Definition, row: Row) -> list[Any]:
    """The pictures of a row."""
    cells = [row[column] for column in definition.pictures if row.get(column) is not None]
    return [each for value in cells for each in (value if isinstance(value, list) else [value])]
