"""Exact greedy answers for a batch, with drafts verified in the prefill.

Rows are padded on the right: causal attention never sees the padding, so that the prefill needs
no mask. A draft (the clean answer) rides behind its prompt; the longest prefix that the model
itself would have said is kept, and decoding goes on from there. What is rejected stays in the
cache as masked holes. The token ids are those of plain greedy `generate`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ipllvm.models.base import VisionLanguageModel

Tokens = tuple[int, ...]


@dataclass(slots=True)
class _Row:
    """A row on its way: how many of its positions are real, what it has said."""

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
    guesses = [_until_stop(model, d)[:max_new_tokens] for d in drafts or [()] * len(embeds)]
    filled, cache = _prefill(model, embeds, guesses)
    rows, nexts = [], []
    for prompt, guess, argmax in zip(embeds, guesses, filled, strict=True):
        kept = _accepted(guess, argmax)
        rows.append(_Row(len(prompt) + kept, list(guess[:kept])))
        nexts.append(argmax[kept])
    width = max(len(p) + len(g) for p, g in zip(embeds, guesses, strict=True))
    valid = torch.arange(width) < torch.tensor([row.length for row in rows])[:, None]
    live = list(rows)
    while True:
        keep = [i for i, row in enumerate(live) if _say(model, row, nexts[i], max_new_tokens)]
        if not keep:
            return [tuple(row.said) for row in rows]
        if len(keep) < len(live):
            cache.batch_select_indices(torch.tensor(keep, device=model.device))
            live, valid, nexts = [live[i] for i in keep], valid[keep], [nexts[i] for i in keep]
        valid = torch.cat([valid, torch.ones(len(live), 1, dtype=torch.bool)], 1)
        nexts = _step(model, live, nexts, valid, cache)


def _until_stop(model: VisionLanguageModel, draft: Tokens) -> Tokens:
    stop = next((i for i, token in enumerate(draft) if token in model.stop_tokens), len(draft))
    return draft[: stop + 1]


def _prefill(
    model: VisionLanguageModel, embeds: Sequence[Tensor], guesses: Sequence[Tokens]
) -> tuple[list[list[int]], Any]:
    """Run prompts with their drafts; argmax after the prompt and after each draft token."""
    rows = [
        torch.cat([prompt, model.embed_tokens(torch.tensor(guess, device=model.device))]) if guess else prompt
        for prompt, guess in zip(embeds, guesses, strict=True)
    ]
    hidden, cache = model.decoder(pad_sequence(rows, batch_first=True))
    wanted = [hidden[i, len(p) - 1 : len(r)] for i, (p, r) in enumerate(zip(embeds, rows, strict=True))]
    argmax = model.logits(torch.cat(wanted)).argmax(-1).tolist()
    ends = [0]
    for span in wanted:
        ends.append(ends[-1] + len(span))
    return [argmax[a:b] for a, b in pairwise(ends)], cache


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
) -> list[int]:
    """One decoding step for all live rows."""
    ids = torch.tensor(tokens, device=model.device)[:, None]
    positions = torch.tensor([row.length for row in rows], device=model.device)[:, None]
    hidden, _ = model.decoder(
        model.embed_tokens(ids),
        attention_mask=valid.to(model.device),
        position_ids=positions,
        past_key_values=cache,
    )
    for row in rows:
        row.length += 1
    best: list[int] = model.logits(hidden[:, -1]).argmax(-1).tolist()
    return best
