"""What a judge costs: tokens, and money where a price was given."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ipllvm.endpoints.replies import estimate
from ipllvm.errors import UsageError
from ipllvm.records import JudgeQuestion, Sample
from ipllvm.scorers.base import NeedsJudge
from ipllvm.scorers.judge import JudgeRule

_PRICE = re.compile(r"\$?(\d+(?:\.\d+)?)/\$?(\d+(?:\.\d+)?)")
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million tokens of prompts, and of replies."""

    prompt: float
    reply: float

    def __str__(self) -> str:
        return f"{self.prompt:g}/{self.reply:g}"

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
    if match is None:
        raise UsageError(
            f"--{name} {text}: give dollars for a million tokens of prompts and of replies, such as 2.5/10"
        )
    return Price(float(match[1]), float(match[2]))


def forecast(questions: Iterable[JudgeQuestion]) -> tuple[int, int]:
    """About how many tokens the prompts have, and how many the replies may have."""
    distinct = list(questions)
    prompts = sum(estimate(question.system + question.prompt) for question in distinct)
    return prompts, sum(question.max_tokens for question in distinct)


def planned(
    rule: NeedsJudge, samples: Sequence[Sample], each: int, answer_tokens: int, price: Price | None
) -> str:
    """What judging `each` answers to every sample comes to, at most; equal answers are asked about once."""
    asked = (rule.question("", sample) for sample in samples) if isinstance(rule, JudgeRule) else ()
    prompts, replies = forecast(question for question in asked if question is not None)
    prompts, replies = each * (prompts + len(samples) * answer_tokens), each * replies
    cost = money(price, prompts, replies)
    return (
        f"at most {each * len(samples):,} questions of a judge, {prompts:,} tokens in, {replies:,} out{cost}"
    )


def money(price: Price | None, prompt_tokens: int, reply_tokens: int) -> str:
    """The cost in words, with a comma before it; empty without a price.

    >>> money(Price(2.5, 10), 200_000, 1_000), money(None, 1, 1)
    (', $0.51', '')
    """
    return "" if price is None else f", ${price.of(prompt_tokens, reply_tokens):.2f}"
