"""Out of memory halves the batch, for the rest of the run; another exception costs the item at fault."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch

from ipllvm.errors import UsageError

Item = TypeVar("Item")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Failure:
    """What stands for a value that could not be had; it passes through later stages."""

    traceback: str


@dataclass(slots=True)
class Room:
    """How many prompts are answered together: at most `size`, which shrinks where memory runs out."""

    size: int

    def batches(self, items: Sequence[Item], each: int = 1) -> Iterator[Sequence[Item]]:
        """Stretches of `items` that have room now; `each` items take the room of one prompt."""
        start = 0
        while start < len(items):
            stop = start + self.size * each
            yield items[start:stop]
            start = stop


def isolated(
    work: Callable[[Sequence[Item]], Sequence[Value]],
    items: Sequence[Item | Failure],
    room: Room,
    each: int = 1,
) -> list[Value | Failure]:
    """`work` on batches that have room, a Failure for each item that raises.

    A batch that raises is halved until the item at fault is alone, so that nothing is lost and
    nothing is scored that was not answered. A UsageError is nobody's fault but the command's: raised.
    """
    results: list[Value | Failure] = [item for item in items if isinstance(item, Failure)]
    failures = iter(results)
    whole = [item for item in items if not isinstance(item, Failure)]
    values = iter(_in_batches(work, whole, room, each))
    return [next(failures if isinstance(item, Failure) else values) for item in items]


def _in_batches(
    work: Callable[[Sequence[Item]], Sequence[Value]], items: Sequence[Item], room: Room, each: int
) -> list[Value | Failure]:
    return [value for batch in room.batches(items, each) for value in _halving(work, batch, room, each)]


def _halving(
    work: Callable[[Sequence[Item]], Sequence[Value]], items: Sequence[Item], room: Room, each: int
) -> list[Value | Failure]:
    middle = len(items) // 2
    try:
        return list(work(items))
    except UsageError:
        raise
    except (torch.OutOfMemoryError, MemoryError):
        if not middle:
            return [Failure(traceback.format_exc())]
        room.size = max(1, min(room.size, middle // each))
    except Exception:
        if not middle:
            return [Failure(traceback.format_exc())]
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    halves = items[:middle], items[middle:]
    return [value for half in halves for value in _in_batches(work, half, room, each)]
