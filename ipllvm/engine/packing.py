"""Prompts in the rows of a batch: each in its own, or several behind a beginning that they share.

Questions about one picture under one draw are the same up to the end of the picture. They can stand in
one row: the beginning once, then the words and the guess of each, which a mask hides from each other.
Rows are padded on the right: causal attention never sees the padding, so that rows of one prompt need
no mask. When that pays is said in batch_policy.py.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ipllvm.engine import batch_policy
from ipllvm.models.base import (
    CAUSAL,
    Attention,
    Places,
    Prepared,
    PromptPositions,
    VisionLanguageModel,
)

Tokens = tuple[int, ...]


@dataclass(frozen=True)
class PackedPrompt:
    """A prompt as input embeddings, with a guess of its answer.

    Prompts of one `opening` are alike in their first `shared` positions.
    """

    embeds: Float[Tensor, "positions hidden"]
    guess: Tokens = ()
    opening: Hashable = None
    shared: int = 0
    standing: PromptPositions | None = None

    def __len__(self) -> int:
        return len(self.embeds)

    @property
    def axes(self) -> int:
        """How many numbers say where a position stands."""
        return 1 if self.standing is None else len(self.standing.positions)

    def positions(self, axes: int) -> Int[Tensor, "axes positions"]:
        """Where the prompt and its guess stand."""
        if self.standing is None:
            return torch.arange(len(self) + len(self.guess)).expand(axes, -1)  # [axes, positions]
        return self.standing.extended(len(self.guess)).expand(axes, -1)  # one axis becomes as many alike

    @cached_property
    def ahead(self) -> int:
        """How much further an answer stands than its prompt is long."""
        return 0 if self.standing is None else int(self.standing.positions.max()) + 1 - len(self)

    @classmethod
    def of(
        cls,
        embeds: Float[Tensor, "positions hidden"],
        prepared: Prepared,
        shown: Hashable,
        guess: Tokens = (),
        standing: PromptPositions | None = None,
    ) -> "PackedPrompt":
        """That of a sample; `shown` names its picture and what became of it.

        What prompts share ends with the picture, or where no position sees beyond.
        """
        visual = prepared.visual.nonzero()
        if not len(visual):
            return cls(embeds, guess, standing=standing)
        ids = prepared.input_ids
        left_out = len(ids) - len(embeds)
        end = int(visual[-1]) + 1 - left_out
        shared = end if standing is None else standing.closed(end)
        if shared == len(embeds):
            return cls(embeds, guess, standing=standing)
        return cls(embeds, guess, (ids[: shared + left_out].numpy().tobytes(), shown), shared, standing)


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a prompt stands: its row, how many columns it shares with others of the row, and the first
    column of what is its own.
    """

    row: int
    shared: int = 0
    own: int = 0


