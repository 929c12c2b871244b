"""The JSON files of a checkpoint, which somebody else has written."""

from pathlib import Path
from typing import Any

from ipllvm.errors import ModelUnavailable
from ipllvm.safety import reading

CONFIG_LIMIT = 64 * reading.MIB
"""Bytes of a config or an index of shards."""


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; raises ModelUnavailable where the file holds none."""
    try:
        value = reading.json_file(path, CONFIG_LIMIT, finite=False)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ModelUnavailable(f"{path}: not readable as JSON ({reason})") from error
    if not isinstance(value, dict):
        raise ModelUnavailable(f"{path}: not a JSON object")
    return value
