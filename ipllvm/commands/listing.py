"""Lists as lines: a name, whether it is here, and what it is."""

import shutil
import textwrap
from collections.abc import Iterable

WIDEST = 110
LEAST = 30


def show(rows: Iterable[tuple[str, str, str]], width: int | None = None) -> None:
    """Print (name, state, words) rows in columns; words wrap at the terminal's edge or at 110 columns."""
    found = list(rows)
    first, second = (max((len(row[i]) for row in found), default=0) for i in (0, 1))
    indent = first + second + 4
    edge = min(width or shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)
    for name, state, words in found:
        lines = textwrap.wrap(words, max(edge - indent, LEAST)) or [""]
        print(f"{name:<{first}}  {state:<{second}}  {lines[0]}".rstrip())
        for line in lines[1:]:
            print(" " * indent + line)


def first_line(described: object) -> str:
    """The first line of a docstring."""
    return (getattr(described, "__doc__", None) or "").strip().partition("\n")[0]
