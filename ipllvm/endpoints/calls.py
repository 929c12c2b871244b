"""What an endpoint is asked and what comes back of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Message = Mapping[str, Any]
"""A message of the chat protocol: `role` and `content`, a text or a list of parts."""


@dataclass(frozen=True, slots=True)
class Call:
    """One question: its messages, and how the reply is to be decoded.

    `max_tokens` are the answer's; what a model thinks before it is not counted. At temperature 0 decoding is
    greedy, above it `seed` is sent.
    """

    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float = 0.0
    seed: int = 0
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the text without what was thought before it, and the counts of the server.

    `model` and `fingerprint` are what the server says replied; `whole` is False where the limit of tokens
    ended it; `refused` says that it is a refusal's text, or what a filter left of one.
    """

    text: str
    model: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    whole: bool = True
    fingerprint: str = ""
    refused: bool = False


@dataclass(frozen=True, slots=True)
class NoReply:
    """Why there is no reply, in one line."""

    reason: str


Outcome = Reply | NoReply


@dataclass(slots=True)
class Tally:
    """What a client did: questions with and without a reply, requests, tokens as the server counts them."""

    replies: int = 0
    failures: int = 0
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        if isinstance(outcome, NoReply):
            self.failures += 1
            return
        self.replies += 1
        self.prompt_tokens += outcome.prompt_tokens or 0
        self.completion_tokens += outcome.completion_tokens or 0


def text_of(messages: tuple[Message, ...]) -> str:
    """All that is written in messages; pictures are left out.

    >>> text_of(({"role": "user", "content": [{"type": "text", "text": "Why?"}, {"type": "image_url"}]},))
    'Why?'
    """
    parts: list[str] = []
    for message in messages:
        content = message["content"]
        listed = [{"text": content}] if isinstance(content, str) else content
        parts += [str(part["text"]) for part in listed if "text" in part]
    return "\n".join(parts)
