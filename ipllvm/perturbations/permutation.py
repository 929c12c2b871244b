"""Visual tokens in another order (paper section 3.3, Table 1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ipllvm.errors import UnknownName
from ipllvm.perturbations.base import MOVED, Base
from ipllvm.records import Changes, Layout, Stage

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

SCOPES = ("keep_newline", "by_view", "all", "tile")
PICTURE_ALONE = ("keep_newline", "by_view")
"""Scopes that leave newlines where they are, as swaps do."""


@dataclass(frozen=True, slots=True)
class Permutation(Base):
    """A uniformly random order of an image's visual tokens.

    Scopes: `keep_newline` permutes all tokens that carry picture over the whole packed sequence
    and leaves newline separators where they are; `by_view` does so inside the base view and the
    high-resolution map apart; `all` moves newlines too; `tile` permutes inside each tile right
    after the projector, before tiles are unpadded and joined. For LLaVA-1.5 all four are one.
    """

    scope: str = "keep_newline"
    random: ClassVar[bool] = True
    caption: ClassVar[str] = MOVED

    def __post_init__(self) -> None:
        if self.scope not in SCOPES:
            raise UnknownName("permutation scope", self.scope, SCOPES)

    @property
    def stage(self) -> Stage:
        """PROJECTED for scope `tile`, else VISUAL_TOKENS."""
        return Stage.PROJECTED if self.scope == "tile" else Stage.VISUAL_TOKENS

    def __str__(self) -> str:
        return f"permutation(scope={self.scope})"

    def apply(
        self, value: "Float[Tensor, '*rows hidden']", layout: Layout | None, rng: np.random.Generator
    ) -> "Float[Tensor, '*left hidden']":
        """`value` with its tokens re-ordered: [tiles, tokens, hidden] or [tokens, hidden].

        Raises TypeError for packed tokens without a layout.
        """
        if self.scope == "tile":
            tiles = value.clone()
            for index, tile in enumerate(value):
                tiles[index] = reorder(tile, rng.permutation(len(tile)))
            return tiles
        if layout is None:
            raise TypeError("packed tokens are permuted by their layout")
        return reorder(value, self.order(layout, rng))

    def taken_apart(self, layout: Layout | None, rng: np.random.Generator) -> Changes | None:
        """Swaps of two tokens; None where newlines move too, or tiles apart, which swaps do not."""
        if layout is None or self.scope not in PICTURE_ALONE:
            return None
        picture = np.flatnonzero(~layout.newline)
        order = np.searchsorted(picture, self.order(layout, rng)[picture])
        return Changes(swaps_of(order), Swaps, "swap of two visual tokens")

    def order(self, layout: Layout, rng: np.random.Generator) -> "Int[np.ndarray, 'tokens']":
        """Which token stands at each position afterwards."""
        order = np.arange(len(layout))
        for group in self._groups(layout):
            order[group] = rng.permutation(group)
        return order

    def _groups(self, layout: Layout) -> "list[Int[np.ndarray, 'group']]":
        if self.scope == "all":
            return [np.arange(len(layout))]
        picture = ~layout.newline
        if self.scope == "keep_newline":
            return [np.flatnonzero(picture)]
        return [np.flatnonzero(picture & (layout.view == view)) for view in np.unique(layout.view)]


@dataclass(frozen=True, slots=True)
class Swaps(Base):
    """Picture tokens exchanged pair by pair, in turn: the form that a counterexample is shrunk to.

    Positions count the tokens that carry picture, from 0.
    """

    pairs: tuple[tuple[int, int], ...] = ()
    random: ClassVar[bool] = False
    caption: ClassVar[str] = MOVED

    @property
    def stage(self) -> Stage:
        """The packed sequence."""
        return Stage.VISUAL_TOKENS

    def __str__(self) -> str:
        return f"swaps(pairs={listed(self.pairs)})"

    @property
    def inverse(self) -> "Swaps":
        """What undoes it: the same pairs, last first."""
        return Swaps(self.pairs[::-1])

    def apply(
        self, value: "Float[Tensor, '*rows hidden']", layout: Layout | None, rng: np.random.Generator
    ) -> "Float[Tensor, '*left hidden']":
        """`value` [tokens, hidden] with the pairs exchanged; raises TypeError without a layout."""
        if layout is None:
            raise TypeError("packed tokens are permuted by their layout")
        return reorder(value, self.order(layout))

    def order(self, layout: Layout) -> "Int[np.ndarray, 'tokens']":
        """Which token stands at each position afterwards."""
        order, places = np.arange(len(layout)), np.flatnonzero(~layout.newline)
        exchanged(order, ((places[i], places[j]) for i, j in self.pairs))
        return order


def listed(pairs: tuple[tuple[int, int], ...]) -> str:
    """Pairs as a perturbation prints them.

    >>> listed(((0, 1), (2, 3))), listed(())
    ('0-1+2-3', 'none')
    """
    return "+".join(f"{i}-{j}" for i, j in pairs) or "none"


def exchanged(order: "Int[np.ndarray, 'places']", pairs: Iterable[tuple[int, int]]) -> None:
    """Exchange the entries of `order` at each pair of places, in turn."""
    for i, j in pairs:
        order[i], order[j] = order[j], order[i]


def swaps_of(order: "Int[np.ndarray, 'places']") -> tuple[tuple[int, int], ...]:
    """The pairs that, exchanged in turn, make `order` of the identity.

    >>> swaps_of(np.array([2, 0, 1]))
    ((0, 2), (1, 2))
    """
    current, pairs = np.arange(len(order)), []
    for place, wanted in enumerate(order):
        there = int(np.flatnonzero(current == wanted)[0])
        if there != place:
            exchanged(current, [(place, there)])
            pairs.append((place, there))
    return tuple(pairs)


def reorder(
    tokens: "Float[Tensor, 'tokens hidden']", order: "Int[np.ndarray, 'tokens']"
) -> "Float[Tensor, 'tokens hidden']":
    """Token `order[i]` at position i."""
    return tokens[order]
