"""Rows of a file of any kind that is known, with the pictures of its columns as values."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ipllvm.benchmarks.cells import BadCell
from ipllvm.benchmarks.jsonlines import in_lines, numbered
from ipllvm.benchmarks.originals import by_id, json_file
from ipllvm.benchmarks.tables import SUFFIXES, delimited, other_kind, parquet, webdataset
from ipllvm.benchmarks.tables.pictures import picture
from ipllvm.errors import UsageError


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file as they stand there; raises UsageError and BenchmarkUnavailable."""
    suffix = path.suffix.lower()
    if suffix == ".tar":
        return webdataset.rows(path)
    if suffix not in SUFFIXES:
        raise UsageError(f"{path}: {other_kind(path.name)}")
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file")
    if suffix == ".json" and not in_lines(path):
        return by_id(path, json_file(path))
    if suffix in (".jsonl", ".json"):
        return [row for _, row in numbered(path)]
    if suffix != ".parquet":
        return delimited.rows(path)
    try:
        return parquet.rows(path)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: can't be read: {' '.join(str(error).split())}") from error


def with_pictures(
    found: Sequence[dict[str, Any]], columns: Sequence[str], root: Path
) -> list[dict[str, Any]]:
    """The rows with the pictures of these columns as values; raises UsageError with a bad row's number.

    In VLMEvalKit's TSV a cell that is the `index` of another row stands for that row's picture.
    """
    by_index = {str(row["index"]): row for row in found if row.get("index") is not None}
    return [
        {**row, **{c: _pictures(row, c, by_index, root, n) for c in columns if c in row}}
        for n, row in enumerate(found, start=1)
    ]


def _pictures(row: dict[str, Any], column: str, by_index: dict[str, Any], root: Path, number: int) -> Any:
    value = row[column]
    if isinstance(value, str) and value in by_index and by_index[value] is not row:
        value = by_index[value][column]
    try:
        if isinstance(value, list | tuple):
            return [_one(each, column, root, number) for each in value]
        return _one(value, column, root, number)
    except BadCell as error:
        raise UsageError(f"row {number}, {error}") from error


def _one(value: Any, column: str, root: Path, number: int) -> Any:
    return value if hasattr(value, "digest") else picture(value, column, root, f"row {number}")
