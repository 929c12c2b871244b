"""A checkpoint's chat template, which is a program of somebody else: filled within limits."""

from collections.abc import Sequence
from typing import Any

from ipllvm.safety.deadline import within

SECONDS = 10.0
CHARACTERS = 2_000_000
"""The longest prompt that a template may make; models have positions for less."""


def fill(owner: Any, turns: Sequence[Any]) -> str:
    """What the template of `owner`, a processor or a tokenizer, makes of a conversation, up to the answer.

    Raises ValueError and TimeoutError where it is too long or takes too long, and what Jinja raises.
    """
    with within(SECONDS, "to fill the chat template"):
        text = str(owner.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))
    if len(text) > CHARACTERS:
        raise ValueError(f"the prompt has {len(text):,} characters, more than {CHARACTERS:,}")
    return text
