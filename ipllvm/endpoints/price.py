"""What tokens of an endpoint cost."""

import re
from dataclasses import dataclass
from decimal import Decimal
from math import isinf

from ipllvm.errors import UsageError

_PRICE = re.compile(r"\$?(\d+(?:\.\d+)?)/\$?(\d+(?:\.\d+)?)")
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million tokens of prompts, and of replies."""

    prompt: float
    reply: float

    def __str__(self) -> str:
        return f"{_plainly(self.prompt)}/{_plainly(self.reply)}"

    def of(self, prompt_tokens: int, reply_tokens: int) -> float:
        """Dollars.

        >>> Price(2.5, 10).of(200_000, 1_000)
        0.51
        """
        return (self.prompt * prompt_tokens + self.reply * reply_tokens) / MILLION


def parse(name: str, text: str) -> Price:
    """The price that was typed; raises UsageError.

    >>> parse("judge-price", "2.5/10")
    Price(prompt=2.5, reply=10.0)
    """
    match = _PRICE.fullmatch(text.strip())
    found = Price(float(match[1]), float(match[2])) if match else None
    if found is None or isinf(found.prompt + found.reply):
        raise UsageError(
            f"--{name} {text}: give dollars for a million tokens of prompts and of replies, such as 2.5/10"
        )
    return found


def _plainly(dollars: float) -> str:
    """As it can be typed: every digit, no power of ten."""
    return format(Decimal(repr(dollars)).normalize(), "f")


def money(price: Price | None, prompt_tokens: int, reply_tokens: int) -> str:
    """The cost in words, with a comma before it; empty without a price.

    >>> money(Price(2.5, 10), 200_000, 1_000), money(None, 1, 1)
    (', $0.51', '')
    """
    return "" if price is None else f", ${price.of(prompt_tokens, reply_tokens):.2f}"


def forecast(questions: int, tokens: int, limit: int, price: Price | None, beside: str = "") -> str:
    """What so many questions of `tokens` in all come to, with replies of at most `limit` tokens each.

    >>> forecast(2, 100, 16, Price(10_000, 0), " of words")
    '2 questions, about 100 tokens of words in, at most 32 out, $1.00'
    """
    replies = questions * limit
    return (
        f"{questions:,} questions, about {tokens:,} tokens{beside} in, at most {replies:,} out"
        f"{money(price, tokens, replies)}"
    )
