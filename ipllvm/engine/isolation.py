"""Out of memory halves the batch; an exception costs the one item that raises it."""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch

Item = TypeVar("Item")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Failure:
    """What stands for a value that could not be had; it passes through later stages."""

    traceback: str


def isolated(
    work: Callable[[Sequence[Item]], Sequence[Value]], items: Sequence[Item | Failure], size: int
) -> list[Value | Failure]:
    """`work` on batches of at most `size`, a Failure for each item that raises.

    A batch that raises is halved until the item at fault is alone, so that nothing is lost and
    nothing is scored that was not answered.
    """
    results: list[Value | Failure] = [item for item in items if isinstance(item, Failure)]
    failures = iter(results)
    whole = [item for item in items if not isinstance(item, Failure)]
    values = iter([v for i in range(0, len(whole), size) for v in _halving(work, whole[i : i + size])])
    return [next(failures if isinstance(item, Failure) else values) for item in items]


def _halving(
    work: Callable[[Sequence[Item]], Sequence[Value]], items: Sequence[Item]
) -> list[Value | Failure]:
    try:
        return list(work(items))
    except Exception:
        if len(items) == 1:
            return [Failure(traceback.format_exc())]
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    middle = len(items) // 2
    return _halving(work, items[:middle]) + _halving(work, items[middle:])
