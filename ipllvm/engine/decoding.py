"""Exact greedy answers for a batch, with drafts verified in the prefill.

Rows are padded on the right: causal attention never sees the padding, so that the prefill needs
no mask. A draft (the clean answer) rides behind its prompt; the longest prefix that the model
itself would have said is kept, and decoding goes on from there. What is rejected stays in the
cache as masked holes. The token ids are those of plain greedy `generate`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ipllvm.models.base import Edit, Places, VisionLanguageModel

Tokens = tuple[int, ...]
StepEdit = Callable[[Sequence[int], Sequence[int]], Edit]
"""Rows of the batch by number, and the position that each is at: what is done to a decoding step."""


@dataclass(slots=True)
class _Row:
    """A row on its way: its number, how many of its positions are real, what it has said."""

    number: int
    length: int
    said: list[int] = field(default_factory=list)


@torch.inference_mode()
def greedy(
    model: VisionLanguageModel,
    embeds: Sequence[Float[Tensor, "_ hidden"]],
    max_new_tokens: int,
    drafts: Sequence[Tokens] | None = None,
) -> list[Tokens]:
    """The greedy answer to each prompt, stop token included where one was said.

    `embeds` are prompts as input embeddings, each of its own length; `drafts` are guesses of the
    answers and change the speed only.
    """
    guesses = [until_stop(model, draft, max_new_tokens) for draft in drafts or [()] * len(embeds)]
    lengths = [len(prompt) for prompt in embeds]
    hidden, cache = model.decoder(behind(model, embeds, guesses), wanted=speaking(model, lengths, guesses))
    return verified(model, lengths, guesses, hidden, lambda: cache, max_new_tokens)


def until_stop(model: VisionLanguageModel, draft: Tokens, limit: int) -> Tokens:
    """The draft up to its stop token, at most `limit` tokens."""
    stop = next((i for i, token in enumerate(draft) if token in model.stop_tokens), len(draft))
    return draft[: stop + 1][:limit]


def behind(
    model: VisionLanguageModel, embeds: Sequence[Tensor], guesses: Sequence[Tokens]
) -> Float[Tensor, "batch positions hidden"]:
    """Each prompt with its draft behind it, padded on the right."""
    rows = [
        torch.cat([prompt, model.embed_tokens(torch.tensor(guess, device=model.device))]) if guess else prompt
        for prompt, guess in zip(embeds, guesses, strict=True)
    ]
    return pad_sequence(rows, batch_first=True)


def speaking(model: VisionLanguageModel, lengths: Sequence[int], guesses: Sequence[Tokens]) -> Places:
    """Where the next token is said: the end of each prompt, and each token of its draft."""
    places = [
        (row, length - 1 + said)
        for row, (length, guess) in enumerate(zip(lengths, guesses, strict=True))
        for said in range(len(guess) + 1)
    ]
    rows, positions = torch.tensor(places, device=model.device).T
    return rows, positions


def verified(
    model: VisionLanguageModel,
    lengths: Sequence[int],
    guesses: Sequence[Tokens],
    hidden: Float[Tensor, "batch positions hidden"],
    cache: Callable[[], Any],
    max_new_tokens: int,
    edit: StepEdit | None = None,
) -> list[Tokens]:
    """The answers to prompts of `lengths` that were run with their drafts behind them.

    `hidden` are the final hidden states; `cache` is asked for only where a draft does not do.
    """
    rows, nexts = [], []
    said = _said(model, lengths, guesses, hidden)
    for number, (length, guess, argmax) in enumerate(zip(lengths, guesses, said, strict=True)):
        kept = _accepted(guess, argmax)
        rows.append(_Row(number, length + kept, list(guess[:kept])))
        nexts.append(argmax[kept])
    valid = torch.arange(hidden.shape[1]) < torch.tensor([row.length for row in rows])[:, None]
    live, held = list(rows), None
    while True:
        keep = [i for i, row in enumerate(live) if _say(model, row, nexts[i], max_new_tokens)]
        if not keep:
            return [tuple(row.said) for row in rows]
        held = cache() if held is None else held
        if len(keep) < len(live):
            held.batch_select_indices(torch.tensor(keep, device=model.device))
            live, valid, nexts = [live[i] for i in keep], valid[keep], [nexts[i] for i in keep]
        valid = torch.cat([valid, torch.ones(len(live), 1, dtype=torch.bool)], 1)
        nexts = _step(model, live, nexts, valid, held, edit)


def _said(
    model: VisionLanguageModel, lengths: Sequence[int], guesses: Sequence[Tokens], hidden: Tensor
) -> list[list[int]]:
    """The likeliest token after each prompt and after each token of its draft."""
    spans = [
        hidden[i, n - 1 : n + len(guess)] for i, (n, guess) in enumerate(zip(lengths, guesses, strict=True))
    ]
    argmax = model.logits(torch.cat(spans)).argmax(-1).tolist()
    ends = [0]
    for span in spans:
        ends.append(ends[-1] + len(span))
    return [argmax[a:b] for a, b in pairwise(ends)]


def _accepted(guess: Tokens, argmax: Sequence[int]) -> int:
    """How many tokens of the draft the model would have said itself.

    >>> _accepted((5, 6, 7), [5, 6, 8, 9])
    2
    """
    matches = (a == b for a, b in zip(guess, argmax, strict=False))
    return next((i for i, same in enumerate(matches) if not same), len(guess))


def _say(model: VisionLanguageModel, row: _Row, token: int, limit: int) -> bool:
    """Add the next token unless the answer has ended; true where the row goes on."""
    if len(row.said) < limit and not (row.said and row.said[-1] in model.stop_tokens):
        row.said.append(token)
        return len(row.said) < limit and token not in model.stop_tokens
    return False


def _step(
    model: VisionLanguageModel,
    rows: list[_Row],
    tokens: list[int],
    valid: Bool[Tensor, "rows slots"],
    cache: Any,
    edit: StepEdit | None,
) -> list[int]:
    """One decoding step for all live rows."""
    ids = torch.tensor(tokens, device=model.device)[:, None]
    positions = torch.tensor([row.length for row in rows], device=model.device)[:, None]
    hidden, _ = model.decoder(
        model.embed_tokens(ids),
        attention_mask=valid.to(model.device),
        position_ids=positions,
        past_key_values=cache,
        edit=edit([row.number for row in rows], [row.length for row in rows]) if edit else None,
    )
    for row in rows:
        row.length += 1
    best: list[int] = model.logits(hidden[:, -1]).argmax(-1).tolist()
    return best
