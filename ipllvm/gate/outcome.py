"""What a comparison with a baseline found: what changed, what stands in the way, and the exit status."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ipllvm.gate.answers import FlippedSample
from ipllvm.records import Claim, Decision, Estimate, Verdict

REFRESH = "--save-baseline=NAME"
Key = tuple[str, str, str]
"""Property, claim, benchmark."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one claim: the difference in points (positive is worse), its verdict, who flipped."""

    key: Key
    claim: Claim
    before: float | None
    after: float | None
    estimate: Estimate
    verdict: Verdict
    flipped: tuple[str, ...] = ()
    improved: bool = False
    turned: tuple[FlippedSample, ...] = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """All changes, and what could not be compared: (key, why)."""

    changes: tuple[Change, ...]
    refused: tuple[tuple[Key, str], ...] = ()
    missing: tuple[Key, ...] = ()
    added: tuple[Key, ...] = ()
    notes: tuple[str, ...] = field(default=())
    refresh: str = REFRESH

    def lines(self) -> Iterator[str]:
        """What stands in the way besides the verdicts, and what to do, one line each."""
        for key, why in self.refused:
            yield f"not compared {words(key)}: {why}"
        for key in self.missing:
            yield f"missing {words(key)}: it is in the baseline and not in this run{self._renamed(key)}"
        for key in self.added:
            yield f"new {words(key)}: it is not in the baseline"
        for change in self.changes:
            if change.improved:
                yield f"improved {words(change.key)}: refresh the baseline with {self.refresh}"
        yield from self.notes

    def _renamed(self, key: Key) -> str:
        """Which new entry, of the same claim or property on the same data, may be the one that is missing."""
        like = [new for new in self.added if sum(map(str.__eq__, key, new)) == len(key) - 1]
        return f"; renamed to {words(like[0])}?" if len(like) == 1 else ""

    @property
    def status(self) -> int:
        """1 where something is worse, missing or new; 7 where something could not be compared; else 0."""
        decided = {c.verdict.decision for c in self.changes if c.claim.kind == "requirement"}
        if Decision.VIOLATED in decided or self.missing or self.added:
            return 1
        return 7 if self.refused else 0

    @property
    def undecided(self) -> bool:
        """Whether a requirement could not be decided."""
        return any(
            c.verdict.decision is Decision.UNDECIDED and c.claim.kind == "requirement" for c in self.changes
        )


def words(key: Key) -> str:
    """A key for readers.

    >>> words(("permutation_invariance", "permutation", "scenes"))
    'permutation_invariance (permutation) on scenes'
    """
    return f"{key[0]} ({key[1]}) on {key[2]}"
