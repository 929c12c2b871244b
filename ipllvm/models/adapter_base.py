"""Whether an adapter is put on the model that it was trained on, as far as names can tell."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ipllvm.models.json_files import read_json
from ipllvm.models.weight_files import ADAPTER
from ipllvm.safety.printing import visible

REPOSITORY: Final = "models--"
"""How the hub's cache begins the name of a repository's folder."""
SHOWN: Final = 120
"""Characters of a name that a line has."""


def of_another(folder: Path, names: Iterable[str | None]) -> str:
    """What to say where the config of an adapter names another base model than that which has these names or
    folders; empty where it names none, or one of these, wherever that lies.
    """
    stated = read_json(folder / ADAPTER[0]).get("base_model_name_or_path")
    called = [name for name in names if name]
    if not isinstance(stated, str) or not (own := _called(stated)) or own in map(_called, called):
        return ""
    return (
        f"the adapter {folder.name} says that it was trained on {visible(stated, SHOWN)}, and is put on "
        f"{visible(called[0], SHOWN)}: "
        "unless these are the same weights, what is measured is neither's"
    )


def _called(name: str) -> str:
    """The last part of a name or path, and of a folder of the hub's cache that of its repository.

    >>> _called("org/LLaVA-7b/"), _called("/c/models--org--llava-7b/snapshots/0123")
    ('llava-7b', 'llava-7b')
    """
    parts = [part for part in re.split(r"[/\\]", name.casefold()) if part not in ("", ".")]
    repository = next((part for part in parts if part.startswith(REPOSITORY)), "")
    return repository.rpartition("--")[2] or (parts[-1] if parts else "")
