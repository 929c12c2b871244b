"""From final hidden states to responses: greedy answers, or the likeliest of a sample's options.

With `likelihood` a question with options (letters of its choices, or yes and no) is answered by the
option whose first token is the likeliest after the prompt, read from the forward pass that a greedy
answer would start with. Questions without options are answered greedily in either mode.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from ipllvm.benchmarks.answer_options import options as options
from ipllvm.engine.decoding import Decoding, Prefill, begun, finite_logits
from ipllvm.errors import UsageError
from ipllvm.models.base import VisionLanguageModel
from ipllvm.records import Response, Sample


@dataclass(frozen=True, slots=True)
class Going:
    """An answer that goes on, and what it goes on from."""

    answer: Decoding
    prefilled: Prefill


def respond(
    model: VisionLanguageModel, samples: Sequence[Sample], mode: str, prefilled: Prefill, limit: int
) -> list[Response | Going]:
    """The responses to prompts that were run, or answers that go on; `mode` is generate or likelihood."""
    given = {row: options(sample) for row, sample in enumerate(samples) if mode == "likelihood"}
    chosen = [row for row, found in given.items() if found]
    free = [row for row in range(len(samples)) if row not in chosen]
    responses: dict[int, Response | Going] = {}
    for answer in begun(model, prefilled, limit, free) if free else ():
        responses[answer.number] = response_of(model, answer) if answer.ended else Going(answer, prefilled)
    if chosen:
        starts = prefilled.packed.starts()
        ends = prefilled.spoken[[starts[row] for row in chosen]]
        for row, logits in zip(chosen, finite_logits(model, ends).log_softmax(-1), strict=True):
            responses[row] = likeliest(model, logits, given[row])
    return [responses[row] for row in range(len(samples))]


def response_of(model: VisionLanguageModel, answer: Decoding) -> Response:
    """The response of an answer that has ended."""
    return Response(model.text(answer.tokens), tuple(answer.tokens))


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
