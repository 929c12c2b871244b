"""The page of a real run, and one of hostile text, as a reader's browser shows them."""

import io
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from ipllvm.reporting.html import render
from ipllvm.tests.plugin.sessions import properties, session
from ipllvm.tests.reporting import browsers, drawn, reports
from ipllvm.tests.reporting.hostile import HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browsers.CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="no Playwright here: pip install '.[dev]'"),
]
OPENED = "document.querySelectorAll('details').forEach((box) => { box.open = true; })"
BOXES = """() => {
    const box = (at) => {
        const { top, bottom, width, height } = at.getBoundingClientRect();
        return { top, bottom, width, height };
    };
    const one = (name) => box(document.querySelector(name));
    const shown = (at) => ({ ...box(at), drawn: !!at.closest(".drawing") });
    const svg = [...document.querySelectorAll("svg")].map(shown);
    return { header: one("header"), question: one(".question"), h1: one("h1"), svg };
}"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[BrowserContext]":
    with browsers.chromium(tmp_path_factory.mktemp("profile")) as context:
        yield context


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run of two properties, as the run itself wrote it."""
    folder = tmp_path_factory.mktemp("run")
    chosen = ("-k", "patch_information or image_use", "--benchmark=planted", "--samples=24", "--device=cpu")
    found = session(folder, *properties(*chosen, "--model=planted:invariant", "--report-only"), drawn=True)
    assert found.status == 0, found.output
    (path,) = folder.glob("reports/*/report.html")
    return path


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with everything that a page can have, all of it from hostile hands."""
    text = "".join(HOSTILE) + "<img src=x onerror=alert(1)>" + "y" * 100_000
    report = reports.mixed()
    hostile = replace(
        drawn.result(),
        property=text,
        model=replace(reports.MODEL, name=text),
        benchmark=replace(reports.BENCHMARK, name=text),
        claim=replace(reports.CLAIM, text=text, source=text),
        settings={text: text},
        series=(replace(drawn.CURVE, name=text), drawn.OTHER, drawn.MAP),
    )
    other = reports.report(hostile)
    says = dict.fromkeys(("sample", "prompt", "gold", "clean", "perturbed", "words", "replay"), text)
    other["results"][0] |= {"flips": [drawn.flip(**says), drawn.flip()], "printed": [drawn.PRINTED]}
    path = tmp_path_factory.mktemp("full") / "report.html"
    path.write_text(render(report, other), encoding="utf-8")
    return path


@pytest.fixture(scope="module", params=["real", "full"])
def file(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(request.param)
    return found


def widest(page: "Page") -> int:
    found: int = page.evaluate("document.documentElement.scrollWidth")
    return found


@pytest.mark.parametrize(("width", "scheme"), [(375, "dark"), (1440, "light")])
def test_it_is_quiet_fits_and_every_drawing_has_ink(
    browser: "BrowserContext", file: Path, width: int, scheme: str
) -> None:
    seen = browsers.opened(browser, file, width, scheme)
    assert (seen.said, seen.asked) == ([], [])
    assert widest(seen.page) <= width
    seen.page.evaluate(OPENED)
    assert widest(seen.page) <= width
    drawings = seen.page.locator(".drawing")
    assert drawings.count() >= 3
    for place in range(min(drawings.count(), 5)):
        pixels = np.asarray(Image.open(io.BytesIO(drawings.nth(place).screenshot())).convert("L")).astype(int)
        ground = int(np.median(pixels))
        assert (abs(pixels - ground) > 60).mean() > 0.002
    seen.page.close()


@pytest.mark.parametrize(("width", "scheme"), [(375, "light"), (1440, "dark")])
def test_the_page_begins_with_its_answer(
    browser: "BrowserContext", file: Path, width: int, scheme: str
) -> None:
    """No blank band, no blot: above the question is ground alone, and the first screen has the answer."""
    seen = browsers.opened(browser, file, width, scheme)
    boxes = seen.page.evaluate(BOXES)
    assert boxes["header"]["top"] == 0
    assert 0 < boxes["question"]["top"] < 60
    assert boxes["h1"]["bottom"] < 450
    assert [box for box in boxes["svg"] if box["width"] * box["height"] > 0 and not box["drawn"]] == []
    top = int(boxes["question"]["top"])
    pixels = np.asarray(Image.open(io.BytesIO(seen.page.screenshot())).convert("L")).astype(int)
    assert np.ptp(pixels[:top]) == 0
    assert np.ptp(pixels[top : int(boxes["h1"]["bottom"])]) > 100
    seen.page.close()


@pytest.mark.parametrize("width", [375, 1440])
def test_what_stands_in_the_way_and_what_to_do_are_on_the_first_screens(
    browser: "BrowserContext", full: Path, width: int
) -> None:
    seen = browsers.opened(browser, full, width)
    edge = 900 if width == 1440 else 3 * 900
    for place in (".alert h2", ".next pre"):
        box = seen.page.locator(place).first.bounding_box()
        assert box is not None
        assert box["y"] < edge, place
    seen.page.close()


def test_a_property_is_shorter_than_five_screens_and_uses_its_width(
    browser: "BrowserContext", real: Path
) -> None:
    seen = browsers.opened(browser, real)
    height = seen.page.evaluate("document.documentElement.scrollHeight")
    assert height < 5_000, "two properties"
    card = seen.page.locator("section .figures").first.bounding_box()
    last = seen.page.locator("section .figures").first.locator("figure").last.bounding_box()
    assert card is not None
    assert last is not None
    assert last["x"] + last["width"] > card["x"] + 0.6 * card["width"]
    seen.page.close()


def test_on_a_phone_the_table_shows_its_change(browser: "BrowserContext", real: Path) -> None:
    seen = browsers.opened(browser, real, 375)
    cell = seen.page.locator("#table tbody td.number:visible").first.bounding_box()
    assert cell is not None
    assert cell["x"] + cell["width"] <= 375
    around = seen.page.locator("#all .scroll").first
    assert around.evaluate("(box) => box.scrollWidth <= box.clientWidth"), "nothing of the table is cut"
    assert not seen.page.locator("#table td.roomy").first.is_visible()
    seen.page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(browser: "BrowserContext", file: Path, scheme: str) -> None:
    """By all rules in one scheme: in the other one only the colours are others."""
    seen = browsers.opened(browser, file, scheme=scheme)
    seen.page.evaluate(OPENED)
    rules = ("color-contrast",) if scheme == "dark" else ()
    assert browsers.axe_faults(seen.page, *rules) == []
    seen.page.close()


def test_every_section_of_the_run_is_there(browser: "BrowserContext", real: Path) -> None:
    page = browsers.opened(browser, real).page
    assert page.locator("section h3").all_inner_texts() != []
    named = " ".join(page.locator("section h3").all_inner_texts())
    assert "image use" in named
    assert "patch information" in named
    assert page.locator("section").count() == 2
    assert page.locator("#table tbody tr").count() == 2
    page.close()


def test_the_table_sorts_by_any_column_and_by_keyboard(browser: "BrowserContext", full: Path) -> None:
    page = browsers.opened(browser, full).page
    page.evaluate(OPENED)
    column = page.locator("#table thead th").all_inner_texts().index("verdict ↕".removesuffix(" ↕"))
    head = page.locator("#table thead th").nth(column)
    cells = page.locator(f"#table tbody td:nth-child({column + 1})")
    head.locator("button").click()
    first = cells.all_inner_texts()
    assert head.get_attribute("aria-sort") == "ascending"
    assert first[0] == "VIOLATED"
    head.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert cells.all_inner_texts()[0] == first[-1]
    page.close()


def test_the_table_filters_by_words_verdict_and_kind(browser: "BrowserContext", full: Path) -> None:
    page = browsers.opened(browser, full).page
    page.evaluate(OPENED)
    rows, total = page.locator("#table tbody tr:visible"), page.locator("#table tbody tr").count()
    page.fill("#words", "importance")
    assert rows.count() == 1
    assert page.locator("#filter output").inner_text() == f"1 of {total} results"
    page.fill("#words", "")
    page.select_option("#verdict", "UNDECIDED")
    assert rows.count() == 2, "one alone, and one that HOLDS alone and not among all claims of the run"
    page.select_option("#verdict", "")
    page.select_option("#kind", "observation")
    assert rows.count() == 1
    page.select_option("#kind", "")
    assert rows.count() == total
    page.close()


def test_a_link_to_a_result_leads_there(browser: "BrowserContext", full: Path) -> None:
    page = browsers.opened(browser, full, 375).page
    page.evaluate(OPENED)
    page.locator("#table tbody a").last.click()
    target = page.evaluate("document.querySelector(location.hash).getBoundingClientRect().top")
    assert -5 <= target <= 900
    page.close()


def test_without_its_script_all_is_there(browser: "BrowserContext", full: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.html"
    bare.write_text(full.read_text(encoding="utf-8").replace("sha256-", "sha256-x"), encoding="utf-8")
    page = browsers.opened(browser, bare).page
    assert page.locator("#table tbody tr").count() > 3
    assert page.locator("#filter").count() == 1 and not page.locator("#filter").is_visible()
    assert page.locator("#table th button").count() == 0
    page.close()


def test_on_paper_examples_are_open_and_nothing_is_cut(browser: "BrowserContext", full: Path) -> None:
    page = browsers.opened(browser, full, 700).page
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".examples img").first.is_visible()
    assert not page.locator("#filter").is_visible()
    assert page.evaluate("document.querySelector('#table').getBoundingClientRect().right") <= 700
    page.close()


NAMES = """() => {
    const row = document.querySelector(".results > li strong").parentElement;
    const range = document.createRange(), text = row.childNodes[1];
    range.setStart(text, 1); range.setEnd(text, 5);
    const box = (found) => found.getBoundingClientRect();
    const verdict = document.querySelector("#table tbody .tag");
    return [box(row.querySelector("strong")).right, box(range).left, box(verdict).right];
}"""


@pytest.mark.parametrize("name", ["\u05e9\u05d0\u05dc\u05d5\u05ea", "questions_" * 6])
def test_a_name_moves_no_number_and_no_verdict(browser: "BrowserContext", tmp_path: Path, name: str) -> None:
    """Behind Hebrew the number had come first; beside a name without blanks no verdict was on a phone."""
    found = replace(reports.result(), property=name, benchmark=replace(reports.BENCHMARK, name=name))
    path = tmp_path / "report.html"
    path.write_text(render(reports.report(found, replace(found, property="p"))), encoding="utf-8")
    page = browsers.opened(browser, path, 375).page
    end, number, verdict = page.evaluate(NAMES)
    assert verdict <= 375
    assert name.isascii() or end <= number
    page.close()
