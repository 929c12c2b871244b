"""Out of memory halves the batch, for the rest of the run; another exception costs the item at fault."""

import math
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch

from ipllvm.errors import FAULTS, UsageError

Item = TypeVar("Item")
Value = TypeVar("Value")
SLACK = 1 + 1e-9
"""Shares of a prompt that add up to whole ones may miss them by rounding."""
BatchShare = Callable[[Item, Item | None], float]
"""What share of a prompt's room an item takes behind the one before it in the batch, if there is one."""


def whole(item: object, before: object) -> float:
    """Every item takes the room of a prompt."""
    return 1.0


@dataclass(frozen=True, slots=True)
class Failure:
    """What stands for a value that could not be had; it passes through later stages."""

    traceback: str


@dataclass(slots=True)
class BatchBudget:
    """How many prompts are answered together: at most `size`, which shrinks where memory runs out.

    What takes less room than a prompt goes in larger batches, but for a size of 1: then one at a time.
    """

    size: int

    def batches(self, items: Sequence[Item], cost: BatchShare[Item] = whole) -> Iterator[Sequence[Item]]:
        """Stretches of `items` that have room now; none ends between items that share, if it can."""
        start = 0
        while start < len(items):
            stop = self._stop(items, start, cost)
            yield items[start:stop]
            start = stop

    def _stop(self, items: Sequence[Item], start: int, cost: BatchShare[Item]) -> int:
        taken, apart = cost(items[start], None), start
        for at in range(start + 1, len(items)):
            more, own = cost(items[at], items[at - 1]), cost(items[at], None)
            if more == own:
                apart = at
            taken += more
            if self.size == 1 or taken > self.size * SLACK:
                return apart if apart > start else at
        return len(items)

    def shrink(self, items: Sequence[Item], cost: BatchShare[Item] = whole) -> None:
        """To half of what some items take, since they did not fit."""
        taken = sum(cost(item, items[i - 1] if i else None) for i, item in enumerate(items))
        self.size = min(self.size, math.ceil(taken / 2))


def run_isolated(
    work: Callable[[Sequence[Item]], Sequence[Value]],
    items: Sequence[Item | Failure],
    room: BatchBudget,
    cost: BatchShare[Item] = whole,
) -> list[Value | Failure]:
    """`work` on batches that have room, a Failure for each item that raises.

    A batch that raises is halved until the item at fault is alone, so that nothing is lost and
    nothing is scored that was not answered. A UsageError is nobody's fault but the command's: raised.
    """
    results: list[Value | Failure] = [item for item in items if isinstance(item, Failure)]
    failures = iter(results)
    sound = [item for item in items if not isinstance(item, Failure)]
    values = iter(_in_batches(work, sound, room, cost))
    return [next(failures if isinstance(item, Failure) else values) for item in items]


def _in_batches(
    work: Callable[[Sequence[Item]], Sequence[Value]],
    items: Sequence[Item],
    room: BatchBudget,
    cost: BatchShare[Item],
) -> list[Value | Failure]:
    return [value for batch in room.batches(items, cost) for value in _halving(work, batch, room, cost)]


def _halving(
    work: Callable[[Sequence[Item]], Sequence[Value]],
    items: Sequence[Item],
    room: BatchBudget,
    cost: BatchShare[Item],
) -> list[Value | Failure]:
    middle = len(items) // 2
    try:
        return list(work(items))
    except UsageError:
        raise
    except (torch.OutOfMemoryError, MemoryError):
        if not middle:
            return [Failure(traceback.format_exc())]
        room.shrink(items, cost)
    except FAULTS:
        if not middle:
            return [Failure(traceback.format_exc())]
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    halves = items[:middle], items[middle:]
    return [value for half in halves for value in _in_batches(work, half, room, cost)]
