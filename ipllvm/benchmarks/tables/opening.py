"""Rows of a file of any kind that is known, with the pictures of its columns as values."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ipllvm.benchmarks.cells import BadCell
from ipllvm.benchmarks.images import FileImage
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


def named_rows(path: Path) -> list[dict[str, Any]]:
    """As `rows`, with the names of classes that a parquet file of the hub keeps as numbers; -1 is none.

    Raises UsageError, with its row, for a number that is no class.
    """
    found = rows(path)
    names = parquet.class_names(path) if path.suffix.lower() == ".parquet" else {}
    if not names:
        return found
    return [
        {**row, **{c: _class(row[c], names[c], f"{path}: row {n}, {c}") for c in names if c in row}}
        for n, row in enumerate(found, start=1)
    ]


def _class(value: Any, names: Sequence[str], where: str) -> Any:
    if isinstance(value, list):
        return [_class(each, names, where) for each in value]
    if value is None or value == -1:
        return None
    if not isinstance(value, int) or not 0 <= value < len(names):
        raise UsageError(f"{where}: {value!r} is not among its {len(names)} classes")
    return names[value]


def with_pictures(
    found: Sequence[dict[str, Any]], columns: Sequence[str], root: Path
) -> list[dict[str, Any]]:
    """The rows with the pictures of these columns as values; raises UsageError with a bad row's number.

    In VLMEvalKit's TSV a cell that is the `index` of another row stands for that row's picture.
    """
    by_index = {str(row["index"]): row for row in found if row.get("index") is not None}
    files: dict[str, FileImage] = {}
    return [
        {**row, **{c: _pictures(row, c, by_index, PictureFiles(root, files, n)) for c in columns if c in row}}
        for n, row in enumerate(found, start=1)
    ]


class PictureFiles(NamedTuple):
    """Where the pictures of a row are: files that other rows name too are in `files`, and read once."""

    root: Path
    files: dict[str, FileImage]
    row: int


def _pictures(row: dict[str, Any], column: str, by_index: dict[str, Any], where: PictureFiles) -> Any:
    value = row[column]
    if isinstance(value, str) and value in by_index and by_index[value] is not row:
        value = by_index[value][column]
    try:
        if isinstance(value, list | tuple):
            return [_one(each, column, where) for each in value]
        return _one(value, column, where)
    except BadCell as error:
        raise UsageError(f"row {where.row}, {error}") from error


def _one(value: Any, column: str, where: PictureFiles) -> Any:
    if hasattr(value, "digest"):
        return value
    if isinstance(value, str) and value in where.files:
        return where.files[value]
    found = picture(value, column, where.root, f"row {where.row}")
    if isinstance(found, FileImage) and isinstance(value, str):
        where.files[value] = found
    return found
