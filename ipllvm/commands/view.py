"""`ipllvm view [FOLDER]`: the runs of a folder in the browser, two side by side, every sample; or files."""

import argparse
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

from ipllvm.errors import IpllvmError, UsageError
from ipllvm.reporting import html, migration, viewer_page
from ipllvm.reporting.folders import ensure_writable, inner_folder, replace_file
from ipllvm.reporting.runs import FILE, outline, runs
from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.text import visible
from ipllvm.reporting.view import claim_title
from ipllvm.reporting.viewer_page import ListedRun

HOST: Final = "127.0.0.1"
PORT: Final = 8010
BASELINE: Final = "baseline.json"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm view`."""
    parser.description = (
        "Show the runs of a folder: a list to filter, two side by side, every sample with its picture under "
        "its perturbation. Served to this machine alone, until Ctrl-C; --bundle writes the pages as files."
    )
    parser.add_argument("folder", nargs="?", type=Path, default=Path("reports"), help="default ./reports")
    parser.add_argument("--port", type=int, default=PORT, help=f"default {PORT}; 0 takes any that is free")
    parser.add_argument("--open", action="store_true", help="open it in the browser")
    parser.add_argument("--bundle", type=Path, metavar="DIR", help="write the pages there and end")


def main(args: argparse.Namespace) -> int:
    """Serve the pages until Ctrl-C, or write them; raises UsageError for a folder without runs."""
    viewer = Viewer(args.folder)
    if not viewer.names():
        raise UsageError(
            f"view: {visible(str(args.folder))} holds no run: measure something, or name its folder"
        )
    if args.bundle is not None:
        print(visible(str(bundle(viewer, args.bundle)), 4096))
        return 0
    with server(viewer, args.port) as listening:
        address = f"http://{HOST}:{listening.server_address[1]}/"
        print(f"{address} shows {visible(str(args.folder))}; Ctrl-C ends it", flush=True)
        if args.open:
            webbrowser.open(address)
        listening.serve_forever()
    return 0


@dataclass
class Viewer:
    """The pages of a folder of runs; a page of samples, which may load a model, is made once."""

    folder: Path
    lock: Lock = field(default_factory=Lock)
    pages: dict[tuple[str, int], str] = field(default_factory=dict)

    def names(self) -> list[str]:
        """The runs, the latest first."""
        return [place.name for place in reversed(runs(self.folder))]

    def report(self, name: str) -> Report:
        """The report of a run; raises UsageError for a name that is none of the folder's."""
        if name not in self.names():
            raise UsageError(f"{visible(name)}: no such run in {visible(str(self.folder))}")
        return migration.read(self.folder / name / FILE)

    def index(self, link: "Links", *, served: bool) -> str:
        """The list of runs."""
        names = self.names()
        before = dict(pairwise(names))
        listed = [self._listed(name, link, "" if served else before.get(name, "")) for name in names]
        return viewer_page.index(listed, str(self.folder), served=served)

    def _listed(self, name: str, link: "Links", before: str) -> ListedRun:
        found = outline(self.folder / name / FILE)
        places = self.browsable(name) if found.answer != "unreadable" else []
        samples = tuple((words, link.samples(name, place)) for place, words in places)
        compared = link.compared(before, name) if before else ""
        words = (found.answer, found.models, found.benchmarks, found.properties)
        return ListedRun(name, *words, link.page(name), samples, compared)

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
        key = (row["property"], row["claim"]["name"], names[row["benchmark"]])
        entry = reading.load(self.folder / name / BASELINE).entries.get(key)
        if entry is None:
            raise UsageError(f"{visible(name)}: {titles[place]} has no answers by sample")
        found = browse(report, row, entry, self.folder / name)
        cards = [(each.card, each.changed) for each in found.samples]
        return viewer_page.samples(titles[place], visible(name), cards, found.total, found.why, back)

    def page(self, *names: str) -> str:
        """The page of a run, or of several side by side."""
        return html.render(*map(self.report, names))


def _title(report: Report, row: Row) -> str:
    names = {each["id"]: each["name"] for each in report["benchmarks"]}
    words = visible(row["property"], 60).replace("_", " ")
    claim = claim_title(row["claim"])
    named = words if claim in words or words in claim else f"{words}: {claim}"
    return f"{named}, {visible(names[row['benchmark']], 60)}"


@dataclass(frozen=True, slots=True)
class Links:
    """Where the pages lie: on the server, or as files."""

    served: bool

    def page(self, name: str) -> str:
        """The page of a run."""
        return f"/run/{quote(name)}" if self.served else f"runs/{quote(name)}/report.html"

    def samples(self, name: str, place: int) -> str:
        """The page of a result's samples."""
        return (
            f"/samples/{quote(name)}/{place}" if self.served else f"runs/{quote(name)}/samples-{place}.html"
        )

    def compared(self, one: str, two: str) -> str:
        """The page of two runs side by side."""
        return (
            f"/compare?a={quote(one)}&b={quote(two)}" if self.served else f"runs/{quote(two)}/compared.html"
        )


def server(viewer: Viewer, port: int) -> ThreadingHTTPServer:
    """A server for this machine alone; raises UsageError where the port is taken."""
    try:
        return ThreadingHTTPServer((HOST, port), _handler(viewer))
    except (OSError, OverflowError) as error:
        raise UsageError(f"--port {port}: can't be listened on ({error}): give another one") from error


def answer(viewer: Viewer, target: str) -> str | None:
    """The page of an address; None where there is none. Raises IpllvmError where it can't be made."""
    parts = urlsplit(target)
    match [unquote(word) for word in parts.path.strip("/").split("/")]:
        case [""]:
            return viewer.index(Links(served=True), served=True)
        case ["run", name]:
            return viewer.page(name)
        case ["samples", name, place] if place.isdecimal() and len(place) < 6:
            return viewer.samples(name, int(place), "/")
        case ["compare"]:
            query = parse_qs(parts.query)
            names = [each for key in ("a", "b") for each in query.get(key, [])[:1]]
            return viewer.page(*names) if len(names) == 2 else None
    return None


def _handler(viewer: Viewer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers GET of this machine's own browser; no other page may name this host."""

        def do_GET(self) -> None:
            host = self.headers.get("Host", "").rpartition(":")[0]
            if host not in (HOST, "localhost"):
                self.send_error(HTTPStatus.FORBIDDEN)
                return
            try:
                page = answer(viewer, self.path)
            except IpllvmError as error:
                self._send(HTTPStatus.NOT_FOUND, str(error), "text/plain")
                return
            if page is None:
                self.send_error(HTTPStatus.NOT_FOUND)
            else:
                self._send(HTTPStatus.OK, page, "text/html")

        def _send(self, status: HTTPStatus, text: str, kind: str) -> None:
            body = text.encode("utf-8")
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the address is all that the terminal shows."""

    return Handler


def bundle(viewer: Viewer, place: Path) -> Path:
    """Write all pages as files into `place`; the path of the first one."""
    ensure_writable(place)
    names = viewer.names()
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
            yield folder, f"samples-{at}.html", viewer.samples(name, at, "../../index.html")
