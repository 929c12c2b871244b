"""A hub on this machine that the hub's own client takes for the real one, over files."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class _Hub(BaseHTTPRequestHandler):
    """Answers for `folder`, which holds ORG/NAME/FILES."""

    def __init__(self, folder: Path, *given: object) -> None:
        self.folder = folder
        super().__init__(*given)  # type: ignore[arg-type]

    def do_HEAD(self) -> None:
        """What the client asks of a file before it loads it."""
        self._answer(body=False)

    def do_GET(self) -> None:
        """A repository's files by name, or a file."""
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path = unquote(self.path.partition("?")[0]).strip("/")
        if path.startswith("api/datasets/"):
            org, name, asked = path.split("/")[2:5]
            self._listed(org, name, tree=asked == "tree")
            return
        org, name, _, _, *file = f"{path.removeprefix('datasets/')}////".split("/")
        self._file(self.folder.joinpath(org, name, *file), body=body)

    def _listed(self, org: str, name: str, *, tree: bool) -> None:
        place = self.folder / org / name
        if not place.is_dir():
            self.send_error(404)
            return
        files = [file for file in sorted(place.rglob("*")) if file.is_file()]
        names = [(file.relative_to(place).as_posix(), file) for file in files]
        rows = [
            {"type": "file", "path": path, "size": file.stat().st_size, "oid": _digest(file.read_bytes())}
            for path, file in names
        ]
        siblings = [{"rfilename": path} for path, _ in names]
        about = rows if tree else {"id": f"{org}/{name}", "sha": COMMIT, "siblings": siblings}
        self._send(json.dumps(about).encode(), "application/json")

    def _file(self, place: Path, *, body: bool) -> None:
        if not place.is_file():
            self.send_error(404)
            return
        content = place.read_bytes()
        self._send(content, "application/octet-stream", body=body)

    def _send(self, content: bytes, kind: str, *, body: bool = True) -> None:
        self.send_response(200)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "ETag": f'"{_digest(content)}"',
            "X-Repo-Commit": COMMIT,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@contextmanager
def hub(folder: Path) -> Iterator[str]:
    """The address of a hub over a folder of ORG/NAME/FILES, for as long as the context is open."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Hub, folder)) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
