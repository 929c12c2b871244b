"""The page: whole, self-contained, hostile text stays text, pictures have words."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ipllvm import cli
from ipllvm.records import Point, Series
from ipllvm.reporting import plots
from ipllvm.reporting.html import render
from ipllvm.reporting.report import write
from ipllvm.tests.reporting import reports
from ipllvm.tests.reporting.hostile import HOSTILE

VOID = {"meta", "line", "circle", "rect", "polygon", "polyline"}
CURVE = Series(
    "random", "score (higher = better)", "points", ("ratio",), (Point((0,), 9.0, 8, 10), Point((0.5,), 4.0))
)
MAP = Series(
    "lost", "what is lost (darker = more)", "points", ("row", "column"),
    tuple(Point((cell // 2, cell % 2), float(cell)) for cell in range(4)),
)  # fmt: skip
DRAWN = replace(reports.result(), series=(CURVE, MAP))


class Page(HTMLParser):
    """Checks that tags nest, and keeps what a test asks for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.unlabelled: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.links += [str(found[name]) for name in ("href", "src") if name in found]
        self.ids |= {str(found["id"])} if "id" in found else set()
        self.unlabelled += [tag] if tag == "svg" and not found.get("aria-label") else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_every_result_has_a_section_and_every_link_stays_on_the_page() -> None:
    report = reports.mixed()
    page = Page(render(report))
    assert page.tags.count("section") == len(report["results"])
    assert page.links
    assert {link.removeprefix("#") for link in page.links} <= page.ids
    assert not {"script", "img", "iframe", "link"} & set(page.tags)
    assert page.unlabelled == []


def test_curves_and_maps_are_drawn_with_their_words() -> None:
    text = render(reports.report(DRAWN))
    page = Page(text)
    assert page.tags.count("svg") == 3
    assert page.tags.count("rect") == 4
    assert "random: score (higher = better), in points" in text
    assert "lost, row by row: 0.0, 1.0, 2.0, 3.0" in text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    named = replace(CURVE, name=text, quantity=text, unit=text, axes=(text,))
    hostile = replace(
        reports.result(reason=text, name=text),
        model=replace(reports.MODEL, name=text, family=text),
        benchmark=replace(reports.BENCHMARK, name=text, source=text),
        claim=replace(reports.CLAIM, text=text, source=text),
        settings={text: text},
        errors=((text, text),),
        series=(named,),
    )
    page = Page(render(reports.report(hostile)))
    assert not {"script", "img", "b", "i", "a"} & (set(page.tags) - {"a"})
    assert all(link.startswith("#r") for link in page.links)


def test_a_page_asks_for_nothing() -> None:
    text = render(reports.mixed())
    assert not re.search(r"(?:src|href|url\(|@import)\s*=?\s*[\"'(]?\s*(?:https?:)?//", text)


def test_an_empty_report_is_a_page() -> None:
    assert "No requirement was measured" in render(reports.report())


def test_the_geometry_survives_what_was_not_measured() -> None:
    assert plots.forest({"low": None, "high": 1.0, "value": 0.0}, 2.0) is None
    none = {"unit": "points", "points": [{"at": [0], "value": None, "low": None, "high": None}]}
    assert plots.curve(none) is None
    (cell,) = plots.cells({"unit": "points", "points": [{"at": [0, 0], "value": None}]})
    assert (cell.shade, cell.label) == (0.0, "n/a")


def test_views_are_made_again_from_the_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(reports.report(DRAWN), tmp_path)
    first = (tmp_path / "report.html").read_text()
    (tmp_path / "report.html").unlink()
    assert cli.main(["report", str(tmp_path)]) == 0
    assert (tmp_path / "report.html").read_text() == first
    assert cli.main(["report", str(path), "--md", str(tmp_path / "only.md")]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("only.md")


@pytest.mark.parametrize(("text", "line"), [("{", "not JSON"), ("{}", "not an ipllvm-report/1")])
def test_what_is_no_report_is_one_line(
    tmp_path: Path, text: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "report.json"
    path.write_text(text)
    assert cli.main(["report", str(path)]) == 4
    assert line in capsys.readouterr().err
    assert cli.main(["report", str(tmp_path / "none.json")]) == 4


BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")
@pytest.mark.parametrize("width", [375, 1440])
def test_a_browser_shows_it_without_scrolling_sideways(tmp_path: Path, width: int) -> None:
    """The page itself is measured in an iframe of that width: headless windows are not made narrower."""
    write(reports.report(DRAWN, *[reports.result(name=f"property_{i}") for i in range(3)]), tmp_path)
    probe = tmp_path / "probe.html"
    page = json.dumps((tmp_path / "report.html").read_text()).replace("</", "<\\/")
    probe.write_text(
        f"<iframe style='width:{width}px;height:900px;border:0'></iframe><script>"
        f"const f = document.querySelector('iframe'); f.srcdoc = {page};"
        "f.onload = () => { const d = f.contentDocument.documentElement;"
        "document.title = `${d.scrollWidth} ${d.querySelectorAll('svg').length}`; }</script>"
    )
    done = subprocess.run(
        [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000",
         "--dump-dom", probe.as_uri()],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    found = re.search(r"<title>(\d+) (\d+)</title>", done.stdout)
    assert found, done.stderr[-500:]
    assert int(found[1]) <= width
    assert int(found[2]) == 6
