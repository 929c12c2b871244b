"""axe-core on every kind of page: a gate's, an audit's, two runs side by side, the paper's.

The page of one property, history and the viewer's list and samples are tried where they are made.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ipllvm.paper import document
from ipllvm.paper import pages as paper_pages
from ipllvm.paper.parts import chosen
from ipllvm.records import Decision
from ipllvm.reporting.html import render
from ipllvm.tests.reporting import browsers, reports
from ipllvm.tests.reporting.test_first_screen import gated

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(browsers.CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="no Playwright here: pip install '.[dev]'"),
]
OPENED = "document.querySelectorAll('details').forEach((box) => { box.open = true; })"
SETTINGS = [(375, "dark"), (1440, "light"), (375, "light"), (1440, "dark")]


def paper() -> str:
    """The paper's page of a run that measured a table and left the rest."""
    from ipllvm.tests.paper.measured import estimate, measured, row

    scores = {"clean": estimate(90.0, 85.0, 94.0), "permuted": estimate(80.0, 75.0, 84.0)}
    given = measured({("permutation_invariance", "llava-tiny", "scenes"): row("scenes", scores)})
    made = document.build(chosen([]), ["llava-tiny"], [], given, ["a plan"], ["how it was made"], None)
    return paper_pages.html(made)


PAGES = {
    "gate": lambda: render(gated()),
    "audit": lambda: render(gated(Decision.HOLDS, "audit")),
    "side by side": lambda: render(gated(), reports.mixed()),
    "paper": paper,
}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[BrowserContext]":
    with browsers.chromium(tmp_path_factory.mktemp("profile")) as context:
        yield context


@pytest.mark.parametrize(("width", "scheme"), SETTINGS)
@pytest.mark.parametrize("kind", PAGES)
def test_a_page_has_no_serious_fault(
    browser: "BrowserContext", tmp_path: Path, kind: str, width: int, scheme: str
) -> None:
    file = tmp_path / "page.html"
    file.write_text(PAGES[kind](), encoding="utf-8")
    seen = browsers.opened(browser, file, width, scheme)
    seen.page.evaluate(OPENED)
    assert browsers.axe_faults(seen.page) == []
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    assert (seen.said, seen.asked) == ([], [])
    seen.page.close()
