"""Judges: what is asked gets a reply, and one line where there is none."""

import json
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from ipllvm.errors import NotMeasured, UnknownName, UsageError
from ipllvm.judges import loading
from ipllvm.judges.endpoint import EndpointJudge
from ipllvm.records import JudgeQuestion, JudgeReply, Sample
from ipllvm.scorers.judge import CORRECT

SAMPLE = Sample("s", "c", (), "What is it?", "red star", ("red star",))


QUESTION = CORRECT.question("red", SAMPLE)


@pytest.fixture
def address(httpserver: HTTPServer) -> str:
    """An endpoint that knows the model `good`."""

    def serve(request: Request) -> Response:
        asked = json.loads(request.get_data())
        said = "yes" if "red" in str(asked["messages"]) else "no"
        found = {"choices": [{"message": {"content": said}, "finish_reason": "stop"}]}
        return Response(json.dumps(found), 200 if asked["model"] == "good" else 404)

    httpserver.expect_request("/v1/chat/completions").respond_with_handler(serve)
    return httpserver.url_for("/v1")


def test_an_endpoint_is_asked_and_its_failure_is_no_score(address: str) -> None:
    judge = loading.load(f"{address}#good")
    assert judge.identity == f"{address}#good"
    assert judge.ask(QUESTION.prompt) == "yes"
    with pytest.raises(NotMeasured, match=r"gave no reply .HTTP status 404"):
        loading.load(f"{address}#bad").ask("red?")
    with pytest.raises(NotMeasured, match=r"gave no reply .it can't be reached"):
        loading.load("http://127.0.0.1:9/v1#good").ask("red?")


def test_many_questions_come_back_with_what_came_of_each(address: str) -> None:
    judge = EndpointJudge(f"{address}#good")
    asked = [JudgeQuestion("red?"), JudgeQuestion("blue?", system="Say no.", replicate=1)]
    found: dict[JudgeQuestion, JudgeReply] = {}
    judge.ask_all(asked, found.__setitem__)
    assert found == {asked[0]: "yes", asked[1]: "no"}


@pytest.mark.parametrize(
    ("message", "finish"),
    [({"content": None, "refusal": "I can't help"}, "stop"), ({"content": "I can't help"}, "content_filter")],
)
def test_a_judge_that_refuses_has_not_graded(
    message: dict[str, str | None], finish: str, httpserver: HTTPServer
) -> None:
    found = {"choices": [{"message": message, "finish_reason": finish}]}
    httpserver.expect_request("/v1/chat/completions").respond_with_json(found)
    with pytest.raises(NotMeasured, match=r"refused .\"I can't help\"."):
        loading.load(f"{httpserver.url_for('/v1')}#good").ask("red?")


@pytest.mark.parametrize("name", ["http://host/v1", "ftp://host/v1#m"])
def test_an_endpoint_names_its_model(name: str) -> None:
    with pytest.raises(UsageError, match="URL#MODEL"):
        loading.load(name)


def test_offline_asks_no_endpoint_and_unknown_models_are_told() -> None:
    with pytest.raises(UsageError, match="--offline"):
        loading.load("http://host/v1#m", offline=True)
    with pytest.raises(UnknownName, match="lm-tiny"):
        loading.load("lm-tny")


@pytest.mark.parametrize("name", ["llava-tiny", "planted:invariant", "FOLDER"])
def test_what_sees_is_no_judge_and_told_before_anything_is_measured(name: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llava", "vision_config": {}}')
    name = str(tmp_path) if name == "FOLDER" else name
    with pytest.raises(UsageError, match=f"--judge {name}: a judge is a language model alone"):
        loading.check(name)


def test_a_server_that_becomes_another_model_is_told(httpserver: HTTPServer) -> None:
    for name in ("good-1", "good-2"):
        found = {"model": name, "choices": [{"message": {"content": "yes"}, "finish_reason": "stop"}]}
        httpserver.expect_ordered_request("/v1/chat/completions").respond_with_json(found)
    judge = loading.load(f"{httpserver.url_for('/v1')}#good")
    assert judge.ask("red?") == "yes" and judge.departures == ""  # type: ignore[attr-defined]
    assert judge.ask("blue?") == "yes"
    assert judge.departures == "replies are of good-1 and of good-2"  # type: ignore[attr-defined]


def test_a_language_model_by_name_replies() -> None:
    judge = loading.load("lm-tiny", device="cpu")
    assert judge.identity.startswith("lm-tiny ")
    first, again = (judge.ask("Is a star red? Answer yes or no.") for _ in range(2))
    assert first == again
