"""Rows of files: what stands in them, and pictures as values that are decoded only when asked for."""

from typing import Final

SUFFIXES: Final = (".jsonl", ".json", ".csv", ".tsv", ".parquet")
"""The kinds of files that rows are read from."""
_INSTEAD: Final = {
    ("xlsx", "xls", "ods", "numbers"): "save the sheet as .csv",
    ("gz", "bz2", "xz", "zst", "zip", "7z", "tar", "tgz"): "unpack it first",
    ("ndjson", "jl", "txt", "json5"): "where it holds one JSON object a line rename it to end in .jsonl",
    (
        "arrow",
        "feather",
        "orc",
        "pkl",
        "pickle",
        "h5",
        "sqlite",
        "db",
    ): "write its rows as .parquet or .jsonl",
}
"""What to do about files of other kinds, by the end of their name."""


def other_kind(name: str) -> str:
    """Why rows are not read from a file of that name, and what to do.

    >>> other_kind("a.xlsx")
    'rows are read from .jsonl, .json, .csv, .tsv, .parquet: save the sheet as .csv'
    """
    suffix = name.rpartition(".")[2].lower()
    what = next((f": {instead}" for suffixes, instead in _INSTEAD.items() if suffix in suffixes), "")
    return f"rows are read from {', '.join(SUFFIXES)}{what}"
