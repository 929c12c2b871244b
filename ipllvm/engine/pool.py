"""Answers that go on together, whatever batches their prompts were in, drafted on behind a difference.

Rows enter as others end. Each step runs the last token of every row and a guess of what comes next
(echo.py), keeps what the model says itself, and writes over what it rejects.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ipllvm.engine import batch_policy
from ipllvm.engine.decoding import (
    Decoding,
    Prefill,
    agreed,
    begun,
    cache_of,
    go_on,
    likeliest,
    step_edits,
)
from ipllvm.engine.echo import MOST, TRUST, Echo, length, trusted
from ipllvm.engine.packing import Tokens, scores
from ipllvm.models.base import Attention, VisionLanguageModel


@dataclass(slots=True)
class _Pooled:
    """An answer in the pool; what it is expected to say, from its clean answer and from itself."""

    answer: Decoding
    echo: Echo = field(default_factory=Echo)
    trust: float = TRUST


class Pool:
    """The answers of a run that go on: at most `limit` tokens each."""

    def __init__(self, model: VisionLanguageModel, limit: int) -> None:
        self._model, self._limit = model, limit
        self._cache: Any = model.pooled_cache() if model.pools else None
        self._rows: list[_Pooled] = []
        self._heard = Echo()
        self._drafting = model.pools and model.verifies_drafts and model.supports_shared_rows

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def holds(self) -> bool:
        """Whether keys and values of answers are held, of ended ones too."""
        return self._cache is not None and bool(self._cache.layers)

    def room(self, least: int, entering: Sequence[Decoding]) -> int:
        """How many rows go on together before there are steps: `least`, and more where they are small."""
        return max(least, self._small(entering))

    def waiting(self, most: int) -> int:
        """How many short answers wait for those of the next batch: as many as take little memory, and fewer
        than `most`.
        """
        return min(most - 1, self._small(())) if self._rows else 0

    def _small(self, entering: Sequence[Decoding]) -> int:
        """How many rows take little memory."""
        footprint = self._model.footprint
        if footprint is None or self._cache is None:
            return 0
        longest = max(answer.length for answer in (*entering, *(row.answer for row in self._rows)))
        numbers = footprint.cache * (longest + self._limit)
        return batch_policy.small_rows(self._model.dtype.itemsize * numbers)

    def enter(self, prefilled: Prefill, answers: Sequence[Decoding]) -> None:
        """Let answers go on; those of a model that does not pool are at their end then."""
        if not answers:
            return
        if self._cache is None:
            go_on(self._model, prefilled, list(answers), self._limit)
            return
        held, _ = cache_of(self._model, prefilled, answers)
        lengths = [answer.length for answer in answers]
        self._cache.enter(len(self._rows), held, lengths, max(lengths) + self._limit + MOST)
        for answer in answers:
            row = _Pooled(answer)
            row.echo.hear(answer.prompt.guess)
            row.echo.hear(answer.tokens)
            self._rows.append(row)

    def drain(self, left: int = 0) -> None:
        """Step by step until so few rows are left."""
        while len(self._rows) > left:
            self._step()

    def _step(self) -> None:
        model, answers = self._model, [row.answer for row in self._rows]
        guesses = self._guesses()
        most = length(guesses, [row.trust for row in self._rows])
        drafts = [guess[:most] for guess in guesses]
        ids = [(answer.tokens[-1], *draft) for answer, draft in zip(answers, drafts, strict=True)]
        columns = max(map(len, ids))
        lengths = torch.tensor([answer.length for answer in answers])
        last = lengths + torch.tensor([len(each) - 1 for each in ids])  # [rows]
        at = (lengths[:, None] + torch.arange(columns)).to(model.device)  # [rows, columns]
        self._cache.expect(at, int(lengths.max()))
        padded = torch.tensor([(*each, *each[-1:] * (columns - len(each))) for each in ids])
        hidden, _ = model.decoder(
            model.embed_answer(padded.to(model.device)),
            attention=self._attention(at, self._positions(at, last, answers), lengths),
            past_key_values=self._cache,
            edits=step_edits(answers),
        )
        own = iter(likeliest(model, torch.cat([h[: len(each)] for h, each in zip(hidden, ids, strict=True)])))
        for row, guess, draft in zip(self._rows, guesses, drafts, strict=True):
            self._say(row, guess, draft, [next(own) for _ in range(len(draft) + 1)])
        self._leave()

    def _guesses(self) -> list[Tokens]:
        """What each row is expected to say next."""
        if not self._drafting:
            return [()] * len(self._rows)
        found = []
        for row in self._rows:
            tokens = row.answer.tokens
            guess = row.echo.after(tokens) or self._heard.after(tokens)
            found.append(guess[: self._limit - len(tokens) - 1])
        return found

    def _say(self, row: _Pooled, guess: Tokens, draft: Tokens, own: Sequence[int]) -> None:
        """The next tokens of a row. What was guessed and not run is looked at too, as far as it can be."""
        accepted, before = agreed(draft, own), len(row.answer.tokens)
        row.answer.length += 1 + accepted
        row.answer.say(own[: accepted + 1], self._model, self._limit)
        checked = guess[: max(1, len(draft))]
        row.trust = trusted(row.trust, agreed(checked, own), len(checked))
        row.echo.hear(row.answer.tokens, before)

    def _leave(self) -> None:
        """The rows that have ended; the last ones take their places."""
        for place in reversed(range(len(self._rows))):
            answer = self._rows[place].answer
            if answer.ended:
                self._heard.hear(answer.tokens)
                last = self._rows.pop()
                if place < len(self._rows):
                    self._cache.move(len(self._rows), place, last.answer.length)
                    self._rows[place] = last

    def _positions(
        self, at: Int[Tensor, "rows columns"], last: Int[Tensor, " rows"], answers: Sequence[Decoding]
    ) -> Int[Tensor, "axes rows columns"]:
        """Where each column stands; nobody's, behind the `last` one of a row, no further than that."""
        axes = max(answer.prompt.axes for answer in answers)
        # r rows, c columns
        ahead = torch.tensor([answer.prompt.ahead for answer in answers], device=at.device)[:, None]  # [r, 1]
        return (at.minimum(last.to(at.device)[:, None]) + ahead).expand(axes, -1, -1)  # [axes, r, c]

    def _attention(
        self,
        at: Int[Tensor, "rows columns"],
        positions: Int[Tensor, "axes rows columns"],
        lengths: Int[Tensor, " rows"],
    ) -> Attention:
        """What each column sees, and where it stands; `lengths` are on the CPU, so that nothing waits."""
        windows, slots = self._model.windows, int(lengths.max()) + at.shape[1]
        if slots > min(windows.values(), default=slots):
            kinds = {kind: self._seen(at, slots, windows.get(kind)) for kind in self._model.kinds}
            return Attention(by_kind=kinds, positions=positions)
        if at.shape[1] == 1 and int(lengths.min()) == slots - 1:
            return Attention(positions=positions)
        return Attention(self._seen(at, slots, None), positions=positions)

    def _seen(
        self, at: Int[Tensor, "rows columns"], slots: int, window: int | None
    ) -> Float[Tensor, "rows 1 columns slots"]:
        """All slots of a row up to its own, or the last ones."""
        every, own = torch.arange(slots, device=at.device), at[..., None]
        visible = every <= own  # [rows, columns, slots]
        if window is not None:
            visible &= every > own - window
        return scores(visible, self._model.dtype)


@torch.inference_mode()
def verified(
    model: VisionLanguageModel,
    prefilled: Prefill,
    max_new_tokens: int,
    wanted: Iterable[int] | None = None,
) -> list[Tokens]:
    """The answers to prompts that were run; with `wanted` only of these rows, the others' are empty."""
    found, pool = begun(model, prefilled, max_new_tokens, wanted), Pool(model, max_new_tokens)
    pool.enter(prefilled, [answer for answer in found if not answer.ended])
    pool.drain()
    answers: list[Tokens] = [()] * len(prefilled.packed.prompts)
    for answer in found:
        answers[answer.number] = tuple(answer.tokens)
    return answers
