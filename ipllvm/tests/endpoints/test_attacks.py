"""Endpoints that attack who asks them: keys stay with their host, and every reply has limits."""

import gzip
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ipllvm.endpoints import address as addresses
from ipllvm.endpoints.calls import Call, NoReply, Reply
from ipllvm.endpoints.client import Client
from ipllvm.endpoints.limits import Limits
from ipllvm.errors import UsageError
from ipllvm.safety.printing import visible

SECRET = "sk-SECRET-123"
LIMITS = Limits(seconds=0.5, tries=2, pause=0.01, reply_bytes=1 << 16)
CALL = Call(({"role": "user", "content": "is it right?"},), 8)
SAID = json.dumps({"choices": [{"message": {"content": "yes"}}]}).encode()


class Attacker(BaseHTTPRequestHandler):
    """Does as the first part of its address says; `stolen` holds every key that was sent to `thief`."""

    stolen: list[str | None]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        REPLIES[self.path.split("/")[1]](self)

    def do_GET(self) -> None:
        REPLIES[self.path.split("/")[1]](self)

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def _thief(attacker: Attacker) -> None:
    attacker.stolen.append(attacker.headers.get("Authorization"))
    attacker.reply(200, SAID)


def _redirect(status: int) -> Callable[[Attacker], None]:
    def answer(attacker: Attacker) -> None:
        port = attacker.headers["Host"].rpartition(":")[2]
        attacker.reply(status, Location=f"http://localhost:{port}/thief")

    return answer


def _content(content: object) -> Callable[[Attacker], None]:
    body = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
    return lambda attacker: attacker.reply(200, body)


def _drip(attacker: Attacker) -> None:
    attacker.send_response(200)
    attacker.end_headers()
    until = time.monotonic() + 30
    try:
        while time.monotonic() < until:
            attacker.wfile.write(b" ")
            attacker.wfile.flush()
            time.sleep(0.05)
    except OSError:
        return


def _drip_headers(attacker: Attacker) -> None:
    until = time.monotonic() + 30
    try:
        attacker.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while time.monotonic() < until:
            attacker.wfile.write(b"X: a\r\n")
            attacker.wfile.flush()
            time.sleep(0.3)
    except OSError:
        return


def _reset(attacker: Attacker) -> None:
    linger = struct.pack("ii", 1, 0)
    attacker.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    attacker.connection.close()


def _reset_midway(attacker: Attacker) -> None:
    _raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + SAID[:9])(attacker)
    attacker.wfile.flush()
    time.sleep(0.1)  # as long as it takes to be read
    _reset(attacker)


def _raw(text: bytes) -> Callable[[Attacker], None]:
    def answer(attacker: Attacker) -> None:
        attacker.wfile.write(text)

    return answer


REPLIES: dict[str, Callable[[Attacker], None]] = {
    "thief": _thief,
    "HTTP1.0": _raw(b"HTTP/1.0 200 OK\r\n\r\n" + SAID),
    "HTTP1.1": _raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + SAID),
    **{f"redirect{status}": _redirect(status) for status in (301, 302, 303, 307, 308)},
    "null": _content(None),
    "number": _content(1),
    "list": _content(["yes"]),
    "nochoices": lambda attacker: attacker.reply(200, b'{"choices": null}'),
    "empty": lambda attacker: attacker.reply(200, b'{"choices": []}'),
    "stream": lambda attacker: attacker.reply(200, b"data: " + SAID + b"\n\ndata: [DONE]\n\n"),
    "blank": lambda attacker: attacker.reply(200),
    "closed": lambda attacker: None,
    "reset": _reset,
    "nochoice": lambda attacker: attacker.reply(200, b'{"object": "list", "data": []}'),
    "nomessage": lambda attacker: attacker.reply(200, b'{"choices": [{"text": "yes"}]}'),
    "half": lambda attacker: attacker.reply(200, SAID[:-9]),
    "nojson": lambda attacker: attacker.reply(200, b"<html>"),
    "utf8": lambda attacker: attacker.reply(200, b'{"\xff'),
    "deep": lambda attacker: attacker.reply(200, b"[" * 200_000 + b"]" * 200_000),
    "digits": lambda attacker: attacker.reply(200, b"1" * 100_000),
    "huge": lambda attacker: attacker.reply(200, b" " * (LIMITS.reply_bytes + 1)),
    "cut": lambda attacker: attacker.reply(200, b"{", Content_Length="1000"),
    "status": _raw(b"GARBAGE\r\n\r\n"),
    "header": _raw(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n"),
    "headers": _raw(b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 500 + b"\r\n"),
    "chunk": _raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nabc"),
    "midchunk": _raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + SAID[:9]),
    "betweenchunks": _raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n" + SAID[:9] + b"\r\n"),
    "resetmidway": _reset_midway,
    "drip": _drip,
    "drip_headers": _drip_headers,
    "zipped": lambda attacker: attacker.reply(200, gzip.compress(SAID), Content_Encoding="gzip"),
    **{
        f"status{status}": lambda attacker, status=status: attacker.reply(status, SECRET.encode())  # type: ignore[misc]
        for status in (400, 401, 404, 429, 500)
    },
}


