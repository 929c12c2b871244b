"""What the site has beside docs/: files that pages link to, a place in the menu for all, scrolling tables."""

import posixpath
import re
import runpy
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

LINK = re.compile(r"\]\(((?:\.\./)+[^)#\s]+)")
ROOT = Path(__file__).resolve().parents[1]
STYLE = Path(__file__).with_name("site.css")
TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
ERRORS = "all-errors.md"
"""A page that is made of the source."""


def _outside(page: str, link: str) -> str | None:
    """The path in the repository of a link that leads out of docs/; None for one that stays."""
    found = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), link))
    return None if found.startswith("docs/") else found


def _name(path: str) -> str:
    """Where it lies in the site: no name there begins with a dot."""
    return f"repository/{path.lstrip('.')}"


def on_config(config: Any) -> Any:
    """Put the decisions, and pages that the menu does not name, at its end."""
    pages = [str(page.relative_to(ROOT / "docs")) for page in sorted((ROOT / "docs").rglob("*.md"))]
    loose = [page for page in pages if page not in str(config["nav"])]
    decisions = [page for page in loose if page.startswith("decisions/")]
    config["nav"] += [
        {"Every error": ERRORS},
        {"More": [page for page in loose if page not in decisions]},
        {"Decisions": decisions},
    ]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add what pages link to outside of docs/."""
    pages = [file for file in files if file.is_documentation_page()]
    found = {
        path
        for file in pages
        for link in LINK.findall(file.content_string)
        if (path := _outside(file.src_uri, link))
    }
    for path in sorted(found):
        files.append(File.generated(config, _name(path), content=(ROOT / path).read_text(encoding="utf-8")))
    errors = runpy.run_path(str(Path(__file__).with_name("error_page.py")))["page"]()
    files.append(File.generated(config, ERRORS, content=errors))
    files.append(File.generated(config, STYLE.name, content=STYLE.read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, **_: object) -> str:
    """Let those links lead there."""

    def moved(match: re.Match[str]) -> str:
        path = _outside(page.file.src_uri, match[1])
        if path is None:
            return match[0]
        return f"]({posixpath.relpath(_name(path), posixpath.dirname(page.file.src_uri) or '.')}"

    return LINK.sub(moved, markdown)


def on_page_content(html: str, **_: object) -> str:
    """Let what may be wider than a phone scroll by itself, by the keys too."""
    html = TABLE.sub(lambda table: f'<div class="scroll" tabindex="0">{table[0]}</div>', html)
    return html.replace("<pre>", '<pre tabindex="0">')
