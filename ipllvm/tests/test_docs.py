"""What the guides name is there, and every skip has a row in docs/skips.md."""

import re
from pathlib import Path

import pytest

import ipllvm

ROOT = Path(ipllvm.__file__).parents[1]
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / ".github" / "CONTRIBUTING.md"]
NAMED = re.compile(r"(?<![\w/.-])(?:(?:ipllvm|properties|fixtures|docs)/[\w./-]*[\w/]|reports/[a-zA-Z]+\.md)")
LINK = re.compile(r"\]\(([^)#:]+)\)")
QUOTED = re.compile(r"`([A-Z_]{3,}|check_\w+)`(?: \(| of | in )`?(ipllvm[\w./]*\w)")
MADE = ("NAME", "REPORT_DIR")
"""What stands for a name in the guides."""
SKIPS = re.compile(r"\b(?:pytest\.skip|skipif|importorskip)\(")
GUIDES = {
    "property",
    "family",
    "benchmark",
    "perturbation",
    "view",
    "package",
    "embedded-model",
    "statistic",
    "store-column",
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_files_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = {name for name in NAMED.findall(text) if not any(word in name for word in MADE)}
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    links = [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    assert links == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_constants_that_are_named_with_their_file_are_in_it(page: Path) -> None:
    for name, place in QUOTED.findall(page.read_text(encoding="utf-8")):
        file = ROOT / (place if place.endswith(".py") else place.replace(".", "/") + "/__init__.py")
        if file.is_file():
            assert re.search(rf"\b{name}\b", file.read_text(encoding="utf-8")), (name, place)


def test_there_is_a_guide_for_everything_that_can_be_added() -> None:
    assert {page.stem for page in (ROOT / "docs" / "adding").glob("*.md")} == GUIDES
    text = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert all(f"docs/adding/{name}.md" in text for name in GUIDES)
    assert len(text.splitlines()) <= 45


def test_decisions_are_numbered_in_turn() -> None:
    numbers = [int(page.name[:4]) for page in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) >= 9


def test_every_skip_has_a_row() -> None:
    places = [
        file for folder in ("ipllvm", "properties", "fixtures") for file in (ROOT / folder).rglob("*.py")
    ]
    here = Path(__file__).resolve()
    found = {
        str(file.relative_to(ROOT))
        for file in places
        if file.resolve() != here and SKIPS.search(file.read_text(encoding="utf-8"))
    }
    rows = set(
        re.findall(r"^\| (\S+\.py) \|", (ROOT / "docs" / "skips.md").read_text(encoding="utf-8"), re.M)
    )
    assert (sorted(found - rows), sorted(rows - found)) == ([], [])
