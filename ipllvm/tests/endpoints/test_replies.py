"""From a body to a reply, without a server: texts, thoughts, counts, and why there is none."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.endpoints.calls import Call, NoReply, Reply, Tally, text_of
from ipllvm.endpoints.replies import Cut, Thoughts, Unusable, estimate, fewest, reply

ASKED = Call(({"role": "user", "content": "Is it red?"},), 8)


def body(content: Any = "yes", finish: Any = "stop", **more: Any) -> bytes:
    message = {"role": "assistant", "content": content, **more.pop("message", {})}
    return json.dumps({"choices": [{"message": message, "finish_reason": finish}], **more}).encode()


@pytest.mark.parametrize(
    ("content", "message", "text"),
    [
        ("yes", {}, "yes"),
        ("", {}, ""),
        ("  yes\n", {}, "  yes\n"),
        ("Größe 大 \U0001f600", {}, "Größe 大 \U0001f600"),
        ([{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}], {}, "ab"),
        (None, {"refusal": "I can't."}, "I can't."),
        ("<think>or blue?</think>\nred ", {}, "red"),
        ("<think>a</think><think>b</think>red", {}, "red"),
        ("no begin</think>red", {}, "red"),
        ("[THINK]x[/THINK]red", {}, "red"),
        ("◁think▷x◁/think▷ red", {}, "red"),
        ("<|channel|>analysis<|message|>x<|end|><|channel|>final<|message|>red<|return|>", {}, "red"),
        (" red\n", {"reasoning_content": "or blue?"}, "red"),
        (" red\n", {"reasoning": "or blue?"}, "red"),
        ("I think <b>red</b>", {}, "I think <b>red</b>"),
    ],
)
def test_the_answer_is_what_is_said_and_not_what_was_thought(content: Any, message: Any, text: str) -> None:
    assert reply(body(content, message=message), ASKED).text == text


@pytest.mark.parametrize(
    ("content", "message", "finish"),
    [
        ("", {}, "length"),
        (None, {}, "length"),
        ("<think>and on", {}, "stop"),
        ("  <thought>x", {}, "length"),
        ("<think>x</think>", {}, "stop"),
        ("", {"reasoning_content": "x"}, "stop"),
        ("<|channel|>analysis x", {}, "stop"),
    ],
)
def test_where_all_went_into_thoughts_more_room_would_help(content: Any, message: Any, finish: str) -> None:
    with pytest.raises(Thoughts, match=r"^all its tokens went into thoughts$"):
        reply(body(content, finish, message=message), ASKED)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (b"", "its reply is empty"),
        (b" \n ", "its reply is empty"),
        (b"data: {}\n\n", "it streams its reply (server-sent events), which it was not asked to"),
        (
            b"<!doctype html>",
            "its reply is a page and no JSON: is the address that of the API, such as .../v1?",
        ),
        (
            b"{" * 9,
            "its reply can't be read: not JSON: Expecting property name enclosed in double quotes: "
            "line 1 column 2 (char 1)",
        ),
        (b"\xff\xfe", "its reply can't be read: not JSON: not UTF-8 but UTF-16"),
        (b"[" * 99 + b"]" * 99, "its reply can't be read: it is nested more than 64 deep"),
        (b"[]", "its reply is not of the chat protocol: its choices are not there"),
        (b"{}", "its reply is not of the chat protocol: its choices are not there"),
        (b'{"choices": []}', "its reply is not of the chat protocol: its choices are empty"),
        (
            b'{"a": 1, "b": 2}',
            "its reply is not of the chat protocol: its choices are not there (it has: a, b)",
        ),
        (b'{"choices": [{}]}', "its reply is not of the chat protocol: its first choice holds no message"),
        (b'{"choices": ["yes"]}', "its reply is not of the chat protocol: its first choice holds no message"),
        (
            b'{"choices": [{"message": "yes"}]}',
            "its reply is not of the chat protocol: its first choice holds no message",
        ),
        (b'{"error": {"message": "too busy"}}', "an error in place of a reply: too busy"),
        (b'{"error": {"code": 7, "message": "a\\nb"}, "choices": []}', "an error in place of a reply: 7: a"),
        (body(3), "its content is not text (finish_reason 'stop')"),
        (body([{"type": "image"}]), "its content is not text (finish_reason 'stop')"),
        (body(None, None), "its content is not text (finish_reason 'None')"),
        (body("ye", "abort"), "the server broke its reply off (finish_reason 'abort')"),
        (body("ye", {"type": "error"}), "the server broke its reply off (finish_reason 'error')"),
    ],
)
def test_what_is_no_reply_is_one_line(given: bytes, line: str) -> None:
    with pytest.raises(Unusable) as error:
        reply(given, ASKED)
    assert str(error.value) == line


ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    "x",
    [],
    {},
    [None],
    [{}],
    ["x"],
    {"x": 1},
    {"text": None},
    [{"text": 1}],
)


@pytest.mark.parametrize("odd", ODD, ids=json.dumps)
def test_no_body_of_json_does_anything_but_answer_or_refuse_in_a_line(odd: Any) -> None:
    """Wherever something stands that the protocol does not have there."""
    message = {"content": odd}
    for value in (
        odd,
        {"choices": odd},
        {"choices": [odd]},
        {"choices": [{"message": odd}]},
        {"choices": [{"message": message}]},
        {"choices": [{"message": {"content": [{"type": "text", "text": odd}]}}]},
        {"choices": [{"message": {"content": "a"}, "finish_reason": odd}]},
        {"error": odd},
        {"choices": [{"message": {"content": "a", "reasoning": odd}}], "usage": odd, "model": odd},
    ):
        try:
            found = reply(json.dumps(value).encode(), ASKED)
        except (Unusable, Cut, Thoughts) as error:
            assert len(str(error).splitlines()) == 1
        else:
            assert isinstance(found.text, str) and isinstance(found.model, str)


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 2}, (9, 2)),
        ({"prompt_tokens": 9}, (9, None)),
        (None, (None, None)),
        ([], (None, None)),
        ({"prompt_tokens": -1, "completion_tokens": True}, (None, None)),
        ({"prompt_tokens": "9", "completion_tokens": 2.0}, (None, None)),
        ({"prompt_tokens": 0}, (0, None)),
    ],
)
def test_counts_are_believed_where_they_are_counts(usage: Any, counts: tuple[int | None, int | None]) -> None:
    found = reply(body(usage=usage), ASKED)
    assert (found.prompt_tokens, found.completion_tokens) == counts


@pytest.mark.parametrize(
    ("finish", "content", "whole", "refused"),
    [
        ("stop", "yes", True, False),
        ("length", "yes", False, False),
        (None, "yes", True, False),
        ("content_filter", "", True, True),
        ({"type": "stop"}, "yes", True, False),
    ],
)
def test_how_a_reply_ended(finish: Any, content: str, whole: bool, refused: bool) -> None:
    found = reply(body(content, finish, model="m-1", system_fingerprint="fp"), ASKED)
    assert (found.whole, found.refused, found.model, found.fingerprint) == (whole, refused, "m-1", "fp")


@pytest.mark.parametrize(
    ("words", "tokens", "cut"),
    [
        (100, 99, True),
        (100, 100, False),
        (100, 0, False),
        (100, None, False),
        (3000, 2048, True),
        (2048, 2048, True),
        (1000, 2048, False),
        (2040, 2049, False),
        (2500, 4096, False),
    ],
)
def test_a_prompt_that_was_cut_is_known_by_its_count(words: int, tokens: int | None, cut: bool) -> None:
    """A count that is a server's own size of a context, or below one token a word."""
    call = Call(({"role": "user", "content": "word " * words},), 8)
    given = body(usage={"prompt_tokens": tokens})
    if cut:
        with pytest.raises(Cut) as error:
            reply(given, call)
        assert str(error.value) == (
            f"the server read {tokens:,} tokens of a prompt of about {estimate('word ' * words):,}: its "
            "context is too small (Ollama: OLLAMA_CONTEXT_LENGTH)"
        )
    else:
        assert reply(given, call).prompt_tokens == tokens


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=60), st.text(max_size=60))
def test_estimates_grow_with_the_text(one: str, other: str) -> None:
    assert 0 <= fewest(one) <= max(1, len(one)) and 0 <= estimate(one) <= len(one.encode())
    assert estimate(one + other) >= max(estimate(one), estimate(other))
    assert fewest(f"{one} {other}") >= max(len(one.split()), len(other.split()))


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ((), ""),
        (({"role": "system", "content": "a"}, {"role": "user", "content": "b"}), "a\nb"),
        (({"content": [{"type": "image_url"}, {"type": "text", "text": 3}]},), "3"),
        (({"content": []},), ""),
    ],
)
def test_the_words_of_messages(messages: Any, text: str) -> None:
    assert text_of(messages) == text


def test_a_tally_counts_replies_failures_and_tokens_that_are_told() -> None:
    tally = Tally()
    for outcome in (Reply("a", prompt_tokens=5, completion_tokens=2), Reply("b"), NoReply("late")):
        tally.add(outcome)
    assert (tally.replies, tally.failures, tally.prompt_tokens, tally.completion_tokens) == (2, 1, 5, 2)
