"""A digest of the package's own source, for what is kept as long as the code that made it stays as it is."""

import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[2]


@cache
def digest(*rooms: str) -> str:
    """The sha256 (64 hex digits) of the source of those rooms of ipllvm, in their order.

    >>> len(digest("stats")), digest("stats") == digest("metrics")
    (64, False)
    """
    total = hashlib.sha256()
    for room in rooms:
        for file in sorted((PACKAGE / room).rglob("*.py")):
            total.update(file.read_bytes())
    return total.hexdigest()
