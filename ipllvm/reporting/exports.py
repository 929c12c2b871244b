"""The pictures of a report as files for papers: each as SVG and PNG, and its numbers as CSV."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ipllvm.reporting import canvas
from ipllvm.reporting.folders import ensure_writable, replace_file
from ipllvm.reporting.pictures import Picture
from ipllvm.reporting.schema import Report
from ipllvm.reporting.sections import every_picture, sections

FORMULA = ("=", "+", "-", "@")
CONTROL = ("\t", "\r", "\n")
"""What begins a text that a spreadsheet runs: these of any width, also behind what it takes for space."""


def write(report: Report, folder: Path) -> list[Path]:
    """Writes NAME.svg, NAME.png and NAME.csv of every picture into `folder`; the names are those of the page.

    Raises UsageError where it can't be written.
    """
    ensure_writable(folder)
    return [path for picture in pictures(report) for path in _written(picture, folder)]


def pictures(report: Report) -> Iterator[Picture]:
    """Every picture of a report, in the page's order."""
    for section in sections(report):
        yield from every_picture(section)


def plain(cell: str | float | None) -> str | float:
    """A cell of a CSV: nothing for None; behind an apostrophe where a spreadsheet would run the text.

    >>> plain(None), plain(-1.5), plain("-x"), plain(" =1+1"), plain("\uff1d1")
    ('', -1.5, "'-x", "' =1+1", "'\uff1d1")
    """
    if cell is None or not isinstance(cell, str):
        return "" if cell is None else cell
    first = unicodedata.normalize("NFKC", cell.lstrip()[:1])
    return f"'{cell}" if first in FORMULA or cell[:1] in CONTROL else cell


def rows_of(cells: Iterable[Iterable[str | float | None]]) -> str:
    r"""Rows of cells as CSV, a row a line; a text that a spreadsheet would run is quoted by an apostrophe.

    >>> rows_of([("n", "name"), (1, "=1"), (2, "a\rb")])
    'n,name\n1,\'=1\n2,"a\rb"\n'
    """
    file = io.StringIO()
    writer = csv.writer(file)  # ends a row with a carriage return too, and so quotes one in a text
    lines = []
    for row in cells:
        writer.writerow(map(plain, row))
        lines.append(file.getvalue().removesuffix("\r\n"))
        file.seek(file.truncate(0))
    return "".join(f"{line}\n" for line in lines)


def table(picture: Picture) -> str:
    """The numbers of a picture as CSV."""
    return rows_of([picture.columns, *picture.rows])


def _written(picture: Picture, folder: Path) -> Sequence[Path]:
    texts = {"svg": canvas.svg(picture.draw, picture.name).encode()}
    texts["png"] = canvas.png(picture.draw, picture.name)
    texts |= {"csv": table(picture).encode()} if picture.rows else {}
    return [replace_file(folder, f"{picture.name}.{kind}", text) for kind, text in texts.items()]
