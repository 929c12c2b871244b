"""The sides of a comparison, found and read: each is another run, or nothing would be compared."""

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

from ipllvm.errors import UsageError
from ipllvm.gate.baseline import Baseline
from ipllvm.safety.printing import visible

BEGAN = "started"
"""What a baseline says of itself: when its run began."""


def read(
    called: Sequence[str], find: Callable[[str], Path], load: Callable[[Path], Baseline]
) -> list[tuple[Path, Baseline]]:
    """The file and the content of each side, by what it is called.

    Raises UsageError in one line where two of them are one run, as where the older was just written over.
    """
    found = [(place, load(place)) for place in map(find, called)]
    for (first, name), (second, other) in combinations(zip(found, called, strict=True), 2):
        if first[0].samefile(second[0]) or same_run(first[1], second[1]):
            named = f"{visible(name, 200)} and {visible(other, 200)}"
            raise UsageError(f"{named} are one run, so that nothing would be compared: name two")
    return found


def same_run(one: Baseline, other: Baseline) -> bool:
    """Whether two baselines are of one run, however they are written; logs do not say when they began."""
    return BEGAN in one.about and one.about == other.about and one.entries == other.entries
