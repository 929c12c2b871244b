"""What of the package's requirements is not here: `python -m ipllvm.speed.packages` in a bare checkout.

Needs nothing beside Python itself.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

NEEDED: Final = frozenset(
    {
        "filelock", "huggingface-hub", "jaxtyping", "msgspec", "numpy", "pillow", "pytest", "rich",
        "safetensors", "scipy", "torch", "transformers",
    }
)  # fmt: skip
"""Without these no device can be checked."""
NAME: Final = re.compile(r"[A-Za-z0-9._-]+")


def missing(requirements: Iterable[str]) -> Iterator[str]:
    """The names of those that are not installed.

    >>> [*missing(["pytest>=9", "no-such-package>=1; python_version > '3'"])]
    ['no-such-package']
    """
    for line in requirements:
        found = NAME.match(line)
        name = found[0] if found else line
        try:
            version(name)
        except PackageNotFoundError:
            yield name


def main(file: Path = Path("pyproject.toml")) -> int:
    """List what is missing; 1 where a check needs it."""
    project: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
    absent = [*missing(project["dependencies"])]
    needed = [name for name in absent if name in NEEDED]
    optional = [name for name in absent if name not in NEEDED]
    if optional:
        print(f"not here, and not needed for this: {', '.join(optional)}")
    if needed:
        print(f"needed and not here: {', '.join(needed)}: pip install {' '.join(needed)}")
    return 1 if needed else 0


if __name__ == "__main__":
    sys.exit(main())
