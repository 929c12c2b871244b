"""The page as files in a folder of its own, where nothing is left of the page before."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from ipllvm.errors import IpllvmError
from ipllvm.paper import latex, pages
from ipllvm.paper.words import Document
from ipllvm.reporting import canvas, exports
from ipllvm.reporting.folders import ensure_writable, inner_folder, replace_file
from ipllvm.safety import reading

FIGURES: Final = "figures"
LISTED: Final = "files.json"
"""What the folder holds of a page: the SHA-256 digest of each file, by its name."""


def write(document: Document, folder: Path) -> list[Path]:
    """Writes paper.html, paper.md, cells.csv, a LaTeX table a part, and the figures; raises UsageError.

    What the page before wrote there and this one does not is removed, unless somebody has changed it.
    """
    ensure_writable(folder)
    inner_folder(folder, FIGURES)
    contents = {name: text.encode() if isinstance(text, str) else text for name, text in _contents(document)}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    before = _listed(folder)
    _list(folder, before | digests)
    written = [replace_file(folder, name, content) for name, content in contents.items()]
    _remove(folder, {name: digest for name, digest in before.items() if name not in digests})
    _list(folder, digests)
    return written


def _contents(document: Document) -> Iterator[tuple[str, str | bytes]]:
    yield "paper.md", pages.markdown(document)
    yield "paper.html", pages.html(document)
    yield "cells.csv", pages.table(document)
    for section in document.parts:
        if section.cells:
            yield f"{section.part.key}.tex", latex.tabular(section)
        for picture in section.pictures:
            yield f"{FIGURES}/{picture.name}.svg", canvas.svg(picture.draw, picture.name)
            yield f"{FIGURES}/{picture.name}.csv", exports.table(picture)
        for name, png in section.examples.items():
            yield f"{FIGURES}/{name}.png", png


def _list(folder: Path, digests: Mapping[str, str]) -> None:
    replace_file(folder, LISTED, json.dumps(digests, indent=1) + "\n")


def _listed(folder: Path) -> dict[str, str]:
    """The files of the page before, as they were written; none where nothing tells of them."""
    path = folder / LISTED
    if path.is_symlink() or not path.is_file():
        return {}
    try:
        found = reading.json_file(path)
    except (OSError, ValueError, IpllvmError):
        return {}
    return {name: str(digest) for name, digest in found.items()} if isinstance(found, dict) else {}


def _remove(folder: Path, digests: Mapping[str, str]) -> None:
    """Removes what lies in the folder or its figures as it was written; anything else stays."""
    for name, digest in digests.items():
        path = folder / name
        if path.parent not in (folder, folder / FIGURES) or path.is_symlink() or not path.is_file():
            continue
        with suppress(OSError, IpllvmError):
            if hashlib.sha256(reading.file_bytes(path)).hexdigest() == digest:
                path.unlink()
