"""The pages of samples of the viewer, which are made once, and all its pages as files that lead on."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import numpy as np
import pytest

from ipllvm.errors import UsageError
from ipllvm.replay import browsing
from ipllvm.replay.browsing import Browsed, Browsing
from ipllvm.replay.serving import answer
from ipllvm.replay.viewer import Links, Viewer, bundle
from ipllvm.reporting.example_cards import Example
from ipllvm.tests.commands.test_history import run
from ipllvm.tests.reporting.test_html import Page

SAME = np.zeros(40)
CARD = Example("s7", "Which one?", "red", (), "", "ipllvm replay")


@pytest.fixture
def viewer(tmp_path: Path) -> Viewer:
    """Two runs."""
    run(tmp_path, "first", SAME, hours=1)
    run(tmp_path, "second", SAME, hours=2)
    return Viewer(tmp_path)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders of the runs whose samples were asked for."""
    found: list[Path] = []

    def browse(report: Any, row: Any, entry: Any, folder: Path) -> Browsing:
        found.append(folder)
        return Browsing((Browsed(CARD, True),), 40, "no such model here")

    monkeypatch.setattr(browsing, "browse", browse)
    return found


def test_a_page_of_samples_is_made_once(viewer: Viewer, asked: list[Path]) -> None:
    first = viewer.samples("01", 0, "/")
    assert viewer.samples("01", 0, "/") == first and asked == [viewer.folder / "01"]
    text = Page(first).text
    assert "permutation invariance" in text and "s7" in text and "no such model here" in text
    viewer.samples("02", 0, "/")
    assert len(asked) == 2


def test_a_result_that_has_no_answers_by_sample_has_no_page(viewer: Viewer, asked: list[Path]) -> None:
    with pytest.raises(UsageError, match="01: no result 5 with answers by sample"):
        viewer.samples("01", 5, "/")
    (viewer.folder / "01" / "baseline.json").unlink()
    assert viewer.browsable("01") == []
    with pytest.raises(UsageError, match="01: no result 0 with answers by sample"):
        viewer.samples("01", 0, "/")
    assert asked == []


def test_all_pages_are_files_that_lead_to_each_other(
    viewer: Viewer, asked: list[Path], tmp_path: Path
) -> None:
    """The later run is compared with the one before it; the first has nothing before it."""
    place = tmp_path / "pages"
    assert bundle(viewer, place) == place / "index.html"
    files = {str(file.relative_to(place)) for file in place.rglob("*.html")}
    both = {f"runs/{name}/{page}" for name in ("01", "02") for page in ("report.html", "samples-0.html")}
    assert files == {"index.html", "runs/02/compared.html", *both}
    links = {link for link in Page((place / "index.html").read_text()).links if not link.startswith("#")}
    assert files - {"index.html"} <= links
    compared = Page((place / "runs/02/compared.html").read_text()).text
    assert "first" in compared and "second" in compared
    assert "../../index.html" in Page((place / "runs/01/samples-0.html").read_text()).links


def test_a_run_that_can_not_be_read_costs_no_other_its_pages(
    viewer: Viewer, asked: list[Path], tmp_path: Path
) -> None:
    """One half-written report, or one of a later version, and there was no page at all."""
    run(viewer.folder, "third", SAME, hours=3)
    file = viewer.folder / "02" / "report.json"
    file.write_text(file.read_text()[:900])
    file = viewer.folder / "01" / "baseline.json"
    file.write_text(file.read_text()[:900])
    place = bundle(viewer, tmp_path / "pages").parent
    index = Page((place / "index.html").read_text())
    assert "unreadable" in index.text and "not JSON" in index.text
    links = {link for link in index.links if not link.startswith("#")}
    assert links == {
        str(file.relative_to(place)) for file in place.rglob("*.html") if file.name != "index.html"
    }
    assert "runs/03/compared.html" in links and not any(link.startswith("runs/02") for link in links)
    assert "can't be shown: " in Page((place / "runs/01/samples-0.html").read_text()).text


def test_a_folder_may_be_called_anything(viewer: Viewer, asked: list[Path], tmp_path: Path) -> None:
    """Of a name that is no text the command ended with a traceback's line and status 3."""
    name = os.fsdecode(b"\xff <b>#1  x%.y")
    (viewer.folder / "01").rename(viewer.folder / name)
    place = bundle(viewer, tmp_path / "pages").parent
    links = [link for link in Page((place / "index.html").read_text()).links if not link.startswith("#")]
    assert len(links) == 5 and all((place / os.fsdecode(unquote_to_bytes(link))).is_file() for link in links)
    assert "first" in (answer(viewer, Links(served=True).page(name)) or "")


def test_a_name_is_quoted_in_an_address() -> None:
    served, files = Links(served=True), Links(served=False)
    assert served.page("a b?") == "/run/a%20b%3F" and files.page("a b?") == "runs/a%20b%3F/report.html"
    assert served.samples("a&b", 3) == "/samples/a%26b/3"
    assert files.samples("a&b", 3) == "runs/a%26b/samples-3.html"
    assert served.compared("a&b", "c") == "/compare?a=a%26b&b=c"
    assert files.compared("a&b", "c") == "runs/c/compared.html"