@dataclass(frozen=True)
class Packed:
    """Prompts in rows; the first `skipped` positions of each are not among the columns."""

    prompts: Sequence[PackedPrompt]
    places: Sequence[Slot]
    skipped: int = 0

    @cached_property
    def shape(self) -> tuple[int, int]:
        """How many rows there are, and how many columns."""
        ends = [self._end(number) for number in range(len(self.prompts))]
        return 1 + max(place.row for place in self.places), max(ends)

    @property
    def masked(self) -> bool:
        """Whether some stand in one row, so that they must be hidden from each other."""
        return any(place.own > place.shared for place in self.places)

    def column(self, number: int, position: Int[Tensor, " some"]) -> Int[Tensor, " some"]:
        """The columns in which positions of a prompt, or of its answer, stand."""
        place, column = self.places[number], position - self.skipped
        return torch.where(column < place.shared, column, column + place.own - place.shared)

    def speaking(self, device: torch.device) -> Places:
        """Where the next token is said: the end of each prompt, and each token of its guess."""
        rows, columns = [], []
        for number, prompt in enumerate(self.prompts):
            rows += [self.places[number].row] * (len(prompt.guess) + 1)
            last = len(prompt) - 1
            columns.append(self.column(number, torch.arange(last, last + len(prompt.guess) + 1)))
        return torch.tensor(rows, device=device), torch.cat(columns).to(device)

    def starts(self) -> list[int]:
        """Which of these places are the ends of prompts; last, how many places there are."""
        starts = [0]
        for prompt in self.prompts:
            starts.append(starts[-1] + len(prompt.guess) + 1)
        return starts

    def embeds(self, model: VisionLanguageModel) -> Float[Tensor, "rows columns hidden"]:
        """The decoder's input: prompts with their guesses behind them, and zeros."""
        ids = torch.tensor([t for prompt in self.prompts for t in prompt.guess], dtype=torch.long)
        lengths = [len(prompt.guess) for prompt in self.prompts]
        guesses = torch.split(model.embed_answer(ids.to(model.device)), lengths)  # [guess, hidden] each
        hidden = self.prompts[0].embeds.shape[1]
        rows = self.prompts[0].embeds.new_zeros(*self.shape, hidden)  # [rows, columns, hidden]
        for prompt, place, guess in zip(self.prompts, self.places, guesses, strict=True):
            row, begun = rows[place.row], self.skipped + place.shared
            row[: place.shared] = prompt.embeds[self.skipped : begun]
            spoken = place.own + len(prompt) - begun
            row[place.own : spoken] = prompt.embeds[begun:]
            row[spoken : spoken + len(guess)] = guess
        return rows

    def attention(self, model: VisionLanguageModel) -> Attention:
        """What hides from each other what stands in one row; nothing where causal attention will do."""
        if self._sees_by_kind(model):
            seen = {kind: self._seen(kind, model.windows.get(kind)).to(model.device) for kind in model.kinds}
            by_kind = {kind: scores(each, model.dtype) for kind, each in seen.items()}
            return Attention(by_kind=by_kind, positions=self._positions().to(model.device))
        if not self.masked:
            stand = any(prompt.standing for prompt in self.prompts)
            return Attention(positions=self._positions().to(model.device)) if stand else CAUSAL
        # r rows, c columns, and s = skipped + c slots: what the columns see stands in front of them too
        owners = self._owners().to(model.device)  # [r, c]
        one = owners[:, :, None] == owners[:, None, :]  # [r, c, c]: of the same prompt
        seen_by_all = (one | (owners == 0)[:, None, :]).tril()  # [r, c, c]: or of the shared beginning
        whole = torch.nn.functional.pad(seen_by_all, (self.skipped, 0), value=True)  # [r, c, s]
        positions = self._positions().to(model.device)
        return Attention(scores(whole, model.dtype), positions=positions, causal=self._causal())

    def slots(
        self, numbers: Sequence[int], lengths: Sequence[int]
    ) -> tuple[Int[Tensor, "numbers slots"], Bool[Tensor, "numbers slots"]]:
        """The slots of its row that hold a prompt and its answer, so many positions of them, in order; and
        which of these are meant, where some hold fewer.
        """
        # n numbers, s slots of a row; slot j holds column j - skipped
        places = [self.places[number] for number in numbers]
        columns = torch.arange(-self.skipped, self.shape[1])  # [s]
        shared = torch.tensor([place.shared for place in places])[:, None]  # [n, 1]
        own = torch.tensor([place.own for place in places])[:, None]  # [n, 1]
        ends = torch.tensor(lengths)[:, None] - self.skipped - shared + own  # [n, 1]
        held = (columns < shared) | ((columns >= own) & (columns < ends))  # [n, s]
        # a stable sort puts the slots that are held first and leaves them in their order
        slots = (~held).int().argsort(dim=1, stable=True)[:, : max(lengths)]  # [n, longest]
        return slots, held.gather(1, slots)

    def _end(self, number: int) -> int:
        prompt, place = self.prompts[number], self.places[number]
        return len(prompt) + len(prompt.guess) - self.skipped - place.shared + place.own

    def _causal(self) -> int:
        """The first columns in which no row has any but its beginning and the first prompt behind it; none
        where positions are skipped, which stand in front of all columns.
        """
        later = [place.own for place in self.places if place.own > place.shared]
        return 0 if self.skipped else min(later, default=self.shape[1])

    def _owners(self) -> Int[Tensor, "rows columns"]:
        """Of each column whose it is: 0 all of the row's, from 1 one prompt's, -1 nobody's."""
        owners = torch.full(self.shape, -1)
        for number, place in enumerate(self.places):
            owners[place.row, : place.shared] = 0
            owners[place.row, place.own : self._end(number)] = number + 1
        return owners

    def _positions(self) -> Int[Tensor, "axes rows columns"]:
        """Where each column stands; those of nobody at the beginning, where no prompt's end is passed."""
        axes = max(prompt.axes for prompt in self.prompts)
        positions, skipped = torch.zeros(axes, *self.shape, dtype=torch.long), self.skipped
        for number, (prompt, place) in enumerate(zip(self.prompts, self.places, strict=True)):
            stands, end = prompt.positions(axes)[:, skipped:], self._end(number)  # [axes, own length]
            positions[:, place.row, : place.shared] = stands[:, : place.shared]
            positions[:, place.row, place.own : end] = stands[:, place.shared :]
        return positions

    def _sees_by_kind(self, model: VisionLanguageModel) -> bool:
        """Whether some see otherwise than all that come before, or not as far in layers of some kind."""
        longest = max(len(prompt) + len(prompt.guess) for prompt in self.prompts)
        near = min(model.windows.values(), default=longest)
        return longest > near or any(prompt.standing and prompt.standing.sees for prompt in self.prompts)

    def _seen(self, kind: str, window: int | None) -> Bool[Tensor, "rows columns slots"]:
        """What each column sees in layers of one kind, the positions that are skipped first."""
        (rows, columns), skipped = self.shape, self.skipped
        seen = torch.zeros(rows, columns, skipped + columns, dtype=torch.bool)  # [rows, columns, slots]
        for number, (prompt, place) in enumerate(zip(self.prompts, self.places, strict=True)):
            own = prompt_sees(prompt, kind, window)[skipped:]  # [columns, positions]
            at = self.column(number, torch.arange(skipped, own.shape[1]))
            slots = torch.cat([torch.arange(skipped), skipped + at])  # [positions]
            seen[place.row, at[:, None], slots] |= own  # [columns, positions]: those of this prompt
        return seen


