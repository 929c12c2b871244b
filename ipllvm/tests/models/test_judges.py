"""Judges: what is asked gets a reply, and one line where there is none."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ipllvm.errors import NotMeasured, UnknownName, UsageError
from ipllvm.models import judges
from ipllvm.records import Sample
from ipllvm.scorers.judge import question

SAMPLE = Sample("s", "c", (), "What is it?", "red star", ("red star",))


class Handler(BaseHTTPRequestHandler):
    """An endpoint that repeats whether it was given a key, and fails on a bad model."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = {"choices": [{"message": {"content": "yes" if "red" in str(asked["messages"]) else "no"}}]}
        body = json.dumps(found if asked["model"] == "good" else {"error": "no such model"}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_endpoint_is_asked_and_its_failure_is_no_score(address: str) -> None:
    judge = judges.load(f"{address}#good")
    assert judge.ask(question(SAMPLE, "red")) == "yes"
    with pytest.raises(NotMeasured, match="gave no reply"):
        judges.load(f"{address}#bad").ask("red?")
    with pytest.raises(NotMeasured, match="gave no reply"):
        judges.load("http://127.0.0.1:9/v1#good").ask("red?")


@pytest.mark.parametrize("name", ["http://host/v1", "ftp://host/v1#m"])
def test_an_endpoint_names_its_model(name: str) -> None:
    with pytest.raises(UsageError, match="URL#MODEL"):
        judges.load(name)


def test_offline_asks_no_endpoint_and_unknown_models_are_told() -> None:
    with pytest.raises(UsageError, match="--offline"):
        judges.load("http://host/v1#m", offline=True)
    with pytest.raises(UnknownName, match="lm-tiny"):
        judges.load("lm-tny")


def test_a_language_model_by_name_replies() -> None:
    judge = judges.load("lm-tiny", device="cpu")
    assert judge.identity == "lm-tiny"
    first, again = (judge.ask("Is a star red? Answer yes or no.") for _ in range(2))
    assert first == again
