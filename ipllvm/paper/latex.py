r"""A part's table as LaTeX: a tabular of booktabs that plain pdfLaTeX sets, whatever a model is called."""

import re
import unicodedata
from typing import Final

from ipllvm.paper import words
from ipllvm.paper.measured import PaperCell
from ipllvm.paper.words import PaperSection
from ipllvm.reporting.text import number, visible

_MARKS: Final = (
    {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"}
    | {'"': r"\char34{}", "`": r"\textasciigrave{}"}
    | {each: f"\\{each}" for each in "&%$#_{}"}
    | {"Δ": r"$\Delta$", "≤": r"$\leq$", "≥": r"$\geq$", "–": "--", "…": r"\dots{}"}
)
_OTHERS: Final = re.compile(r"[\\~^<>|\"`&%$#_{}]|[^\x20-\x7e]")

_OGONEK: Final = "0328"
"""The one accent that the oldest of LaTeX's encodings of fonts has not."""


def tabular(section: PaperSection) -> str:
    """A part's cells: the value, its interval, the printed one in brackets; a dash where nothing is measured.

    Needs the packages booktabs and textcomp, which LaTeX has had in its kernel since 2020.
    """
    columns, rows = words.grid(section)
    head = " & ".join(["", "", *map(plain, columns)])
    lines = [
        f"{plain(model)} & {plain(label)} & {' & '.join(map(_cell, cells))} \\\\"
        for model, label, cells in rows
    ]
    body = "\n".join([f"{head} \\\\", r"\midrule", *lines])
    spec = "ll" + "r" * len(columns)
    start = f"% {section.part.where}: value [interval] (printed in the paper)\n"
    return f"{start}\\begin{{tabular}}{{{spec}}}\n\\toprule\n{body}\n\\bottomrule\n\\end{{tabular}}\n"


def _cell(cell: PaperCell | None) -> str:
    if cell is None:
        return ""
    printed = "" if cell.printed is None else f" ({_minus(f'{cell.printed:.2f}')})"
    if cell.value is None:
        return f"--{printed}"
    low, high = (_minus(number(each)) for each in (cell.low, cell.high))
    return f"{_minus(number(cell.value))} {{\\scriptsize [{low}, {high}]}}{printed}"


def _minus(text: str) -> str:
    """A number with a minus, not a hyphen."""
    return f"$-${text[1:]}" if text.startswith("-") else text


def plain(text: str) -> str:
    r"""`text` as a cell that LaTeX sets as it is; what its usual fonts lack is spelled out.

    >>> plain("50% of a_b"), plain("[x]"), plain("漢")
    ('50\\% of a\\_b', '{[}x]', 'U+6F22')
    """
    cell = _OTHERS.sub(lambda match: _spelled(match[0]), visible(text, 120))
    first = cell[:1]  # behind the \\ of the row above, [ and * would be arguments of it
    return f"{{{first}}}{cell[1:]}" if first in ("[", "*") else cell


def _spelled(char: str) -> str:
    if char in _MARKS:
        return _MARKS[char]
    letter, *accents = unicodedata.decomposition(char).split() or [""]
    set_by_all = char < "\u0180" and letter.isalnum() and int(letter, 16) < 0x80 and accents != [_OGONEK]
    return char if set_by_all else f"U+{ord(char):04X}"
