"""The JSON files of a checkpoint, which somebody else has written."""

import json
from pathlib import Path
from typing import Any

from ipllvm.errors import ModelUnavailable


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; raises ModelUnavailable where the file holds none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelUnavailable(f"{path}: not readable as JSON ({error})") from error
    if not isinstance(value, dict):
        raise ModelUnavailable(f"{path}: not a JSON object")
    return value
