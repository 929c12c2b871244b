"""Exact greedy answers for a batch, with drafts verified in the prefill.

A draft (the clean answer) rides behind its prompt; the longest prefix that the model itself would
have said is kept, and decoding goes on from there, with a cache of what is kept: without what was
rejected, and without the rows that have ended. The token ids are those of plain greedy `generate`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ipllvm.engine.packing import Packed, PackedPrompt, Tokens, alone, pack, scores
from ipllvm.engine.prefix import Prefix
from ipllvm.models.base import Attention, Edit, VisionLanguageModel

StepEdit = Callable[[Sequence[int], Sequence[int]], Edit]
"""Rows of the batch by number, and the position that each is at: what is done to a decoding step."""


@dataclass(frozen=True, slots=True)
class Prefill:
    """Prompts that were run, their final states where they speak, and how to go on from there.

    `cache(rows, slots)` is the cache to go on from, which can be had once; asked for only where a guess does
    not do. `edit` is what is done to the steps after, `whole` what is done to a prompt that is run again.
    """

    packed: Packed
    spoken: Float[Tensor, "places hidden"]
    cache: Callable[[Tensor, Tensor], Any]
    edit: StepEdit | None = None
    whole: Callable[[int], Edit] | None = None


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
    guesses = [worth_running(model, draft, max_new_tokens) for draft in drafts or [()] * len(embeds)]
    prompts = [PackedPrompt(prompt, guess) for prompt, guess in zip(embeds, guesses, strict=True)]
    return verified(model, prefill(model, prompts), max_new_tokens)


def worth_running(model: VisionLanguageModel, draft: Tokens, limit: int) -> Tokens:
    """The draft without its stop token or the last one that may be said: nothing comes after them.

    Nothing of it where the model can't tell in one pass whether it would have said it.
    """
    if not model.verifies_drafts:
        return ()
    stop = next((i for i, token in enumerate(draft) if token in model.stop_tokens), len(draft))
    return draft[:stop][: limit - 1]


def prefill(
    model: VisionLanguageModel, prompts: Sequence[PackedPrompt], prefix: Prefix | None = None
) -> Prefill:
    """Run each prompt with its guess behind it, from behind a prefix that all of them share."""
    skipped = 0 if prefix is None else prefix.length
    packed = pack(model, prompts, skipped)
    begun = None if prefix is None else model.expand_cache(prefix.cache, packed.shape[0])
    speaking = packed.speaking(model.device)
    hidden, cache = model.decoder(
        packed.embeds(model),
        attention=packed.attention(model),
        past_key_values=begun,
        wanted=speaking,
    )
    return Prefill(packed, hidden[speaking], partial(model.select_from_cache, cache))


def verified(
    model: VisionLanguageModel,
    prefilled: Prefill,
    max_new_tokens: int,
    wanted: Iterable[int] | None = None,
) -> list[Tokens]:
    """The answers to prompts that were run; with `wanted` only of these rows, the others' are empty."""
    packed = prefilled.packed
    whole = len(packed.prompts)
    rows, nexts = _accept(model, prefilled, range(whole) if wanted is None else sorted(wanted))
    if going := _said(model, rows, nexts, max_new_tokens):
        _go_on(model, prefilled, [rows[i] for i in going], [nexts[i] for i in going], max_new_tokens)
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
    prompts, starts = prefilled.packed.prompts, prefilled.packed.starts()
    said = iter(_likeliest(model, torch.cat([prefilled.spoken[starts[n] : starts[n + 1]] for n in numbers])))
    rows, nexts = [], []
    for number in numbers:
        guess = prompts[number].guess
        own = [next(said) for _ in range(len(guess) + 1)]
        kept = _agreed(guess, own)
        rows.append(_Row(number, len(prompts[number]) + kept, list(guess[:kept])))
        nexts.append(own[kept])
    return rows, nexts


