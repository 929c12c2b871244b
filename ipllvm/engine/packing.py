"""Prompts in the rows of a batch: each in its own, or several behind a beginning that they share.

Questions about one picture under one draw are the same up to the end of the picture. They can stand in
one row: the beginning once, then the words and the guess of each, which a mask hides from each other.
Rows are padded on the right: causal attention never sees the padding, so that rows of one prompt need
no mask. Longer rows behind a mask cost attention more; hence SHARE.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ipllvm.models.base import CAUSAL, Attention, Places, Prepared, VisionLanguageModel

Tokens = tuple[int, ...]

SHARE = 0.12
"""Rows are shared where that saves at least this share of the positions."""
LONGER = 2
"""A row that is shared is at most so many times as long as the longest prompt."""


@dataclass(frozen=True, slots=True)
class PackedPrompt:
    """A prompt as input embeddings, with a guess of its answer.

    Prompts of one `opening` are alike in their first `shared` positions.
    """

    embeds: Float[Tensor, "positions hidden"]
    guess: Tokens = ()
    opening: Hashable = None
    shared: int = 0

    def __len__(self) -> int:
        return len(self.embeds)

    @classmethod
    def of(cls, embeds: Tensor, prepared: Prepared, shown: Hashable, guess: Tokens = ()) -> "PackedPrompt":
        """That of a sample; `shown` names its picture and what became of it."""
        visual = prepared.visual.nonzero()
        if not len(visual):
            return cls(embeds, guess)
        end = int(visual[-1]) + 1
        opening = prepared.input_ids[:end].numpy().tobytes(), shown
        return cls(embeds, guess, opening, len(embeds) - (len(prepared.input_ids) - end))


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
        guesses = torch.split(model.embed_tokens(ids.to(model.device)), lengths)
        rows = self.prompts[0].embeds.new_zeros(*self.shape, self.prompts[0].embeds.shape[1])
        for prompt, place, guess in zip(self.prompts, self.places, guesses, strict=True):
            row, begun = rows[place.row], self.skipped + place.shared
            row[: place.shared] = prompt.embeds[self.skipped : begun]
            spoken = place.own + len(prompt) - begun
            row[place.own : spoken] = prompt.embeds[begun:]
            row[spoken : spoken + len(guess)] = guess
        return rows

    def attention(self, model: VisionLanguageModel) -> Attention:
        """What hides from each other what stands in one row; nothing where causal attention will do."""
        if not self.masked:
            return CAUSAL
        owners, positions = (made.to(model.device) for made in self._owners())
        one = owners[:, :, None] == owners[:, None, :]
        seen = (one | (owners == 0)[:, None, :]).tril()
        seen = torch.nn.functional.pad(seen, (self.skipped, 0), value=True)
        hidden = torch.finfo(model.dtype).min
        mask = torch.zeros_like(seen, dtype=model.dtype).masked_fill_(~seen, hidden)
        return Attention(mask[:, None], positions=positions[None])

    def slots(
        self, numbers: Sequence[int], lengths: Sequence[int]
    ) -> tuple[Int[Tensor, "numbers slots"], Bool[Tensor, "numbers slots"]]:
        """The slots of its row that hold a prompt and its answer, so many positions of them, in order; and
        which of these are meant, where some hold fewer.
        """
        places = [self.places[number] for number in numbers]
        columns = torch.arange(-self.skipped, self.shape[1])
        shared = torch.tensor([place.shared for place in places])[:, None]
        own = torch.tensor([place.own for place in places])[:, None]
        ends = torch.tensor(lengths)[:, None] - self.skipped - shared + own
        held = (columns < shared) | ((columns >= own) & (columns < ends))
        slots = (~held).int().argsort(dim=1, stable=True)[:, : max(lengths)]
        return slots, held.gather(1, slots)

    def _end(self, number: int) -> int:
        prompt, place = self.prompts[number], self.places[number]
        return len(prompt) + len(prompt.guess) - self.skipped - place.shared + place.own

    def _owners(self) -> tuple[Int[Tensor, "rows columns"], Int[Tensor, "rows columns"]]:
        """Of each column whose it is (0 all of the row's, from 1 one prompt's, -1 nobody's), its position."""
        rows, columns = self.shape
        owners = torch.full((rows, columns), -1)
        positions = torch.arange(self.skipped, self.skipped + columns).repeat(rows, 1)
        for number, place in enumerate(self.places):
            end = self._end(number)
            owners[place.row, : place.shared] = 0
            owners[place.row, place.own : end] = number + 1
            positions[place.row, place.own : end] -= place.own - place.shared
        return owners, positions


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
    together, share = _together(prompts, skipped), 0 if skipped else SHARE
    (height, width), (rows, columns) = apart.shape, together.shape
    return together if rows * columns <= (1 - share) * height * width else apart


def _together(prompts: Sequence[PackedPrompt], skipped: int) -> Packed:
    """Prompts of one opening in one row, as long as it is short enough."""
    limit = LONGER * max(len(prompt) + len(prompt.guess) for prompt in prompts)
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
