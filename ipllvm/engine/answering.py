"""From final hidden states to responses: greedy answers, or the likeliest of a sample's options.

With `likelihood` a question with options (letters of its choices, or yes and no) is answered by the
option whose first token is the likeliest after the prompt, read from the forward pass that a greedy
answer would start with. Questions without options are answered greedily in either mode.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ipllvm.benchmarks.prompts import LETTERS
from ipllvm.benchmarks.questions import YES_NO
from ipllvm.engine.decoding import StepEdit, Tokens, verified
from ipllvm.errors import UsageError
from ipllvm.models.base import VisionLanguageModel
from ipllvm.records import Response, Sample


def options(sample: Sample) -> tuple[str, ...]:
    """What a sample can be answered by: letters, yes and no, or nothing in particular.

    >>> options(Sample("s", "c", (), "Is it?", "no"))
    ('yes', 'no')
    """
    if sample.choices:
        return tuple(LETTERS[: len(sample.choices)])
    return YES_NO if sample.answer.lower() in YES_NO else ()


def respond(
    model: VisionLanguageModel,
    samples: Sequence[Sample],
    mode: str,
    lengths: Sequence[int],
    guesses: Sequence[Tokens],
    hidden: Float[Tensor, "batch positions hidden"],
    cache: Callable[[], Any],
    max_new_tokens: int,
    edit: StepEdit | None = None,
) -> list[Response]:
    """The responses to prompts of `lengths` that were run with their drafts behind them.

    `mode` is generate or likelihood; the rest as in `decoding.verified`.
    """
    given = [options(sample) if mode == "likelihood" else () for sample in samples]
    if all(given):
        said: list[Tokens] = [()] * len(samples)
    else:
        said = verified(model, lengths, guesses, hidden, cache, max_new_tokens, edit)
    responses = [Response(model.text(tokens), tokens) for tokens in said]
    chosen = [row for row, found in enumerate(given) if found]
    if chosen:
        ends = torch.stack([hidden[row, lengths[row] - 1] for row in chosen])
        for row, logits in zip(chosen, model.logits(ends).log_softmax(-1), strict=True):
            responses[row] = likeliest(model, logits, given[row])
    return responses


def likeliest(
    model: VisionLanguageModel, logits: Float[Tensor, " vocabulary"], words: Sequence[str]
) -> Response:
    """The option with the highest log-likelihood of its first token, however it is spelled.

    Tokens that begin several options tell nothing and are left out; raises UsageError where an
    option has no other.
    """
    begins = [model.first_tokens(word) for word in words]
    own = [sorted(b.difference(*(o for o in begins if o is not b))) for b in begins]
    for word, tokens in zip(words, own, strict=True):
        if not tokens:
            raise UsageError(f"option {word!r} begins like another for this tokenizer: use --answer generate")
    scores = [float(logits[tokens].logsumexp(0)) for tokens in own]
    best = max(range(len(words)), key=scores.__getitem__)
    return Response(words[best], (own[best][0],), None, tuple(scores))
