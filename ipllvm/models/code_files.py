"""The code that a checkpoint brings: which files its settings name, all of them in its own folder.

Imports neither torch nor transformers.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ipllvm.errors import ModelUnavailable
from ipllvm.models.json_files import read_json

NAMING = ("config.json", "processor_config.json", "preprocessor_config.json", "tokenizer_config.json")
"""Files whose `auto_map` names classes of one's own, as "file.Class" or "org/repository--file.Class"."""
ELSEWHERE = "--"


def require_here(folder: Path, *, fetched: bool = True) -> None:
    """Raises ModelUnavailable where code is named that does not lie in `folder`: what is not there is neither
    measured nor part of the fingerprint. Before its files are `fetched` only other repositories are refused.
    """
    for path in (folder / name for name in NAMING):
        for named in _named(read_json(path).get("auto_map")) if path.is_file() else ():
            if ELSEWHERE in named:
                raise ModelUnavailable(
                    f"{path}: auto_map names code of another repository ({named[:80]}), which is no part of "
                    f"this checkpoint: copy its .py files into the folder and leave the repository's name out"
                )
            if fetched and not _lies_in(folder, named):
                raise ModelUnavailable(
                    f"{path}: auto_map names code that is not in the folder ({named[:80]})"
                )


def _lies_in(folder: Path, named: str) -> bool:
    """Whether a reference, "file.Class", is to a file of that folder."""
    module, _, cls = named.rpartition(".")
    return bool(cls) and "/" not in named and (folder / f"{module.replace('.', '/')}.py").is_file()


def _named(auto_map: Any) -> Iterator[str]:
    """The references of an auto_map: texts, or lists of texts and nothing for a tokenizer."""
    for value in auto_map.values() if isinstance(auto_map, dict) else ():
        yield from (str(each) for each in (value if isinstance(value, list) else [value]) if each is not None)
