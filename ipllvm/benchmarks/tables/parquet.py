"""Rows of parquet files, as the hub keeps them; the bytes of pictures stay in the file.

A column of pictures is a struct of `bytes` and `path`, or a list of such; it is read once, a row group
at a time, for the digests that tell pictures apart. A picture without bytes is the path that it names.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from PIL import Image

from ipllvm.benchmarks.frames import holds_several
from ipllvm.benchmarks.images import EncodedImage
from ipllvm.benchmarks.tables.delimited import unlike
from ipllvm.errors import BenchmarkUnavailable, UsageError
from ipllvm.records import ImageSource

LARGEST = 4 << 30
"""Bytes that a row group may unpack to."""


@dataclass(frozen=True, slots=True)
class ParquetImage:
    """A picture in a row group of a parquet file; `item` counts within its row."""

    file: str
    column: str
    group: int
    row: int
    item: int
    key: bytes
    name: str = ""
    several: bool = False

    def load(self) -> Image.Image:
        """The picture in RGB; raises OSError where it can't be read or decoded."""
        found = _items(_group(self.file, self.column, self.group)[self.row])[self.item]
        name = self.name or f"{Path(self.file).name}, row {self.row + 1} of group {self.group + 1}"
        return EncodedImage(name, found["bytes"].as_py()).load()

    def digest(self) -> bytes:
        """sha256 of the encoded bytes."""
        return self.key


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file, pictures as values; raises BenchmarkUnavailable without pyarrow, and OSError.

    Raises UsageError where two columns have one name.
    """
    with _open(path) as source:
        _check_size(path, source)
        unlike(path, source.schema_arrow.names)
        pictures = [field.name for field in source.schema_arrow if _holds_pictures(field.type)]
        plain = [field.name for field in source.schema_arrow if field.name not in pictures]
        found: list[dict[str, Any]] = source.read(columns=plain).to_pylist()
        found = found or [{} for _ in range(source.metadata.num_rows)]
        for column in pictures:
            for row, cell in zip(found, _cells(source, str(path), column), strict=True):
                row[column] = cell
    return found


def class_names(path: Path) -> dict[str, list[str]]:
    """The names of the classes of each column that the hub keeps as numbers (ClassLabel)."""
    with _open(path) as source:
        try:
            written = json.loads((source.schema_arrow.metadata or {}).get(b"huggingface", b"{}"))
            features = written["info"]["features"].items()
            named = {column: _class_label(feature) for column, feature in features}
        except (ValueError, LookupError, TypeError, AttributeError):  # no metadata of the hub's
            return {}
    return {column: [*map(str, names)] for column, names in named.items() if names}


def _class_label(feature: Any) -> list[str]:
    """The names of a feature, or of the elements of a list; none of another kind."""
    inner = feature[0] if isinstance(feature, list) else feature.get("feature", feature)
    return list(inner["names"]) if inner.get("_type") == "ClassLabel" else []


def _cells(source: Any, file: str, column: str) -> Iterator[Any]:
    """The pictures of a column, row by row, each hashed and let go again; the path of one without bytes."""
    several = not import_module("pyarrow").types.is_struct(source.schema_arrow.field(column).type)
    for group in range(source.num_row_groups):
        for row, cell in enumerate(source.read_row_group(group, columns=[column]).column(0)):
            made: list[ImageSource | str] = [
                ParquetImage(file, column, group, row, item, _digest(each), _name(each), _several(each))
                if each["bytes"].is_valid
                else _name(each)
                for item, each in enumerate(_items(cell))
            ]
            yield made if several else next(iter(made), None)


def _items(cell: Any) -> list[Any]:
    """The pictures of a cell, as Arrow's values: none, one, or those of a list."""
    if not cell.is_valid:
        return []
    given = cell.values if hasattr(cell, "values") and not hasattr(cell, "items") else [cell]
    return [each for each in given if each.is_valid and (each["bytes"].is_valid or _name(each))]


def _digest(picture: Any) -> bytes:
    return sha256(picture["bytes"].as_buffer()).digest()


def _several(picture: Any) -> bool:
    return holds_several(picture["bytes"].as_buffer().to_pybytes())


def _name(picture: Any) -> str:
    return str(picture["path"].as_py() or "") if "path" in picture else ""


@lru_cache(maxsize=1)
def _group(file: str, column: str, group: int) -> Any:
    with _open(Path(file)) as source:
        return source.read_row_group(group, columns=[column]).column(0)


def _check_size(path: Path, source: Any) -> None:
    """Raises UsageError for a row group that would unpack to more than `LARGEST`."""
    for group in range(source.num_row_groups):
        size = source.metadata.row_group(group).total_byte_size
        if size > LARGEST:
            raise UsageError(f"{path}: row group {group} unpacks to {size:,} bytes, more than {LARGEST:,}")


def _holds_pictures(kind: Any) -> bool:
    types = import_module("pyarrow").types
    if types.is_list(kind) or types.is_large_list(kind):
        kind = kind.value_type
    return bool(types.is_struct(kind)) and kind.get_field_index("bytes") >= 0


def _open(path: Path) -> Any:
    try:
        return import_module("pyarrow.parquet").ParquetFile(path, pre_buffer=False)
    except ModuleNotFoundError as error:
        line = "data in parquet needs the package pyarrow: pip install pyarrow"
        raise BenchmarkUnavailable(line) from error
