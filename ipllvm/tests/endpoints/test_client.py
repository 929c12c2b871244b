"""The client against a real server that misbehaves in the ways that servers of this protocol do."""

import asyncio
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from ipllvm.endpoints.address import EndpointAddress
from ipllvm.endpoints.calls import Call, NoReply, Outcome, Reply
from ipllvm.endpoints.client import Client
from ipllvm.endpoints.limits import Limits

QUICK = Limits(seconds=5, pause=0.01, longest_pause=3, thinking=500)
CHAT = "/v1/chat/completions"
Handler = Callable[[Request], Response]


def question(text: str = "Is it right?", max_tokens: int = 3) -> Call:
    return Call(({"role": "user", "content": text},), max_tokens)


def said(content: Any, finish: str = "stop", **others: Any) -> Response:
    """A response of the protocol; `others` go into the message, `usage` beside it."""
    usage = others.pop("usage", {})
    choice = {"message": {"role": "assistant", "content": content, **others}, "finish_reason": finish}
    return Response(json.dumps({"model": "judge-1", "choices": [choice], "usage": usage}))


def refused(status: int, message: str, **headers: str) -> Response:
    return Response(json.dumps({"error": {"message": message}}), status, headers)


@pytest.fixture(scope="module")
def running() -> Iterator[HTTPServer]:
    made = HTTPServer(host="127.0.0.1", threaded=True)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def server(running: HTTPServer) -> HTTPServer:
    running.clear()
    return running


class Asked:
    """Serves `handler`, keeps the bodies that were sent."""

    def __init__(
        self, server: HTTPServer, handler: Handler, limits: Limits = QUICK, model: str = "m"
    ) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.handler = handler
        server.expect_request(CHAT, method="POST").respond_with_handler(self._serve)
        self.client = Client(EndpointAddress(server.url_for("/v1"), model), limits)

    def _serve(self, request: Request) -> Response:
        self.bodies.append(json.loads(request.get_data()))
        self.headers.append(dict(request.headers))
        return self.handler(request)

    def one(self, call: Call | None = None) -> Outcome:
        return self.client.ask([call or question()])[0]


def reason(found: Outcome) -> str:
    assert isinstance(found, NoReply), found
    return found.reason


def in_turn(*responses: Callable[[], Response]) -> Handler:
    """Each response once, then the last for ever."""
    left = list(responses)
    return lambda request: (left.pop(0) if len(left) > 1 else left[0])()


def test_a_reply_its_counts_and_what_was_sent(server: HTTPServer) -> None:
    usage = {"prompt_tokens": 12, "completion_tokens": 1}
    asked = Asked(server, lambda request: said("0.5", usage=usage))
    assert asked.one() == Reply("0.5", "judge-1", 12, 1, True)
    assert asked.bodies[0] == {
        "model": "m", "messages": [{"role": "user", "content": "Is it right?"}], "max_tokens": 3,
        "temperature": 0.0, "top_p": 1.0, "seed": 0, "top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0,
    }  # fmt: skip
    tally = asked.client.tally
    assert (tally.replies, tally.failures, tally.requests) == (1, 0, 1)
    assert (tally.prompt_tokens, tally.completion_tokens) == (12, 1)


@pytest.mark.parametrize("status", [401, 402, 403, 404])
def test_what_no_other_question_would_change_is_asked_once(server: HTTPServer, status: int) -> None:
    asked = Asked(server, lambda request: refused(status, "sk-abcdef is wrong"))
    found = asked.client.ask([question(str(n)) for n in range(50)])
    assert len(asked.bodies) == 1
    assert {reason(each) for each in found} == {reason(found[0])}
    assert f"HTTP status {status}" in reason(found[0])
    assert "sk-" not in reason(found[0])


def test_an_account_without_quota_is_not_asked_again(server: HTTPServer) -> None:
    body = json.dumps({"error": {"code": "insufficient_quota", "message": "You exceeded your quota"}})
    asked = Asked(server, lambda request: Response(body, 429))
    assert "exceeded" in reason(asked.client.ask([question(), question("b")])[1])
    assert len(asked.bodies) == 1


def test_a_dead_endpoint_ends_in_seconds() -> None:
    client = Client(EndpointAddress("http://127.0.0.1:9/v1", "m"), Limits(pause=0.1))
    began = time.monotonic()
    found = client.ask([question(str(n)) for n in range(218)])
    assert time.monotonic() - began < 5
    (told,) = {reason(each) for each in found}
    assert told.startswith("it can't be reached: ") and "Error" not in told
    assert client.tally.requests == 3


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_is_asked_again(server: HTTPServer, status: int) -> None:
    asked = Asked(server, in_turn(lambda: refused(status, "busy"), lambda: said("1.0")))
    assert asked.one() == Reply("1.0", "judge-1")
    assert asked.client.tally.requests == 2


def test_what_does_not_pass_is_given_up_after_so_many_tries(server: HTTPServer) -> None:
    asked = Asked(server, lambda request: refused(500, "out of memory"))
    assert reason(asked.one()) == "HTTP status 500: out of memory"
    assert len(asked.bodies) == QUICK.tries


