"""What a comparison with a baseline found: what changed, what stands in the way, and the exit status."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ipllvm.gate.answers import FlippedSample
from ipllvm.records import Claim, Decision, Estimate, Verdict
from ipllvm.verdicts.answer import Member, RunAnswer, decide
from ipllvm.verdicts.worse import POOLED

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

    def measure(self, change: Change) -> str:
        """What a change is of: the property, and its claim where the property has another one there too."""
        there = [each for each in self.changes if each.key[::2] == change.key[::2]]
        claim = change.claim.name.partition(":")[2].replace("_", " ")
        return change.key[0] if len(there) == 1 else f"{change.key[0]} ({claim})"

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
    def answer(self) -> RunAnswer:
        """What the gate says of all its requirements together."""
        return decide([_member(change) for change in self.changes if change.claim.kind == "requirement"])

    def reason(self, change: Change) -> str:
        """Why it says so, and what the other changes make of it."""
        asked = [each for each in self.changes if each.claim.kind == "requirement"]
        note = self.answer.standings[asked.index(change)].note if change in asked else ""
        return "; ".join(part for part in (change.verdict.reason, note) if part)

    def standing(self, change: Change) -> str:
        """What the gate says of one of its changes: HOLDS, VIOLATED, WORSE or UNDECIDED."""
        asked = [each for each in self.changes if each.claim.kind == "requirement"]
        if change not in asked:
            return str(change.verdict.decision)
        return str(self.answer.standings[asked.index(change)].decision)

    @property
    def status(self) -> int:
        """1 where it is worse by more than a margin; 7 where a comparison is lacking; else 0."""
        return self.failing("violated")

    def failing(self, on: str) -> int:
        """As `status`; with "worse" it is 1 also where it is worse at all."""
        answer = self.answer
        if answer.decision is Decision.VIOLATED or (on == "worse" and answer.worse):
            return 1
        return 7 if self.refused or self.missing or self.added or not self.changes else 0

    @property
    def undecided(self) -> bool:
        """Whether a requirement is not shown to hold."""
        return any(each.decision in (Decision.UNDECIDED, Decision.WORSE) for each in self.answer.standings)


def _member(change: Change) -> Member:
    """A change as a claim of the gate's family."""
    name, verdict = change.claim.name.removeprefix("regression:"), change.verdict
    p_worse = 1.0 if verdict.p_worse is None else verdict.p_worse
    sides = verdict.p_holds, verdict.p_violated
    return Member(name, change.key[2], "", *sides, change.claim.alpha, p_worse, name == POOLED)


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