def prompt_sees(prompt: PackedPrompt, kind: str, window: int | None) -> Bool[Tensor, "positions positions"]:
    """What positions of a prompt and its guess see in layers of one kind."""
    length, total = len(prompt), len(prompt) + len(prompt.guess)
    seen = torch.ones(total, total, dtype=torch.bool).tril()
    if window is not None:
        seen = seen.triu(1 - window)
    if prompt.standing is not None and kind in prompt.standing.sees:
        seen[:length, :length] = prompt.standing.sees[kind]
    return seen


def scores(
    seen: Bool[Tensor, "rows columns slots"], dtype: torch.dtype
) -> Float[Tensor, "rows 1 columns slots"]:
    """What is added to attention's scores: nothing, or the least number, where a row sees nothing too."""
    added = torch.zeros_like(seen, dtype=dtype).masked_fill_(~seen, torch.finfo(dtype).min)
    return added[:, None]  # [rows, 1 for all heads, columns, slots]


def alone(prompts: Sequence[PackedPrompt], skipped: int = 0) -> Packed:
    """Each prompt in a row of its own."""
    return Packed(prompts, [Slot(row) for row in range(len(prompts))], skipped)


def pack(model: VisionLanguageModel, prompts: Sequence[PackedPrompt], skipped: int = 0) -> Packed:
    """In as few positions as they take, where that is worth a mask; else each in a row of its own.

    Behind keys and values there is a mask anyway.
    """
    apart = alone(prompts, skipped)
    if not model.supports_shared_rows:
        return apart
    together = _together(prompts, skipped)
    (height, width), (rows, columns) = apart.shape, together.shape
    pays = batch_policy.sharing_pays(rows * columns, height * width, masked=bool(skipped))
    return together if pays else apart


def _together(prompts: Sequence[PackedPrompt], skipped: int) -> Packed:
    """Prompts of one opening in one row, as long as it is short enough."""
    limit = batch_policy.LONGEST_SHARED_ROW * max(len(prompt) + len(prompt.guess) for prompt in prompts)
    places: list[Slot] = []
    ends: dict[Hashable, tuple[int, int]] = {}
    rows = 0
    for prompt in prompts:
        shared = max(0, prompt.shared - skipped)
        own = len(prompt) + len(prompt.guess) - skipped - shared
        row, end = ends.get(prompt.opening, (-1, limit)) if prompt.opening is not None else (-1, limit)
        if end + own > limit:
            row, end, rows = rows, shared, rows + 1
        places.append(Slot(row, shared, end))
        ends[prompt.opening] = row, end + own
    return Packed(prompts, places, skipped)
