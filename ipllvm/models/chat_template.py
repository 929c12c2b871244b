"""A checkpoint's chat template, which is a program of somebody else: filled within limits."""

from collections.abc import Sequence
from typing import Any

from ipllvm.safety.deadline import within
from ipllvm.safety.memory import memory_within

SECONDS = 10.0
MEMORY = 1 << 30
"""Bytes that a template may take on its way."""
CHARACTERS = 2_000_000
"""The longest prompt that a template may make; models have positions for less."""


def fill(owner: Any, turns: Sequence[Any]) -> str:
    """What the template of `owner`, a processor or a tokenizer, makes of a conversation, up to the answer.

    Raises ValueError and TimeoutError where it is too long or takes too much or too long, and what Jinja
    raises.
    """
    what = "to fill the chat template"
    with within(SECONDS, what), memory_within(MEMORY, what):
        text = str(owner.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))
    if len(text) > CHARACTERS:
        raise ValueError(f"the prompt has {len(text):,} characters, more than {CHARACTERS:,}")
    return text
