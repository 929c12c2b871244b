"""Exact greedy answers for a batch, with drafts verified in the prefill.

Rows are padded on the right: causal attention never sees the padding, so that the prefill needs
no mask. A draft (the clean answer) rides behind its prompt; the longest prefix that the model
itself would have said is kept, and decoding goes on from there. What is rejected stays in the
cache as masked holes. The token ids are those of plain greedy `generate`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ipllvm.engine.prefix import Prefix
from ipllvm.models.base import Edit, Places, VisionLanguageModel

Tokens = tuple[int, ...]
StepEdit = Callable[[Sequence[int], Sequence[int]], Edit]
"""Rows of the batch by number, and the position that each is at: what is done to a decoding step."""


@dataclass(frozen=True, slots=True)
class Prompts:
    """Prompts by their lengths, each with a guess of its answer behind it."""

    lengths: Sequence[int]
    guesses: Sequence[Tokens]

    def speaking(self, device: torch.device) -> Places:
        """Where the next token is said: the end of each prompt, and each token of its guess."""
        places = [
            (row, length - 1 + said)
            for row, (length, guess) in enumerate(zip(self.lengths, self.guesses, strict=True))
            for said in range(len(guess) + 1)
        ]
        rows, positions = torch.tensor(places, device=device).T
        return rows, positions

    def starts(self) -> list[int]:
        """Which of these places are the ends of prompts; last, how many places there are."""
        starts = [0]
        for guess in self.guesses:
            starts.append(starts[-1] + len(guess) + 1)
        return starts


@dataclass(frozen=True, slots=True)
class Prefill:
    """Prompts that were run, their final states where they speak, and how to go on from there.

    `slots` are the positions that it holds a row, padding and all; it is asked for, from `cache`, only
    where a guess does not do. `edit` is what is done to the steps after.
    """

    prompts: Prompts
    spoken: Float[Tensor, "places hidden"]
    slots: int
    cache: Callable[[], Any]
    edit: StepEdit | None = None


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
    return verified(model, prefill(model, embeds, guesses), max_new_tokens)


def until_stop(model: VisionLanguageModel, draft: Tokens, limit: int) -> Tokens:
    """The draft up to its stop token, at most `limit` tokens."""
    stop = next((i for i, token in enumerate(draft) if token in model.stop_tokens), len(draft))
    return draft[: stop + 1][:limit]


def prefill(
    model: VisionLanguageModel,
    embeds: Sequence[Tensor],
    guesses: Sequence[Tokens],
    prefix: Prefix | None = None,
) -> Prefill:
    """Run each prompt with its guess behind it, from behind a prefix that all of them share."""
    prompts = Prompts([len(prompt) for prompt in embeds], guesses)
    rows, positions = prompts.speaking(model.device)
    skipped = 0 if prefix is None else prefix.length
    begun = None if prefix is None else model.repeated(prefix.cache, len(embeds))
    padded, speaking = behind(model, embeds, guesses)[:, skipped:], (rows, positions - skipped)
    hidden, cache = model.decoder(padded, past_key_values=begun, wanted=speaking)
    return Prefill(prompts, hidden[speaking], skipped + hidden.shape[1], lambda: cache)


def behind(
    model: VisionLanguageModel, embeds: Sequence[Tensor], guesses: Sequence[Tokens]
) -> Float[Tensor, "batch positions hidden"]:
    """Each prompt with its guess behind it, padded on the right."""
    ids = torch.tensor([token for guess in guesses for token in guess], dtype=torch.long)
    tails = torch.split(model.embed_tokens(ids.to(model.device)), [len(guess) for guess in guesses])
    ends = [len(prompt) + len(tail) for prompt, tail in zip(embeds, tails, strict=True)]
    padded = embeds[0].new_zeros(len(embeds), max(ends), embeds[0].shape[1])
    for row, prompt, tail, end in zip(padded, embeds, tails, ends, strict=True):
        row[: len(prompt)] = prompt
        row[len(prompt) : end] = tail
    return padded


def verified(
    model: VisionLanguageModel,
    prefilled: Prefill,
    max_new_tokens: int,
    wanted: Iterable[int] | None = None,
) -> list[Tokens]:
    """The answers to prompts that were run; with `wanted` only of these rows, the others' are empty."""
    whole = len(prefilled.prompts.lengths)
    rows, nexts = _accept(model, prefilled, range(whole) if wanted is None else sorted(wanted))
    valid = torch.arange(prefilled.slots) < torch.tensor([row.length for row in rows])[:, None]
    live, cache = rows, None
    while keep := [i for i, row in enumerate(live) if _say(model, row, nexts[i], max_new_tokens)]:
        numbers, held = ([live[i].number for i in keep], whole) if cache is None else (keep, len(live))
        cache = prefilled.cache() if cache is None else cache
        if len(keep) < held:
            cache.batch_select_indices(torch.tensor(numbers, device=model.device))
        live, valid = [live[i] for i in keep], valid[keep]
        valid = torch.cat([valid, torch.ones(len(live), 1, dtype=torch.bool)], 1)
        nexts = _step(model, live, [nexts[i] for i in keep], valid, cache, prefilled.edit)
    answers: list[Tokens] = [()] * whole
    for row in rows:
        answers[row.number] = tuple(row.said)
    return answers


def finite_logits(
    model: VisionLanguageModel, hidden: Float[Tensor, "places hidden"]
) -> Float[Tensor, "places vocabulary"]:
    """The head on some states; raises FloatingPointError where it says nothing, as of states that are NaN."""
    logits = model.logits(hidden)
    if not logits.amax(-1).isfinite().all():
        raise FloatingPointError(f"{model.name} gives logits that are not finite in {model.dtype}")
    return logits


def _accept(
    model: VisionLanguageModel, prefilled: Prefill, numbers: Sequence[int]
) -> tuple[list[_Row], list[int]]:
    """Rows with as much of their guesses as the model would have said itself, and their next tokens."""
    prompts, starts = prefilled.prompts, prefilled.prompts.starts()
    said = iter(_likeliest(model, torch.cat([prefilled.spoken[starts[n] : starts[n + 1]] for n in numbers])))
    rows, nexts = [], []
    for number in numbers:
        guess = prompts.guesses[number]
        own = [next(said) for _ in range(len(guess) + 1)]
        kept = _agreed(guess, own)
        rows.append(_Row(number, prompts.lengths[number] + kept, list(guess[:kept])))
        nexts.append(own[kept])
    return rows, nexts


def _agreed(guess: Tokens, said: Sequence[int]) -> int:
    """How many tokens of the guess the model would have said itself.

    >>> _agreed((5, 6, 7), [5, 6, 8, 9])
    2
    """
    matches = (a == b for a, b in zip(guess, said, strict=False))
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
    return _likeliest(model, hidden[:, -1])


def _likeliest(model: VisionLanguageModel, hidden: Tensor) -> list[int]:
    tokens: list[int] = finite_logits(model, hidden).argmax(-1).tolist()
    return tokens