def _go_on(
    model: VisionLanguageModel, prefilled: Prefill, live: list[_Row], nexts: list[int], limit: int
) -> None:
    """Step by step until all rows have ended, from a cache of what they hold and no more."""
    if model.forgets:
        for row in live:
            _go_on_anew(model, prefilled, row, limit)
        return
    packed, device = prefilled.packed, model.device
    slots, valid = (
        made.to(device) for made in packed.slots([row.number for row in live], [row.length for row in live])
    )
    rows = torch.tensor([packed.places[row.number].row for row in live], device=device)
    cache = prefilled.cache(rows, slots)
    while live:
        valid = torch.cat([valid, valid.new_ones(len(live), 1)], 1)
        attention = _attention(model, packed, live, valid)
        nexts = _step(model, live, nexts, attention, cache, prefilled.edit)
        going = _said(model, live, nexts, limit)
        if 0 < len(going) < len(live):
            cache.batch_select_indices(torch.tensor(going, device=device))
            valid = valid[going]
        live, nexts = [live[i] for i in going], [nexts[i] for i in going]


def _go_on_anew(model: VisionLanguageModel, prefilled: Prefill, row: _Row, limit: int) -> None:
    """As `_go_on`, of a row whose cache knows no positions: prompt and answer so far are run again, alone."""
    prompt = replace(prefilled.packed.prompts[row.number], guess=tuple(row.said[:-1]))
    packed = alone([prompt])
    _, cache = model.decoder(
        packed.embeds(model),
        attention=packed.attention(model),
        edit=prefilled.whole(row.number) if prefilled.whole else None,
    )
    going, axes = True, prompt.axes
    while going:
        stands = torch.full((axes, 1, 1), row.length + prompt.ahead, device=model.device)
        (token,) = _step(model, [row], [row.said[-1]], Attention(positions=stands), cache, prefilled.edit)
        going = bool(_said(model, [row], [token], limit))


def _agreed(guess: Tokens, said: Sequence[int]) -> int:
    """How many tokens of the guess the model would have said itself.

    >>> _agreed((5, 6, 7), [5, 6, 8, 9])
    2
    """
    matches = (a == b for a, b in zip(guess, said, strict=False))
    return next((i for i, same in enumerate(matches) if not same), len(guess))


def _said(model: VisionLanguageModel, rows: Sequence[_Row], nexts: Sequence[int], limit: int) -> list[int]:
    """Say the next token of each row; which of them go on."""
    for row, token in zip(rows, nexts, strict=True):
        row.said.append(token)
    return [
        i for i, row in enumerate(rows) if len(row.said) < limit and row.said[-1] not in model.stop_tokens
    ]


def _attention(
    model: VisionLanguageModel, packed: Packed, rows: Sequence[_Row], valid: Bool[Tensor, "rows slots"]
) -> Attention:
    """What the next token of each row sees, and where it stands."""
    prompts = [packed.prompts[row.number] for row in rows]
    stands = [row.length + prompt.ahead for row, prompt in zip(rows, prompts, strict=True)]
    axes = max(prompt.axes for prompt in packed.prompts)
    positions = torch.tensor(stands, device=model.device)[:, None].expand(axes, -1, -1)  # [axes, rows, 1]
    if valid.shape[1] <= min(model.windows.values(), default=valid.shape[1]):
        return Attention(valid, positions=positions)
    # [rows, slots]: how many positions from here to the end, this one too
    back = valid.flip(1).cumsum(1).flip(1)
    by_kind = {
        kind: scores((valid & (back <= model.windows.get(kind, valid.shape[1])))[:, None], model.dtype)
        for kind in model.kinds
    }
    return Attention(by_kind=by_kind, positions=positions)


def _step(
    model: VisionLanguageModel,
    rows: list[_Row],
    tokens: list[int],
    attention: Attention,
    cache: Any,
    edit: StepEdit | None,
) -> list[int]:
    """One decoding step for all live rows."""
    ids = torch.tensor(tokens, device=model.device)[:, None]  # [rows, 1]
    hidden, _ = model.decoder(
        model.embed_tokens(ids),
        attention=attention,
        past_key_values=cache,
        edit=edit([row.number for row in rows], [row.length for row in rows]) if edit else None,
    )
    for row in rows:
        row.length += 1
    return _likeliest(model, hidden[:, -1])


def _likeliest(model: VisionLanguageModel, hidden: Tensor) -> list[int]:
    tokens: list[int] = finite_logits(model, hidden).argmax(-1).tolist()
    return tokens