FAIR = ("thief", "HTTP1.0", "HTTP1.1")
"""Those that reply."""


@pytest.fixture
def stolen() -> list[str | None]:
    return []


@pytest.fixture
def server(stolen: list[str | None], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.delenv("IPLLVM_JUDGE_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setattr(Attacker, "stolen", stolen, raising=False)
    made = ThreadingHTTPServer(("127.0.0.1", 0), Attacker)
    thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    made.server_close()
    thread.join()


def ask(address: str) -> Reply | NoReply:
    return Client(addresses.parse(address), LIMITS).ask([CALL])[0]


@pytest.mark.parametrize("attack", [name for name in REPLIES if name not in FAIR])
def test_no_attack_gets_the_key_or_a_reply(server: str, stolen: list[str | None], attack: str) -> None:
    began = time.monotonic()
    found = ask(f"{server}/{attack}#m")
    assert isinstance(found, NoReply)
    assert stolen == []
    assert found.reason
    assert SECRET not in found.reason
    assert found.reason == visible(found.reason, len(found.reason))
    assert not re.search(r"[a-z](Error|Exception)\b", found.reason), "a class is no reason"
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("attack", "told"),
    [
        ("stream", "it streams its reply"),
        ("blank", "its reply is empty"),
        ("closed", "it closed the connection before its reply was whole"),
        ("reset", "it closed the connection before its reply was whole"),
        ("cut", "it closed the connection before its reply was whole"),
        ("midchunk", "it closed the connection before its reply was whole"),
        ("betweenchunks", "it closed the connection before its reply was whole"),
        ("resetmidway", "it closed the connection before its reply was whole"),
        ("status", "what it sends is not HTTP"),
        ("chunk", "what it sends is not HTTP"),
        ("empty", "its choices are empty"),
        ("nochoices", "its choices are not there"),
        ("nochoice", "its choices are not there (it has: object, data)"),
        ("nomessage", "its first choice holds no message"),
        ("nojson", "its reply is a page and no JSON"),
        ("half", "its reply can't be read: not JSON"),
    ],
)
def test_what_a_server_does_wrong_is_told_in_words(server: str, attack: str, told: str) -> None:
    found = ask(f"{server}/{attack}#m")
    assert isinstance(found, NoReply) and told in found.reason


def test_a_plain_port_that_is_asked_for_tls_is_told_in_words(server: str, stolen: list[str | None]) -> None:
    found = ask(f"{server.replace('http:', 'https:')}/thief#m")
    assert isinstance(found, NoReply) and found.reason.startswith("it can't be reached: ")
    assert stolen == []


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_either_version_of_http_is_read(server: str, version: str) -> None:
    assert ask(f"{server}/{version.replace('/', '')}#m") == Reply("yes")


def test_the_host_that_is_named_gets_the_key(server: str, stolen: list[str | None]) -> None:
    assert ask(f"{server}/thief#m") == Reply("yes")
    assert set(stolen) == {f"Bearer {SECRET}"}


@pytest.mark.parametrize(
    "address",
    [
        "http://user:pa55w0rd@host/v1#m",
        "http://sk-abcdef123@host/v1#m",
        "http://host/v1?api_key=abc#m",
        "http://host/v1?x=1&access_token=abc#m",
        "http://host/v1?sig=abc#m",
        "http://host/sk-abcdef123/v1#m",
        "http://host/v1?k=AIzaSyExample#m",
    ],
)
def test_a_key_in_the_address_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(UsageError, match="key in the address") as caught:
        addresses.parse(address)
    assert not any(part in str(caught.value) for part in ("pa55w0rd", "abc", "AIza"))


@pytest.mark.parametrize(
    "address",
    [
        "http://[::1#m", "http:///#m", "http://host:99999/#m", "http://host:x/#m", "http://exa mple/#m",
        "http://host/a\nb#m", "ftp://host#m", "file:///etc/passwd#m", "http://host", "#m", "http://\x1b]0;x\x07/#m",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_in_one_line(address: str) -> None:
    with pytest.raises(UsageError, match="an endpoint is written URL#MODEL") as caught:
        addresses.parse(address)
    assert str(caught.value).isprintable()


def test_a_version_in_the_address_is_no_key() -> None:
    assert addresses.parse("https://host/v1?api-version=2024-10-21#m").url.endswith("2024-10-21")
