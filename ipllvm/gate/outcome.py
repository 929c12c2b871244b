"""What a comparison with a baseline found: what changed, what stands in the way, and the exit status."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ipllvm.gate.answers import FlippedSample
from ipllvm.records import Claim, Decision, Estimate, Verdict

REFRESH = "--save-baseline=NAME"
MISSING = "it is in the baseline and not in this run"
NEW = "it is not in the baseline; save one that has it with --save-baseline"
Key = tuple[str, str, str]
"""Property, claim, benchmark."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one claim: the difference in points (positive is worse), its verdict, who flipped.

    `turned` are the samples that flipped, those that got worse first.
    """

    key: Key
    claim: Claim
    before: float | None
    after: float | None
    estimate: Estimate
    verdict: Verdict
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
            yield f"missing {words(key)}: {MISSING}{renamed(key, self.added)}"
        for key in self.added:
            yield f"new {words(key)}: {NEW}"
        for change in self.changes:
            if change.improved:
                yield improved(change.key, self.refresh)
        yield from self.notes

    @property
    def status(self) -> int:
        """1 where something is worse; 7 where a single comparison could not be made; else 0."""
        decided = {c.verdict.decision for c in self.changes if c.claim.kind == "requirement"}
        if Decision.VIOLATED in decided:
            return 1
        return 7 if self.refused or self.missing or self.added or not self.changes else 0

    @property
    def undecided(self) -> bool:
        """Whether a requirement could not be decided."""
        return any(
            c.verdict.decision is Decision.UNDECIDED and c.claim.kind == "requirement" for c in self.changes
        )


def renamed(key: Key, others: Iterable[Key]) -> str:
    """Which other entry, of the same claim or property on the same data, may be the one that is missing."""
    like = [new for new in others if sum(a == b for a, b in zip(key, new, strict=True)) == len(key) - 1]
    return f"; renamed to {words(like[0])}?" if len(like) == 1 else ""


def improved(key: Key, refresh: str) -> str:
    """What to say of a claim that got better."""
    return f"improved {words(key)}: refresh the baseline with {refresh}"


def words(key: Key) -> str:
    """A key for readers.

    >>> words(("permutation_invariance", "permutation", "scenes"))
    'permutation_invariance (permutation) on scenes'
    """
    return f"{key[0]} ({key[1]}) on {key[2]}"
