"""The pages of a folder of runs: the list, each run, two side by side, every sample; served or as files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Final

from ipllvm.errors import IpllvmError, UsageError
from ipllvm.records import ClaimKey
from ipllvm.reporting import html, migration, viewer_page
from ipllvm.reporting.folders import ensure_writable, inner_folder, replace_file
from ipllvm.reporting.lines import row_title
from ipllvm.reporting.runs import FILE, UNREADABLE, Outline, outline, runs
from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.text import address, visible
from ipllvm.reporting.viewer_page import ListedRun

BASELINE: Final = "baseline.json"


@dataclass
class Viewer:
    """The pages of a folder of runs; a page of samples, which may load a model, is made once."""

    folder: Path
    lock: Lock = field(default_factory=Lock)
    pages: dict[tuple[str, int], str] = field(default_factory=dict)

    def names(self) -> list[str]:
        """The runs, the latest first."""
        return [place.name for place in reversed(runs(self.folder))]

    def outlines(self) -> dict[str, Outline]:
        """The same in a few words each."""
        return {name: outline(self.folder / name / FILE) for name in self.names()}

    def report(self, name: str) -> Report:
        """The report of a run; raises UsageError for a name that is none of the folder's."""
        if name not in self.names():
            raise UsageError(f"{visible(name)}: no such run in {visible(str(self.folder))}")
        return migration.read(self.folder / name / FILE)

    def index(self, link: "Links", *, served: bool) -> str:
        """The list of runs."""
        found = self.outlines()
        before = {} if served else dict(pairwise(_readable(found)))
        listed = [self._listed(name, each, link, before.get(name, "")) for name, each in found.items()]
        return viewer_page.index(listed, str(self.folder), served=served)

    def _listed(self, name: str, found: Outline, link: "Links", before: str) -> ListedRun:
        readable = found.answer != UNREADABLE
        places = self.browsable(name) if readable else []
        samples = tuple((words, link.samples(name, place)) for place, words in places)
        compared = link.compared(before, name) if before else ""
        words = (found.answer, found.models, found.benchmarks, found.properties)
        return ListedRun(visible(name), *words, link.page(name) if readable else "", samples, compared)

    def browsable(self, name: str) -> list[tuple[int, str]]:
        """The places of results that have answers by sample, and what to call them."""
        if not (self.folder / name / BASELINE).is_file():
            return []
        report = self.report(name)
        rows = enumerate(report["results"])
        return [
            (place, _title(report, row))
            for place, row in rows
            if not row["claim"]["name"].startswith("regression")
        ]

    def samples(self, name: str, place: int, back: str) -> str:
        """The page of every sample of a result; raises UsageError where there is none."""
        with self.lock:
            if (name, place) not in self.pages:
                self.pages[name, place] = self._samples(name, place, back)
        return self.pages[name, place]

    def _samples(self, name: str, place: int, back: str) -> str:
        from ipllvm.gate import reading
        from ipllvm.replay.browsing import browse

        report, titles = self.report(name), dict(self.browsable(name))
        if place not in titles:
            raise UsageError(f"{visible(name)}: no result {place} with answers by sample")
        row = report["results"][place]
        names = {each["id"]: each["name"] for each in report["benchmarks"]}
        key = ClaimKey(row["property"], row["claim"]["name"], names[row["benchmark"]])
        entry = reading.load(self.folder / name / BASELINE).entries.get(key)
        if entry is None:
            raise UsageError(f"{visible(name)}: {titles[place]} has no answers by sample")
        found = browse(report, row, entry, self.folder / name)
        cards = [(each.card, each.changed) for each in found.samples]
        return viewer_page.samples(titles[place], visible(name), cards, found.total, found.why, back)

    def page(self, *names: str) -> str:
        """The page of a run, or of several side by side."""
        return html.render(*map(self.report, names))


def _readable(found: Mapping[str, Outline]) -> list[str]:
    """Those of the runs whose report can be read."""
    return [name for name, each in found.items() if each.answer != UNREADABLE]


def _title(report: Report, row: Row) -> str:
    names = {each["id"]: each["name"] for each in report["benchmarks"]}
    title = row_title(row["property"], row["claim"])
    return f"{title}, {visible(names[row['benchmark']], 60)}"


@dataclass(frozen=True, slots=True)
class Links:
    """Where the pages lie: on the server, or as files."""

    served: bool

    def page(self, name: str) -> str:
        """The page of a run."""
        return f"/run/{address(name)}" if self.served else f"runs/{address(name)}/report.html"

    def samples(self, name: str, place: int) -> str:
        """The page of a result's samples."""
        at = address(name)
        return f"/samples/{at}/{place}" if self.served else f"runs/{at}/samples-{place}.html"

    def compared(self, one: str, two: str) -> str:
        """The page of two runs side by side."""
        before, after = address(one), address(two)
        return f"/compare?a={before}&b={after}" if self.served else f"runs/{after}/compared.html"


def bundle(viewer: Viewer, place: Path) -> Path:
    """Write all pages as files into `place`; the path of the first one."""
    ensure_writable(place, "--bundle")
    names = _readable(viewer.outlines())
    for name in names:
        inner_folder(place, "runs", name)
    for folder, file, text in _files(viewer, names):
        replace_file(place / folder, file, text)
    return replace_file(place, "index.html", viewer.index(Links(served=False), served=False))


def _files(viewer: Viewer, names: list[str]) -> Iterator[tuple[Path, str, str]]:
    for name, before in zip(names, [*names[1:], ""], strict=True):
        folder = Path("runs") / name
        yield folder, "report.html", viewer.page(name)
        if before:
            yield folder, "compared.html", viewer.page(before, name)
        for at, _ in viewer.browsable(name):
            yield folder, f"samples-{at}.html", _browsed(viewer, name, at, "../../index.html")


def _browsed(viewer: Viewer, name: str, place: int, back: str) -> str:
    """The page of a result's samples; one that says why where it can't be made, as without the data."""
    try:
        return viewer.samples(name, place, back)
    except IpllvmError as error:
        title = dict(viewer.browsable(name))[place]
        return viewer_page.samples(title, visible(name), [], 0, str(error), back)
