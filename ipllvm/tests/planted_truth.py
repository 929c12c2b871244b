"""The truth about planted models, computed from their laws: expected scores and what follows of them.

A condition is what is done to a picture, as the views that it leads to, all equally likely.
"""

from collections.abc import Collection

from ipllvm.models.planted.behaviour import Behaviour, Perception
from ipllvm.models.planted.kinds import AlignmentLoss
from ipllvm.planted_grid import CELLS

Condition = tuple[Perception, ...]
ALL = tuple(range(CELLS))


def clean(options: int = 4) -> Condition:
    """Nothing is done."""
    return (Perception(ALL, options=options),)


def blank(options: int = 4) -> Condition:
    """No cell can be read."""
    return (Perception((), options=options),)


def permuted(options: int = 4) -> Condition:
    """A uniformly random order: no law reads more of it than its first token and that it is disturbed.

    The identity, one order in 64!, is left out.
    """
    rest = ALL[::-1]
    orders = ((first, *(cell for cell in rest if cell != first)) for first in ALL)
    return tuple(Perception(order, options=options) for order in orders)


def kept(cells: Collection[int], options: int = 4) -> Condition:
    """Only some cells are left, in order: tokens that were selected, or pixels that were not covered."""
    return (Perception(tuple(sorted(cells)), options=options),)


def noised(
    layer: int = 0,
    *,
    image: bool = True,
    text: bool = True,
    cells: Collection[int] = ALL,
    options: int = 4,
) -> Condition:
    """Noise entered at `layer`, on the tokens of some cells and on the text."""
    noisy = frozenset(cells) if image else frozenset()
    return (Perception(ALL, noisy, text, layer, options),)


def expected(law: Behaviour, condition: Condition) -> float:
    """The mean score under a condition, 0 to 1."""
    return sum(law.expected(view) for view in condition) / len(condition)


def drop(law: Behaviour, condition: Condition) -> float:
    """Clean minus perturbed expected score, the mean of the contrast."""
    return expected(law, clean(condition[0].options)) - expected(law, condition)


def loss(law: AlignmentLoss) -> float:
    """Alignment before minus after the projector: a picture has all of its neighbours or none of them."""
    return law.b - law.a
