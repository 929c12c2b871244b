"""Rows of files: what stands in them, and pictures as values that are decoded only when asked for."""

from typing import Final

SUFFIXES: Final = (".jsonl", ".csv", ".tsv", ".parquet")
"""The kinds of files that rows are read from."""