def test_after_so_many_questions_without_a_reply_none_is_asked(server: HTTPServer) -> None:
    limits = Limits(pause=0.01, tries=1, in_a_row=4, together=2)
    asked = Asked(server, lambda request: refused(500, "no"), limits)
    found = asked.client.ask([question(str(n)) for n in range(40)])
    assert len(found) == 40
    assert 4 <= len(asked.bodies) <= 6


def test_retry_after_holds_for_all_questions(server: HTTPServer) -> None:
    times: list[float] = []

    def serve(request: Request) -> Response:
        times.append(time.monotonic())
        return refused(429, "slowly", **{"Retry-After": "1"}) if len(times) == 2 else said("yes")

    asked = Asked(server, serve, Limits(pause=0.01, together=1))
    assert asked.client.ask([question("a"), question("b"), question("c")]) == [Reply("yes", "judge-1")] * 3
    assert times[2] - times[1] >= 1


def test_a_wait_of_an_hour_is_not_waited_for(server: HTTPServer) -> None:
    asked = Asked(server, lambda request: refused(429, "tomorrow", **{"Retry-After": "3600"}))
    assert "left alone for 3600 s" in reason(asked.one())
    assert len(asked.bodies) == 1


def test_a_wait_until_a_date_is_known_by_its_seconds(server: HTTPServer) -> None:
    tomorrow = format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)
    asked = Asked(server, lambda request: refused(503, "maintenance", **{"Retry-After": tomorrow}))
    assert re.search(r"left alone for 86(400|39\d) s", reason(asked.one()))
    assert len(asked.bodies) == 1


def test_a_reply_that_takes_too_long_is_none(server: HTTPServer) -> None:
    def serve(request: Request) -> Response:
        time.sleep(1)
        return said("late")

    asked = Asked(server, serve, Limits(seconds=0.2, pause=0.01))
    assert reason(asked.one()) == "no reply in 0.2 s"
    assert len(asked.bodies) == 2


def test_never_more_at_once_than_asked_for_and_all_in_their_order(server: HTTPServer) -> None:
    now, most, lock = [0], [0], threading.Lock()

    def serve(request: Request) -> Response:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.03)
        with lock:
            now[0] -= 1
        return said(json.loads(request.get_data())["messages"][0]["content"])

    asked = Asked(server, serve, Limits(together=4))
    found = asked.client.ask([question(str(n)) for n in range(30)])
    assert [each.text for each in found if isinstance(each, Reply)] == [str(n) for n in range(30)]
    assert 1 < most[0] <= 4


def test_who_asks_is_told_as_soon_as_there_is_a_reply(server: HTTPServer) -> None:
    class Interrupted(Exception):
        pass

    heard: list[str] = []

    def got(place: int, outcome: Outcome) -> None:
        assert isinstance(outcome, Reply)
        heard.append(outcome.text)
        if len(heard) == 3:
            raise Interrupted

    asked = Asked(server, lambda request: said("yes"), Limits(together=1))
    with pytest.raises(Interrupted):
        asked.client.ask([question(str(n)) for n in range(9)], got)
    assert heard == ["yes"] * 3
    assert len(asked.bodies) == 3


def test_inside_a_running_loop_it_asks_too(server: HTTPServer) -> None:
    asked = Asked(server, lambda request: said("yes"))

    async def notebook() -> Outcome:
        return asked.one()

    assert asyncio.run(notebook()) == Reply("yes", "judge-1")


def test_a_field_that_is_not_taken_is_left_out_from_then_on(server: HTTPServer) -> None:
    def serve(request: Request) -> Response:
        body = json.loads(request.get_data())
        for name in ("top_k", "max_tokens", "temperature"):
            if name in body:
                use = " Use 'max_completion_tokens' instead." * (name == "max_tokens")
                return refused(400, f"Unsupported parameter: '{name}'.{use}")
        return said("yes")

    asked = Asked(server, serve)
    assert asked.client.ask([question("a"), question("b")]) == [Reply("yes", "judge-1")] * 2
    assert len(asked.bodies) == 3 + 2
    assert asked.bodies[-1].keys() == {"model", "messages", "max_completion_tokens", "top_p", "seed"}
    assert asked.client.departures == "the endpoint takes no temperature"


def test_a_refusal_without_a_name_takes_the_extras_away_and_then_is_final(server: HTTPServer) -> None:
    asked = Asked(server, lambda request: refused(400, "bad request"))
    assert reason(asked.one()) == "HTTP status 400: bad request"
    assert [("top_k" in body) for body in asked.bodies] == [True, False]


@pytest.mark.parametrize("model", ["o3-mini", "o1", "gpt-5", "openai/gpt-5-mini", "o4-mini-2025-04-16"])
def test_models_that_are_known_to_think_get_room_and_no_temperature(server: HTTPServer, model: str) -> None:
    asked = Asked(server, lambda request: said("yes"), model=model)
    asked.one()
    assert asked.bodies[0]["max_completion_tokens"] == 503
    assert not {"temperature", "max_tokens", "top_k"} & asked.bodies[0].keys()


