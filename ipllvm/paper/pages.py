"""The paper's page: as Markdown, as one HTML page, and its cells as CSV."""

import base64
from collections.abc import Iterator
from typing import Final

from ipllvm.paper import words
from ipllvm.paper.measured import PaperCell
from ipllvm.paper.words import Document, PaperSection
from ipllvm.reporting import inlining, pages
from ipllvm.reporting.exports import rows_of
from ipllvm.reporting.markdown import inline

TITLE: Final = "The paper, measured"
COLUMNS: Final = ("part", "model", "benchmark", "score", "value", "low", "high", "unit", "n", "printed",
                  "agreement", "why")  # fmt: skip

WORDS: Final = {
    "grid": words.grid, "folded": words.folded, "measured": words.measured, "beside": words.beside,
    "notes": words.notes, "reasons": words.reasons,
    "data": lambda png: base64.b64encode(png).decode(),
}  # fmt: skip
"""What the page's template calls."""


def markdown(document: Document) -> str:
    """The page for people and for a pull-request comment."""
    head = [f"# {TITLE}", *(inline(each) for each in document.about), f"**{words.counts(document)}.**"]
    planned = "\n".join(f"- {inline(line)}" for line in document.plan)
    blocks = [*head, f"## Plan\n\n{planned}" if planned else ""]
    blocks += [block for section in document.parts for block in _section(section)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _section(section: PaperSection) -> Iterator[str]:
    part = section.part
    yield f"## {part.where}: {inline(part.title)}"
    yield inline(part.reading)
    columns, rows = words.grid(section)
    if rows:
        lines = [("model", "", *map(inline, columns)), ("---",) * (2 + len(columns))]
        again = words.folded(rows)
        lines += [
            (inline(m), inline(label), *(_cell(cell, (r, c) in again) for c, cell in enumerate(found)))
            for r, (m, label, found) in enumerate(rows)
        ]
        yield "\n".join(f"| {' | '.join(line)} |" for line in lines)
    for each in section.pictures:
        yield f"![{inline(each.title)}](figures/{each.name}.svg)\n\n{inline(each.caption)}"
    for name in section.examples:
        yield f"![{inline(name)}](figures/{name}.png)"
    texts = [*words.notes(section), *words.reasons(section)]
    yield "\n".join(f"- {inline(each, 2000)}" for each in texts)


def _cell(cell: PaperCell | None, again: bool) -> str:
    """`again` says that a cell above has said NOT TESTED for this one too."""
    if cell is None:
        return ""
    texts = ["" if again else words.measured(cell), words.beside(cell)]
    return "<br>".join(text for text in texts if text)  # numbers, and words of our own


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
    cells = [cell for section in document.parts for cell in section.cells]
    rows = (
        (cell.part, cell.model, cell.benchmark, cell.label, cell.value, cell.low, cell.high,
         cell.unit, cell.n, cell.printed, cell.agreement, cell.why)
        for cell in cells
    )  # fmt: skip
    return rows_of([COLUMNS, *rows])
