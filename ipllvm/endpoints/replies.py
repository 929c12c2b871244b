"""From the body of a response to a reply: nothing is guessed, and nothing that was thought is an answer."""

import re
from typing import Any

from ipllvm.endpoints.calls import Call, Reply, text_of
from ipllvm.endpoints.failures import message_of
from ipllvm.safety import reading

THOUGHTS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|channel|>analysis", "<|channel|>final<|message|>"),
)
"""Between these stand thoughts that a server leaves in: DeepSeek, Qwen, Seed, Magistral, Kimi, GPT-OSS."""
_ENDS = ("<|return|>", "<|end|>")
_CONTEXTS = frozenset(1 << power for power in range(11, 18))
"""Sizes that servers give a context: 2,048 to 131,072."""
_FOREIGN = re.compile(r"[^\W\d_a-zA-Z]")
_BROKEN_OFF = frozenset({"abort", "aborted", "cancelled", "error"})
"""Why a reply ended that is not whole, and not for want of tokens, as vLLM, SGLang and hosted servers say."""
CHARACTERS = 4
"""Of a token, as English has it: for what is told before anything is sent."""


class Unusable(ValueError):
    """A body that holds no reply; one line."""


class Cut(ValueError):
    """A prompt of which the server has read a part; one line."""


class Thoughts(ValueError):
    """A reply that its thoughts left no room for."""


def reply(body: bytes, call: Call) -> Reply:
    """The reply in a response's body; raises Unusable, Cut, and Thoughts where more tokens would help."""
    try:
        value = reading.json_value(body)
        _require_no_error(value)
        choice = _first_choice(value)
        message = choice["message"]
        finish = choice.get("finish_reason")
        text = _content(message)
    except reading.Refused as error:
        raise Unusable(_no_json(body, error)) from None
    except (LookupError, TypeError, AttributeError):
        raise Unusable("its reply is not of the chat protocol: its first choice holds no message") from None
    answer, thought = _answer(text, message)
    if not answer and (thought or finish == "length"):
        raise Thoughts("all its tokens went into thoughts")
    if text is None:
        raise Unusable(f"its content is not text (finish_reason {str(finish)[:40]!r})")
    ended = finish.get("type") if isinstance(finish, dict) else finish  # SGLang says more of it
    if isinstance(ended, str) and ended in _BROKEN_OFF:
        raise Unusable(f"the server broke its reply off (finish_reason {ended!r})")
    model, fingerprint = (str(value.get(name) or "") for name in ("model", "system_fingerprint"))
    refused = message.get("content") is None or finish == "content_filter"
    found = Reply(answer, model, *_usage(value), finish != "length", fingerprint, refused)
    _require_whole_prompt(call, found.prompt_tokens)
    return found


def _no_json(body: bytes, error: Exception) -> str:
    """What a body is that is no JSON."""
    begin = body.lstrip()[:16].lower()
    if not begin:
        return "its reply is empty"
    if begin.startswith((b"data:", b"event:", b": ")):
        return "it streams its reply (server-sent events), which it was not asked to"
    if begin.startswith(b"<"):
        return "its reply is a page and no JSON: is the address that of the API, such as .../v1?"
    return f"its reply can't be read: {error}"


def _first_choice(value: Any) -> Any:
    """The first choice of a reply; raises Unusable where it has none."""
    choices = value.get("choices") if isinstance(value, dict) else None
    if not isinstance(choices, list) or not choices:
        has = f" (it has: {', '.join(map(str, value))[:80]})" if isinstance(value, dict) and value else ""
        none = "are empty" if choices == [] else "are not there"
        raise Unusable(
            f"its reply is not of the chat protocol: its choices {none}{has if choices is None else ''}"
        )
    return choices[0]


def _content(message: Any) -> str | None:
    """The text of a message, also where it comes in parts; None where there is none."""
    content = message.get("content")
    if isinstance(content, list):
        parts = [part["text"] for part in content if part.get("type") == "text"]
        content = "".join(parts) if parts and all(isinstance(part, str) for part in parts) else None
    if content is None:
        content = message.get("refusal")
    return content if isinstance(content, str) else None


def _answer(text: str | None, message: Any) -> tuple[str, bool]:
    """What is said after all thoughts, and whether there were any."""
    apart = any(message.get(name) for name in ("reasoning_content", "reasoning"))
    answer, thought = without_thoughts((text or "").strip() if apart else text or "")
    return answer, thought or apart


def without_thoughts(text: str) -> tuple[str, bool]:
    """What stands behind all thoughts, nothing where they do not end, and whether there were any.

    >>> without_thoughts("<think>No, wait.</think>Yes"), without_thoughts("<think>No"), without_thoughts("No")
    (('Yes', True), ('', True), ('No', False))
    """
    for begin, end in THOUGHTS:
        if end in text:
            return _without_ends(text.rpartition(end)[2].strip()), True
        if text.lstrip().startswith(begin):
            return "", True
    return text, False


def _without_ends(text: str) -> str:
    for end in _ENDS:
        text = text.removesuffix(end)
    return text


def _require_no_error(value: Any) -> None:
    """Raises Unusable where a body says what went wrong in place of a reply, with status 200."""
    if isinstance(value, dict) and value.get("error") and not value.get("choices"):
        raise Unusable(f"an error in place of a reply: {message_of(value)}")


def _usage(value: Any) -> tuple[int | None, int | None]:
    """Tokens of prompt and reply as the server counts them; None where it does not."""
    given = value.get("usage")
    counts = given if isinstance(given, dict) else {}
    found = [counts.get(name) for name in ("prompt_tokens", "completion_tokens")]
    prompt, completion = (
        n if isinstance(n, int) and not isinstance(n, bool) and n >= 0 else None for n in found
    )
    return prompt, completion


def _require_whole_prompt(call: Call, tokens: int | None) -> None:
    """Raises Cut where the server has read less of a prompt than it must have, as Ollama does."""
    text = text_of(call.messages)
    cut = tokens in _CONTEXTS and tokens <= estimate(text)
    if tokens and (tokens < fewest(text) or cut):
        raise Cut(
            f"the server read {tokens:,} tokens of a prompt of about {estimate(text):,}: its context is too "
            "small (Ollama: OLLAMA_CONTEXT_LENGTH)"
        )


def estimate(text: str) -> int:
    """About how many tokens a text has.

    >>> estimate("What colour is the sky over the sea?")
    9
    """
    return -(-len(text.encode()) // CHARACTERS)


def fewest(text: str) -> int:
    """So many tokens a tokenizer hardly goes below: words between blanks, an eighth of foreign letters.

    >>> fewest("What colour is the sky?"), fewest("空は何色ですか、今日は晴れでしょうか")
    (5, 2)
    """
    return max(len(text.split()), len(_FOREIGN.findall(text)) // 8)