@pytest.mark.parametrize(
    "first",
    [
        lambda: said(None, "length", reasoning_content="Let me"),
        lambda: said("", "length", reasoning_content="Let me"),
        lambda: said("", "length"),
        lambda: said("<think>Let me", "length"),
        lambda: said("<think>\nLet me\n", "stop"),
        lambda: said("[THINK]Let me", "length"),
        lambda: said("<|channel|>analysis<|message|>Let me", "length"),
    ],
    ids=["null", "apart", "empty", "tags", "tags-stop", "brackets", "channel"],
)
@pytest.mark.parametrize(
    "then",
    [
        lambda: said("0.7", reasoning_content="Let me see."),
        lambda: said("<think>\nLet me see.\n</think>\n\n0.7"),
        lambda: said("Let me see.</think>0.7"),
        lambda: said([{"type": "thinking", "thinking": []}, {"type": "text", "text": "0.7"}]),
        lambda: said("<thinking>Or 0.1?</thinking>\n0.7"),
        lambda: said("[THINK]Or 0.1?[/THINK]0.7"),
        lambda: said("<seed:think>Or 0.1?</seed:think>0.7"),
        lambda: said("◁think▷Or 0.1?◁/think▷0.7"),
        lambda: said(
            "<|channel|>analysis<|message|>Or 0.1?<|end|>"
            "<|start|>assistant<|channel|>final<|message|>0.7<|return|>"
        ),
    ],
    ids=["apart", "tags", "half-tag", "parts", "thinking", "brackets", "seed", "kimi", "channel"],
)
def test_a_model_that_thinks_gets_room_and_only_its_answer_counts(
    server: HTTPServer, first: Callable[[], Response], then: Callable[[], Response]
) -> None:
    asked = Asked(server, in_turn(first, then))
    assert asked.one() == Reply("0.7", "judge-1")
    assert [body["max_tokens"] for body in asked.bodies] == [3, 503]


def test_a_model_that_only_thinks_gives_no_reply(server: HTTPServer) -> None:
    asked = Asked(server, lambda request: said("", "length", reasoning_content="Hm"))
    assert reason(asked.one()) == "all its tokens went into thoughts, 500 of them"
    assert len(asked.bodies) == 2


@pytest.mark.parametrize(
    ("content", "finish"), [(None, "content_filter"), (7, "stop"), ([], "stop"), ({}, "stop")]
)
def test_what_is_no_text_is_no_reply(server: HTTPServer, content: object, finish: str) -> None:
    assert "not text" in reason(Asked(server, lambda request: said(content, finish)).one())


@pytest.mark.parametrize("finish", ["abort", "error", {"type": "abort", "message": "x"}])
def test_a_reply_that_was_broken_off_is_none(server: HTTPServer, finish: Any) -> None:
    found = Asked(server, lambda request: said("The sky is", finish)).one()
    assert "broke its reply off" in reason(found)


def test_an_empty_text_is_a_reply_and_a_refusal_is_one(server: HTTPServer) -> None:
    assert Asked(server, lambda request: said("")).one() == Reply("", "judge-1")
    server.clear()
    refused = Reply("I can't", "judge-1", refused=True)
    assert Asked(server, lambda request: said(None, refusal="I can't")).one() == refused


def test_an_error_in_a_reply_s_place_is_told(server: HTTPServer) -> None:
    body = json.dumps({"error": {"message": "out of memory", "code": 502}})
    asked = Asked(server, lambda request: Response(body, content_type="application/json"))
    assert reason(asked.one()) == "an error in place of a reply: 502: out of memory"


@pytest.mark.parametrize(
    ("words", "tokens", "cut"),
    [(3000, 2048, True), (1700, 2048, True), (1500, 2048, False), (1000, 900, True), (1000, 1003, False)],
)
def test_a_prompt_that_was_cut_in_silence_is_a_failure(
    server: HTTPServer, words: int, tokens: int, cut: bool
) -> None:
    asked = Asked(server, lambda request: said("yes", usage={"prompt_tokens": tokens}))
    found = asked.one(question("what " * words))
    assert isinstance(found, NoReply) is cut
    assert len(asked.bodies) == 1
    if cut:
        assert "OLLAMA_CONTEXT_LENGTH" in reason(found)


def test_counts_that_are_none_are_not_believed(server: HTTPServer) -> None:
    usage = {"prompt_tokens": "many", "completion_tokens": -4}
    assert Asked(server, lambda request: said("yes", usage=usage)).one() == Reply("yes", "judge-1")


def test_a_server_that_dies_in_the_middle_leaves_what_was_had(server: HTTPServer) -> None:
    replies = iter([said("yes"), said("yes")])

    def serve(request: Request) -> Response:
        return next(replies, None) or refused(404, "unloaded")

    asked = Asked(server, serve, Limits(together=1, pause=0.01))
    found = asked.client.ask([question(str(n)) for n in range(20)])
    assert found[:2] == [Reply("yes", "judge-1")] * 2
    assert all(isinstance(each, NoReply) for each in found[2:])
    assert len(asked.bodies) == 3
