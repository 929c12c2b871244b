"""The JSON files of a checkpoint, which somebody else has written."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ipllvm.errors import ModelUnavailable
from ipllvm.safety import reading

CONFIG_LIMIT = 64 * reading.MIB
"""Bytes of a config or an index of shards."""
LAYERS = 10_000
_COUNTS = re.compile(r"(^|_)(layers?|blocks|depths?|n_layer|heads)$")


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; raises ModelUnavailable where the file holds none."""
    try:
        value = reading.json_file(path, CONFIG_LIMIT, finite=False)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ModelUnavailable(f"{path}: not readable as JSON ({reason})") from error
    if not isinstance(value, dict):
        raise ModelUnavailable(f"{path}: not a JSON object")
    _require_bounded(path, value)
    return value


def _require_bounded(path: Path, value: Mapping[str, Any]) -> None:
    """Raises ModelUnavailable for more layers than any model has, before anybody makes a list of them."""
    for name, inner in value.items():
        if isinstance(inner, dict):
            _require_bounded(path, inner)
        elif _COUNTS.search(name) and isinstance(inner, int) and inner > LAYERS:
            raise ModelUnavailable(f"{path}: {name} is {inner:,}, more than {LAYERS:,}")
