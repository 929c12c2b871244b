"""Exact greedy answers for a batch, with drafts verified in the prefill.

A draft (the clean answer) rides behind its prompt; the longest prefix that the model itself would
have said is accepted, and decoding goes on from there (pool.py). The token ids are those of plain greedy
`generate`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ipllvm.engine.packing import Packed, PackedPrompt, Tokens, alone, pack
from ipllvm.engine.prefix import Prefix
from ipllvm.models.base import Attention, Edit, VisionLanguageModel

StepEdit = tuple[int, Callable[[Tensor, int], Tensor]]
"""A layer, and what is done in a step to its input [columns, hidden] of a row at a position and after."""


@dataclass(frozen=True, slots=True)
class Prefill:
    """Prompts that were run, their final states where they speak, and how to go on from there.

    `cache(rows, slots)` is the cache to go on from, which can be had once; asked for only where a guess does
    not do. `edit` is what is done to the steps of a prompt by its number, `whole` what is done to a prompt
    that is run again.
    """

    packed: Packed
    spoken: Float[Tensor, "places hidden"]
    cache: Callable[[Tensor, Tensor], Any]
    edit: Callable[[int], StepEdit] | None = None
    whole: Callable[[int], Edit] | None = None


@dataclass(slots=True)
class Decoding:
    """An answer on its way: its prompt's number, how many positions of both are in the cache, what was said,
    and whether more is to come.
    """

    prompt: PackedPrompt
    number: int
    length: int
    tokens: list[int] = field(default_factory=list)
    edit: StepEdit | None = None
    ended: bool = False

    def say(self, tokens: Sequence[int], model: VisionLanguageModel, limit: int) -> None:
        """The next tokens, as far as the answer goes."""
        for token in tokens:
            self.tokens.append(token)
            self.ended = len(self.tokens) >= limit or token in model.stop_tokens
            if self.ended:
                return


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
    """Run each prompt with its guess behind it, from behind what it begins with where that was run."""
    skipped = 0 if prefix is None else prefix.length
    packed = pack(model, prompts, skipped)
    begun = None if prefix is None else prefix.begun(model, packed)
    speaking = packed.speaking(model.device)
    hidden, cache = model.decoder(
        packed.embeds(model),
        attention=packed.attention(model),
        past_key_values=begun,
        wanted=speaking,
    )
    return Prefill(packed, hidden[speaking], partial(model.select_from_cache, cache))


def begun(
    model: VisionLanguageModel, prefilled: Prefill, limit: int, wanted: Iterable[int] | None = None
) -> list[Decoding]:
    """The answers of these rows, else of all, as far as their guesses are right and one token further."""
    prompts, starts = prefilled.packed.prompts, prefilled.packed.starts()
    numbers = range(len(prompts)) if wanted is None else sorted(wanted)
    nexts = iter(likeliest(model, torch.cat([prefilled.spoken[starts[n] : starts[n + 1]] for n in numbers])))
    answers = []
    for number in numbers:
        prompt = prompts[number]
        own = [next(nexts) for _ in range(len(prompt.guess) + 1)]
        accepted = agreed(prompt.guess, own)
        edit = prefilled.edit(number) if prefilled.edit else None
        answers.append(Decoding(prompt, number, len(prompt) + accepted, edit=edit))
        answers[-1].say(own[: accepted + 1], model, limit)
    return answers


def finite_logits(
    model: VisionLanguageModel, hidden: Float[Tensor, "places hidden"]
) -> Float[Tensor, "places vocabulary"]:
    """The head on some states; raises FloatingPointError where it says nothing, as of states that are NaN."""
    logits = model.logits(hidden)
    if not logits.amax(-1).isfinite().all():
        raise FloatingPointError(f"{model.name} gives logits that are not finite in {model.dtype}")
    return logits


def cache_of(
    model: VisionLanguageModel, prefilled: Prefill, live: Sequence[Decoding]
) -> tuple[Any, Bool[Tensor, "rows slots"]]:
    """What some rows hold, each in its first slots, and which slots [rows, slots] these are."""
    packed, device = prefilled.packed, model.device
    made = packed.slots([row.number for row in live], [row.length for row in live])
    slots, valid = (each.to(device) for each in made)
    rows = torch.tensor([packed.places[row.number].row for row in live], device=device)
    return prefilled.cache(rows, slots), valid


def go_on(model: VisionLanguageModel, prefilled: Prefill, live: Sequence[Decoding], limit: int) -> None:
    """To the end of the answers of one batch, step by step, where the model does not pool."""
    if model.forgets:
        for row in live:
            _go_on_anew(model, prefilled, row, limit)
        return
    cache, valid = cache_of(model, prefilled, live)  # valid: [rows, slots]
    while live:
        valid = torch.cat([valid, valid.new_ones(len(live), 1)], 1)  # [rows, slots + 1]: the step's own
        stands = torch.tensor([row.length + row.prompt.ahead for row in live], device=model.device)
        positions = stands[None, :, None]  # [1 axis, rows, 1 column]
        _step(model, live, Attention(valid, positions=positions), cache, limit)
        going = [i for i, row in enumerate(live) if not row.ended]
        if 0 < len(going) < len(live):
            cache.batch_select_indices(torch.tensor(going, device=model.device))
            valid = valid[going]
        live = [live[i] for i in going]


def _go_on_anew(model: VisionLanguageModel, prefilled: Prefill, row: Decoding, limit: int) -> None:
    """As `go_on`, of a row whose cache knows no positions: prompt and answer so far are run again, alone."""
    prompt = replace(row.prompt, guess=tuple(row.tokens[:-1]))
    packed = alone([prompt])
    _, cache = model.decoder(
        packed.embeds(model),
        attention=packed.attention(model),
        edits=[prefilled.whole(row.number)] if prefilled.whole else (),
    )
    while not row.ended:
        at = row.length + prompt.ahead
        stands = torch.full((prompt.axes, 1, 1), at, device=model.device)  # [axes, 1 row, 1 column]
        _step(model, [row], Attention(positions=stands), cache, limit)


def _step(
    model: VisionLanguageModel, rows: Sequence[Decoding], attention: Attention, cache: Any, limit: int
) -> None:
    """One decoding step for all live rows."""
    ids = torch.tensor([row.tokens[-1] for row in rows], device=model.device)[:, None]  # [rows, 1]
    hidden, _ = model.decoder(
        model.embed_answer(ids), attention=attention, past_key_values=cache, edits=step_edits(rows)
    )  # [rows, 1, hidden]
    for row, token in zip(rows, likeliest(model, hidden[:, -1]), strict=True):
        row.length += 1
        row.say([token], model, limit)


def step_edits(rows: Sequence[Decoding]) -> list[Edit]:
    """What is done to a step of rows each of which is perturbed at a layer of its own, or nowhere."""
    edits = [(row.edit, row.length) for row in rows]

    def shift(layer: int, hidden: Float[Tensor, "rows columns hidden"]) -> Tensor:
        return torch.stack(
            [
                edit[1](own, at) if edit and edit[0] == layer else own
                for own, (edit, at) in zip(hidden, edits, strict=True)
            ]
        )

    return [(layer, partial(shift, layer)) for layer in sorted({edit[0] for edit, _ in edits if edit})]


def agreed(guess: Sequence[int], own: Sequence[int]) -> int:
    """How many tokens of the guess the model would have said itself.

    >>> agreed((5, 6, 7), [5, 6, 8, 9])
    2
    """
    matches = (a == b for a, b in zip(guess, own, strict=False))
    return next((i for i, same in enumerate(matches) if not same), len(guess))


def likeliest(model: VisionLanguageModel, hidden: Float[Tensor, "places hidden"]) -> list[int]:
    """The token that is said at each of some places."""
    tokens: list[int] = finite_logits(model, hidden).argmax(-1).tolist()
    return tokens
