"""A part of a run for each of several machines: whole pictures dealt out in turn."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ipllvm.errors import UsageError
from ipllvm.records import Sample

MOST = 10_000
"""No run is cut into more parts."""
_FORM = re.compile(r"([0-9]{1,5})/([0-9]{1,5})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shard:
    """The `number`-th of `count` parts, counted from 1."""

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def part(self, samples: Sequence[Sample]) -> tuple[Sample, ...]:
        """The samples of this shard, in their order: every sample is in one, a cluster never in two.

        >>> samples = [Sample(str(i), "ab"[i % 2], (), "?", "yes") for i in range(5)]
        >>> [sample.id for sample in Shard(2, 2).part(samples)]
        ['1', '3']
        """
        places = {cluster: at for at, cluster in enumerate(dict.fromkeys(s.cluster for s in samples))}
        return tuple(s for s in samples if places[s.cluster] % self.count == self.number - 1)


def parse(name: str, text: str) -> Shard:
    """The shard that I/N names; raises UsageError.

    >>> parse("shard", "2/8")
    Shard(number=2, count=8)
    """
    found = _FORM.fullmatch(text)
    shard = Shard(int(found[1]), int(found[2])) if found else Shard(0, 0)
    if not 1 <= shard.number <= shard.count <= MOST:
        raise UsageError(f"--{name} {text}: write I/N, such as 1/8 to 8/8 (at most {MOST:,})")
    return shard
