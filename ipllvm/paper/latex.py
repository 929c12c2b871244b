r"""A part's table as LaTeX: a tabular of booktabs that plain pdfLaTeX sets, whatever a model is called."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import groupby
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

    The shorter side, benchmarks or what is measured on them, are its columns, so that it fits a page; rows
    without a measured or a printed value are left out, and a comment says how many. Needs the packages
    booktabs and textcomp, which LaTeX has had in its kernel since 2020.
    """
    columns, grid = _narrow(*words.grid(section))
    rows = [row for row in grid if any(row[2])]
    filled = [row for row in rows if any(cell and _holds(cell) for cell in row[2])]
    head = " & ".join(["", "", *map(plain, columns)])
    blocks = ["".join(_row(*row) for row in rows) for _, rows in groupby(filled, key=lambda row: row[0])]
    body = "\\addlinespace\n".join(blocks)
    start = f"% {section.part.where}: value [interval] (printed in the paper)\n"
    if len(filled) < len(rows):
        start += f"% {len(rows) - len(filled)} rows are left out, which hold neither\n"
    spec = "ll" + "r" * len(columns)
    table = f"\\toprule\n{head} \\\\\n\\midrule\n{body}\\bottomrule\n"
    return f"{start}\\begin{{tabular}}{{{spec}}}\n{table}\\end{{tabular}}\n"


def _narrow(columns: Sequence[str], rows: words.Rows) -> tuple[Sequence[str], words.Rows]:
    """A grid whose columns are the benchmarks, or its labels where those are fewer."""
    labels = list(dict.fromkeys(label for _, label, _ in rows))
    if len(columns) <= len(labels):
        return columns, rows
    places = {
        (model, label, c): cell for model, label, row in rows for c, cell in zip(columns, row, strict=True)
    }
    models = dict.fromkeys(model for model, _, _ in rows)
    turned = [(m, c, [places.get((m, label, c)) for label in labels]) for m in models for c in columns]
    return labels, turned


def _holds(cell: PaperCell) -> bool:
    return cell.value is not None or cell.printed is not None


def _row(model: str, label: str, cells: Sequence[PaperCell | None]) -> str:
    return f"{plain(model)} & {plain(label)} & {' & '.join(map(_cell, cells))} \\\\\n"


def _cell(cell: PaperCell | None) -> str:
    if cell is None:
        return ""
    printed = [] if cell.printed is None else [f"({_minus(f'{cell.printed:.2f}')})"]
    if cell.value is None:
        return " ".join(["--", *printed])
    bounds = ", ".join(_minus(number(each)) for each in (cell.low, cell.high))
    return f"{_minus(number(cell.value))} {{\\scriptsize {' '.join([f'[{bounds}]', *printed])}}}"


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
