"""Free answers scored by a judge: asked once, read strictly, and an error where it says nothing."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

from ipllvm.engine.judging import judged
from ipllvm.errors import NotMeasured, UnknownName, UsageError
from ipllvm.models import judges
from ipllvm.records import Response, Sample
from ipllvm.scorers.judge import question

SAMPLES = tuple(Sample(f"s{i}", f"c{i}", (), "What is it?", "red star", ("red star",)) for i in range(5))


class Fake:
    """Says yes to what holds the word red; nothing useful of a maybe; breaks on a crash."""

    identity = "fake"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, prompt: str) -> str:
        self.asked.append(prompt)
        said = prompt.partition("Prediction: ")[2]
        if said.startswith("crash"):
            raise NotMeasured("the judge is gone")
        return "Perhaps" if said.startswith("maybe") else "Yes." if said.startswith("a red") else "no"


def test_answers_are_judged_and_failures_are_errors() -> None:
    said = ("a red one", "blue", "maybe red", "crash", "a red one")
    answers = {s.id: Response(text) for s, text in zip(SAMPLES, said, strict=True)}
    judge = Fake()
    scores, calls = judged(judge, SAMPLES, answers)
    assert calls == len(judge.asked) == 4, "the same question is asked once"
    assert scores.values[:, 0][[0, 1, 4]].tolist() == [1, 0, 1]
    assert np.isnan(scores.values[[2, 3], 0]).all()
    assert scores.errors == {
        "s2": "the judge said neither yes nor no: 'Perhaps'",
        "s3": "the judge is gone",
    }


def test_a_model_that_failed_is_not_judged_and_what_was_not_asked_is_left_out() -> None:
    judge = Fake()
    scores, calls = judged(judge, SAMPLES, {"s1": Response("", error="RuntimeError: boom")})
    assert (scores.samples, calls, scores.errors) == (("s1",), 0, {"s1": "RuntimeError: boom"})


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
    assert judge.ask(question(SAMPLES[0], "red")) == "yes"
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
