"""The viewer's pages to the browser of this machine, and to nobody else."""

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from ipllvm.errors import IpllvmError, UsageError
from ipllvm.replay.viewer import Links, Viewer

HOST: Final = "127.0.0.1"
AS_NAMED: Final = "surrogateescape"
"""What becomes of bytes that are no UTF-8: what Python makes of them in the name of a folder."""


def server(viewer: Viewer, port: int) -> ThreadingHTTPServer:
    """A server for this machine alone; raises UsageError where the port is taken."""
    try:
        return ThreadingHTTPServer((HOST, port), _handler(viewer))
    except (OSError, OverflowError) as error:
        raise UsageError(f"--port {port}: can't be listened on ({error}): give another one") from error


def answer(viewer: Viewer, target: str) -> str | None:
    """The page of an address; None where there is none. Raises IpllvmError where it can't be made."""
    try:
        parts = urlsplit(target)
    except ValueError:  # of a host that is none
        return None
    match [unquote(word, errors=AS_NAMED) for word in parts.path.strip("/").split("/")]:
        case [""]:
            return viewer.index(Links(served=True), served=True)
        case ["run", name]:
            return viewer.page(name)
        case ["samples", name, place] if place.isdecimal() and len(place) < 6:
            return viewer.samples(name, int(place), "/")
        case ["compare"]:
            query = parse_qs(parts.query, errors=AS_NAMED)
            names = [each for key in ("a", "b") for each in query.get(key, [])[:1]]
            return viewer.page(*names) if len(names) == 2 else None
    return None


def _handler(viewer: Viewer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers GET of this machine's own browser; no other page may name this host."""

        def do_GET(self) -> None:
            host, _, port = self.headers.get("Host", "").partition(":")
            if host not in (HOST, "localhost") or not port.isdecimal():
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
