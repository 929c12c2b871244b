"""How an endpoint is asked, what its refusals teach, how long it is waited for, and what it costs."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.endpoints import failures, price
from ipllvm.endpoints.address import credentials, key, parse, without_keys
from ipllvm.endpoints.calls import Call
from ipllvm.endpoints.dialect import EXTRAS, LONG, OPTIONAL, SHORT, Dialect
from ipllvm.endpoints.failures import GONE, LATER, Permanent, Transient, Unfit, of_status
from ipllvm.endpoints.price import Price
from ipllvm.errors import UsageError

ASKED = Call(({"role": "user", "content": "?"},), 8, 0.5, 3, ("\n",))
FIELDS = (*OPTIONAL, *EXTRAS, SHORT, LONG)


@pytest.mark.parametrize("model", ["llava", "my/o1-like-model-x", "gpt-4o", "o11", "gpt-50", "phi-3"])
def test_a_usual_model_is_sent_the_whole_protocol(model: str) -> None:
    body = Dialect(model, 100).body(ASKED)
    if model == "my/o1-like-model-x":
        assert LONG in body, "known by the name behind the last slash"
        return
    assert body == {
        "model": model,
        "messages": list(ASKED.messages),
        "max_tokens": 8,
        "temperature": 0.5,
        "top_p": 1.0,
        "seed": 3,
        "stop": ["\n"],
        **EXTRAS,
    }
    assert "stop" not in Dialect(model, 100).body(Call(ASKED.messages, 8))


@pytest.mark.parametrize(
    "model", ["o1", "o3-mini", "o4-mini-2025", "gpt-5", "gpt-5.1", "openai/gpt-5-nano", "o1:x"]
)
def test_a_model_that_thinks_gets_room_for_it_and_no_temperature(model: str) -> None:
    body = Dialect(model, 100).body(ASKED)
    assert body["max_completion_tokens"] == 108 and SHORT not in body
    assert not {"temperature", "top_p", *EXTRAS} & body.keys() and body["seed"] == 3


@settings(deadline=None, max_examples=80)
@given(st.lists(st.text(st.sampled_from("ab .'"), max_size=5) | st.sampled_from(FIELDS), max_size=8))
def test_what_a_refusal_teaches_comes_to_an_end(words: list[str]) -> None:
    """Each time something is left out or named otherwise, so that no refusal is met for ever."""
    dialect, refusal = Dialect("m", 0), " ".join(words)
    before, learned = dialect.body(ASKED), 0
    while dialect.learn(refusal):
        after = dialect.body(ASKED)
        assert after != before, "the same would be sent again"
        before, learned = after, learned + 1
        assert learned <= 3
    assert {"model", "messages"} <= before.keys() and (SHORT in before) is not (LONG in before)
    lost = sorted(set(OPTIONAL) - before.keys())
    assert dialect.departures == (f"the endpoint takes no {', '.join(lost)}" if lost else "")
    assert all(name in refusal for name in lost)


def test_room_for_thoughts_is_made_once() -> None:
    dialect = Dialect("m", 50)
    assert dialect.body(ASKED)[SHORT] == 8
    assert dialect.think() is True and dialect.body(ASKED)[SHORT] == 58
    assert dialect.think() is False and Dialect("m", 0).think() is False


def response(status: int, **headers: str) -> httpx2.Response:
    return httpx2.Response(status, headers={name.replace("_", "-"): value for name, value in headers.items()})


def failure(status: int, body: Any = b"", secret: str | None = None, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return of_status(response(status, **headers), content, secret, 60.0)


@pytest.mark.parametrize("status", GONE)
def test_what_every_request_would_meet_ends_all(status: int) -> None:
    found = failure(status, {"error": "whatever"})
    assert (
        isinstance(found, Permanent)
        and found.dead
        and found.reason == f"HTTP status {status}: {GONE[status]}"
    )


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    found = failure(status, location="http://elsewhere")
    assert found.dead and found.reason == f"HTTP status {status}: it redirects, which is not followed"


@pytest.mark.parametrize("status", [400, 422])
def test_an_unfit_request_has_the_servers_words(status: int) -> None:
    found = failure(status, {"error": {"message": "no top_k"}})
    assert isinstance(found, Unfit) and (found.reason, found.message) == (
        f"HTTP status {status}: no top_k",
        "no top_k",
    )


@pytest.mark.parametrize(
    ("status", "body", "kind", "dead"),
    [
        (429, {"error": {"code": "insufficient_quota", "message": "pay"}}, Permanent, True),
        (429, {"error": {"message": "slow down"}}, Transient, False),
        (500, b"", Transient, False),
        (599, b"<html>", Transient, False),
        (501, b"", Permanent, False),
        (505, b"", Permanent, False),
        (418, {"detail": "a teapot"}, Permanent, False),
        (204, b"", Permanent, False),
        (408, b"{", Transient, False),
    ],
)
def test_what_a_status_means_for_the_next_request(
    status: int, body: Any, kind: type[Any], dead: bool
) -> None:
    found = failure(status, body)
    assert isinstance(found, kind) and found.dead is dead
    assert found.reason.startswith(f"HTTP status {status}") and "\n" not in found.reason
    assert (kind is Transient) == (status in LATER and not dead)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("5", 5.0),
        ("0", 0.0),
        ("1.5", 1.5),
        (" 7 ", 7.0),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("soon", None),
        ("", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00", 0.0),
        ("Mon, 99 Jan 2024 00:00:00 GMT", None),
        ("Mon, 1 Jan 2024 00:00:00 +99999999999999999999", None),
        ("Mon, 1 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 1 Jan 2024 99999999999999999999:00:00 GMT", None),
        ("x" * 5000, None),
        ("9" * 400, None),
    ],
)
def test_how_long_to_wait_is_a_number_or_a_date_and_else_not_said(header: str, seconds: float | None) -> None:
    """Whatever a server writes there: it is never an error of the one who asks."""
    assert failure(429, retry_after=header).after == seconds


def test_a_date_is_waited_for_from_now_on() -> None:
    then = datetime.now(UTC) + timedelta(seconds=30)
    found = failure(503, retry_after=format_datetime(then))
    assert 25 < found.after <= 30


@pytest.mark.parametrize(("header", "kind"), [("60", Transient), ("61", Permanent), ("3600.4", Permanent)])
def test_more_than_the_longest_wait_is_given_up(header: str, kind: type[Any]) -> None:
    found = failure(429, retry_after=header)
    assert isinstance(found, kind)
    if kind is Permanent:
        asks = f"it asks to be left alone for {float(header):.0f} s"
        assert found.dead and found.reason == f"HTTP status 429: {asks}"


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ({"error": "plain"}, "plain"),
        ({"error": {"message": "m"}}, "m"),
        ({"message": "top"}, "top"),
        ({"error": {"code": "c", "message": "m", "detail": "d"}}, "c: m: d"),
        ({"detail": [{"loc": 1}]}, "[{'loc': 1}]"),
        ({"error": {"message": "one\ntwo"}}, "one"),
        ({"error": {}}, ""),
        ({"error": 5}, ""),
        ([], ""),
        ("text", ""),
        (None, ""),
        ({"error": {"message": 0, "code": None}}, ""),
        ({"error": {"message": "x" * 999}}, "x" * 300),
        ({"error": "y" * 999}, "y" * 200),
    ],
)
def test_the_message_of_an_error_in_whatever_form(value: Any, line: str) -> None:
    assert failures.message_of(value) == line


def test_a_key_in_a_servers_words_is_not_repeated() -> None:
    found = failure(500, {"error": "bad key MY+KEY.1 or sk-abcdef"}, "MY+KEY.1")
    assert found.reason == "HTTP status 500: bad key [key] or [key]"
    assert without_keys("nothing here", "") == "nothing here"
    assert without_keys("hf_abcdefg eyJhbGciOi.x", None) == "[key] [key]"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (httpx2.ConnectError("refused\nat length"), "it can't be reached: refused"),
        (httpx2.ConnectError(""), "it can't be reached"),
        (httpx2.ConnectError("  "), "it can't be reached"),
        (OSError("host sk-abcdef"), "it can't be reached: host [key]"),
    ],
)
def test_what_can_not_be_reached_says_why(error: Exception, line: str) -> None:
    assert failures.unreached(error) == line


@pytest.mark.parametrize(
    ("names", "words", "found"),
    [
        ({}, "no key", None),
        ({"A": "1"}, "key from $A", "1"),
        ({"B": "2"}, "key from $B", "2"),
        ({"A": " ", "B": "2 "}, "key from $B", "2"),
        ({"A": "1", "B": "2"}, "key from $A", "1"),
    ],
)
def test_the_first_variable_that_holds_a_key_gives_it(
    names: dict[str, str], words: str, found: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "AB":
        monkeypatch.delenv(name, raising=False)
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    variables: Sequence[str] = ("A", "B")
    assert (credentials(variables), key(variables)) == (words, found)


@pytest.mark.parametrize(
    ("address", "chat", "models"),
    [
        ("http://h/v1#m", "http://h/v1/chat/completions", "http://h/v1/models"),
        (
            "http://h/v1/?api-version=2#m",
            "http://h/v1/chat/completions?api-version=2",
            "http://h/v1/models?api-version=2",
        ),
        ("http://h#a/b:c", "http://h/chat/completions", "http://h/models"),
        ("http://[::1]:8000/v1#m", "http://[::1]:8000/v1/chat/completions", "http://[::1]:8000/v1/models"),
    ],
)
def test_where_questions_go_and_back_again(address: str, chat: str, models: str) -> None:
    found = parse(address)
    assert (found.chat, found.models) == (chat, models)
    assert parse(str(found)) == found and parse(f"{found.chat}#{found.model}") == found


AMOUNTS = st.decimals(0, 10**9, allow_nan=False, places=5)


@settings(deadline=None, max_examples=80)
@given(AMOUNTS, AMOUNTS)
def test_a_price_is_told_so_that_it_can_be_read_again(prompt: Any, reply: Any) -> None:
    """As the command of a report repeats it; 2500000 had become 2.5e+06, which no option takes."""
    typed = price.parse("judge-price", f"{prompt:f}/{reply:f}")
    assert typed == Price(float(prompt), float(reply))
    assert price.parse("judge-price", str(typed)) == typed


@pytest.mark.parametrize(
    ("text", "words"),
    [("2.5/10", "2.5/10"), ("$3/$15", "3/15"), ("0/0", "0/0"), (" 1/2 ", "1/2"), ("007/1.50", "7/1.5")],
)
def test_a_price_is_told_shortly(text: str, words: str) -> None:
    assert str(price.parse("judge-price", text)) == words


@pytest.mark.parametrize(
    "text", ["", "1", "1/", "/1", "1/2/3", "-1/2", "1e3/2", "nan/1", "1,5/2", "inf/1", "9" * 400 + "/1"]
)
def test_what_is_no_price_is_one_line(text: str) -> None:
    with pytest.raises(UsageError) as error:
        price.parse("model-price", text)
    assert str(error.value).endswith(
        ": give dollars for a million tokens of prompts and of replies, such as 2.5/10"
    )
    assert str(error.value).startswith("--model-price ") and len(str(error.value).splitlines()) == 1


def test_a_forecast_counts_and_costs() -> None:
    assert price.forecast(1200, 3_400_000, 16, None) == (
        "1,200 questions, about 3,400,000 tokens in, at most 19,200 out"
    )
    assert price.forecast(0, 0, 16, Price(1, 1)) == "0 questions, about 0 tokens in, at most 0 out, $0.00"
    assert price.money(Price(2, 0), 1_234_567, 0) == ", $2.47"
