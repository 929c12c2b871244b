"""The paper's page: as Markdown, as one HTML page, and each table as CSV and LaTeX."""

import base64
import csv
import io
import re
from collections.abc import Iterator
from typing import Any, Final

from ipllvm.paper import words
from ipllvm.paper.measured import PaperCell
from ipllvm.paper.words import Document, PaperSection
from ipllvm.reporting import inlining, pages
from ipllvm.reporting.exports import FORMULA
from ipllvm.reporting.markdown import escape
from ipllvm.reporting.text import number, visible

TITLE: Final = "The paper, measured"
COLUMNS: Final = ("part", "model", "benchmark", "score", "value", "low", "high", "unit", "n", "printed",
                  "agreement", "why")  # fmt: skip
_LATEX: Final = (
    {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {each: f"\\{each}" for each in "&%$#_{}"}
    | {"Δ": r"$\Delta$"}
)

WORDS: Final = {
    "grid": words.grid, "folded": words.folded, "measured": words.measured, "beside": words.beside,
    "notes": words.notes, "reasons": words.reasons,
    "data": lambda png: base64.b64encode(png).decode(),
}  # fmt: skip
"""What the page's template calls."""


def markdown(document: Document) -> str:
    """The page for people and for a pull-request comment."""
    head = [f"# {TITLE}", *(escape(each) for each in document.about), f"**{words.counts(document)}.**"]
    planned = "\n".join(f"- {escape(line)}" for line in document.plan)
    blocks = [*head, f"## Plan\n\n{planned}" if planned else ""]
    blocks += [block for section in document.parts for block in _section(section)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _section(section: PaperSection) -> Iterator[str]:
    part = section.part
    yield f"## {part.where}: {escape(part.title)}"
    yield escape(part.reading)
    columns, rows = words.grid(section)
    if rows:
        lines = [("model", "", *columns), ("---",) * (2 + len(columns))]
        again = words.folded(rows)
        lines += [
            (escape(m), escape(label), *(_cell(cell, (r, c) in again) for c, cell in enumerate(found)))
            for r, (m, label, found) in enumerate(rows)
        ]
        yield "\n".join(f"| {' | '.join(line)} |" for line in lines)
    for each in section.pictures:
        yield f"![{escape(each.title)}](figures/{each.name}.svg)\n\n{escape(each.caption)}"
    for name in section.examples:
        yield f"![{escape(name)}](figures/{name}.png)"
    texts = [*words.notes(section), *words.reasons(section)]
    yield "\n".join(f"- {escape(each, 2000)}" for each in texts)


def _cell(cell: PaperCell | None, again: bool) -> str:
    """`again` says that a cell above has said NOT TESTED for this one too."""
    if cell is None:
        return ""
    texts = ["" if again else words.measured(cell), words.beside(cell)]
    return "<br>".join(escape(text) for text in texts if text)


def html(document: Document) -> str:
    """One page that opens from disk, without a script and without a network."""
    pictures = [each for section in document.parts for each in section.pictures]
    drawings, marks, rules = inlining.shared({p.name: inlining.inline(p.draw, p.name) for p in pictures})
    found = pages.template("paper.html", WORDS, package="ipllvm.paper").render(
        title=TITLE, document=document, counts=words.counts(document),
        drawings=drawings, marks=marks, rules=rules,
    )  # fmt: skip
    return str(found)


def table(document: Document) -> str:
    """All cells as CSV; a text that a spreadsheet would run is quoted by an apostrophe."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for section in document.parts:
        for cell in section.cells:
            row = (cell.part, cell.model, cell.benchmark, cell.label, cell.value, cell.low, cell.high,
                   cell.unit, cell.n, cell.printed, cell.agreement, cell.why)  # fmt: skip
            writer.writerow(_plain(value) for value in row)
    return file.getvalue()


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def latex(section: PaperSection) -> str:
    """A part's cells as a tabular of booktabs: the value, its interval, the printed one in brackets."""
    columns, rows = words.grid(section)
    head = " & ".join(["", "", *map(_tex, columns)])
    lines = [
        f"{_tex(model)} & {_tex(label)} & {' & '.join(map(_tex_cell, cells))} \\\\"
        for model, label, cells in rows
    ]
    body = "\n".join([f"{head} \\\\", r"\midrule", *lines])
    spec = "ll" + "r" * len(columns)
    start = f"% {section.part.where}\n"
    return f"{start}\\begin{{tabular}}{{{spec}}}\n\\toprule\n{body}\n\\bottomrule\n\\end{{tabular}}\n"


def _tex_cell(cell: PaperCell | None) -> str:
    if cell is None:
        return ""
    printed = "" if cell.printed is None else f" ({cell.printed:.2f})"
    if cell.value is None:
        return f"--{printed}"
    low, high = (number(each) for each in (cell.low, cell.high))
    return f"{number(cell.value)} {{\\scriptsize [{low}, {high}]}}{printed}"


def _tex(text: str) -> str:
    return re.sub(r"[\\~^&%$#_{}Δ]", lambda match: _LATEX[match[0]], visible(text, 120))
