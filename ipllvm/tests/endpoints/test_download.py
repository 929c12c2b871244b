"""Small files are fetched within limits, and nothing else is."""

import time
from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from ipllvm.endpoints import download


def test_a_file_comes_as_it_is(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/f").respond_with_data(b"\x00text")
    assert download.content(httpserver.url_for("/f")) == b"\x00text"


def test_what_is_not_there_or_too_much_is_one_line(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/large").respond_with_data("x" * 101)
    httpserver.expect_request("/moved").respond_with_data("", 302, {"Location": "/large"})
    for path, why in (
        ("/none", "HTTP status 500"),
        ("/moved", "HTTP status 302"),
        ("/large", "more than 100"),
    ):
        with pytest.raises(OSError, match=why):
            download.content(httpserver.url_for(path), limit=100)
    with pytest.raises(OSError, match="it can't be reached: "):
        download.content("http://127.0.0.1:9/f")


def test_a_file_that_drips_is_given_up(httpserver: HTTPServer) -> None:
    def slowly() -> Iterator[bytes]:
        for _ in range(100):
            time.sleep(0.05)
            yield b"x"

    def drip(request: Request) -> Response:
        return Response(slowly(), direct_passthrough=True)

    httpserver.expect_request("/f").respond_with_handler(drip)
    began = time.monotonic()
    with pytest.raises(OSError, match=r"more than 0\.2 s"):
        download.content(httpserver.url_for("/f"), seconds=0.2)
    assert time.monotonic() - began < 2
