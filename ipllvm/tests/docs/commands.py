"""The commands of the documentation: those that a page runs from top to bottom, and all that it shows."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
GUIDES = [page for page in PAGES if page.parent.name != "decisions"]
"""A decision may show what is not taken."""
README = DOCS.parent / "README.md"
FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(ipllvm [a-z]+[^`]*)`")
BLOCK = re.compile(r"^    (?:\.venv/bin/)?((?:ipllvm [a-z]+|pytest properties).*)$", re.MULTILINE)
REMARK = re.compile(r"\s#.*$")
STARTS = (["ipllvm"], ["pytest"])


def script(page: Path) -> str:
    """What a page runs: its `sh` blocks, one behind the other."""
    return "".join(FENCE.findall(page.read_text(encoding="utf-8")))


def shown(page: Path) -> Iterator[list[str]]:
    """Every command line of `ipllvm`, or of pytest on the properties, that a page shows, in words."""
    text = page.read_text(encoding="utf-8")
    lines = [line for block in FENCE.findall(text) for line in block.splitlines()]
    for line in (*lines, *BLOCK.findall(text), *INLINE.findall(text)):
        words = shlex.split(REMARK.sub("", line.split(" || ")[0]))
        if words[:1] in STARTS and len(words) > 1:
            yield words
