"""Lists as lines: a name, whether it is here, and what it is."""

import shutil
import textwrap
from collections.abc import Iterable

from ipllvm.reporting.text import visible

WIDEST = 110
LEAST = 36
"""Columns of words beside the names; where there are fewer the words go below."""
INDENT = 4
LONG = 1_000
Row = tuple[str, str, str]


def show(rows: Iterable[Row], width: int | None = None) -> None:
    """Print (name, state, words) rows in columns, or each as a block where the terminal is narrow.

    Words wrap at the terminal's edge or at 110 columns, and never inside a path, an address or a name.
    """
    found = [(visible(name), visible(state), visible(words, LONG)) for name, state, words in rows]
    edge = min(width or shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)
    first, second = (max((len(row[i]) for row in found), default=0) for i in (0, 1))
    beside = edge - first - second - 4
    for name, state, words in found:
        if beside >= LEAST:
            start, *rest = _wrapped(words, beside) or [""]
            head, indent = f"{name:<{first}}  {state:<{second}}  {start}", edge - beside
        else:
            head, indent, rest = f"{name:<{first}}  {state}", INDENT, _wrapped(words, edge - INDENT)
        print("\n".join([head.rstrip(), *(" " * indent + line for line in rest)]))


def _wrapped(words: str, width: int) -> list[str]:
    return textwrap.wrap(words, max(width, 1), break_on_hyphens=False, break_long_words=False)


def first_line(described: object) -> str:
    """The first line of a docstring."""
    return (getattr(described, "__doc__", None) or "").strip().partition("\n")[0]
