"""What a judge costs: tokens, and money where a price was given."""

from collections.abc import Iterable, Sequence

from ipllvm.endpoints.price import Price, money
from ipllvm.endpoints.replies import estimate
from ipllvm.records import JudgeQuestion, Sample
from ipllvm.scorers.base import NeedsJudge
from ipllvm.scorers.judge import JudgeRule


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
