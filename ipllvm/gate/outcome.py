"""What a comparison with a baseline found: what changed, what stands in the way, and the exit status."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from ipllvm.gate.answers import FlippedSample
from ipllvm.records import COMPARISON, Claim, ClaimKey, Estimate, Verdict
from ipllvm.verdicts.answer import Member, RunAnswer, Standing, asked_at_all, decide
from ipllvm.verdicts.failing import BY_MARGIN, OPEN, FailRule
from ipllvm.verdicts.worse import POOLED

UNDECIDED = 6
"""The status of a gate that fails because something is not shown."""
REFRESH = "--save-baseline=NAME"
MISSING = "it is in the baseline and not in this run"
NEW = "it is not in the baseline; save one that has it with --save-baseline"


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one claim: the difference in points (positive is worse), its verdict, who flipped.

    `turned` are the samples that flipped, those that got worse first.
    """

    key: ClaimKey
    claim: Claim
    before: float | None
    after: float | None
    estimate: Estimate
    verdict: Verdict
    improved: bool = False
    turned: tuple[FlippedSample, ...] = ()


@dataclass(frozen=True)
class Gate:
    """All changes, no two of one key, what could not be compared (key, why), and by what rule it fails.

    `failed` are the laws and tests that failed in the later run, `unmeasured` those of which one of the runs
    has no result.
    """

    changes: tuple[Change, ...]
    refused: tuple[tuple[ClaimKey, str], ...] = ()
    missing: tuple[ClaimKey, ...] = ()
    added: tuple[ClaimKey, ...] = ()
    notes: tuple[str, ...] = field(default=())
    refresh: str = REFRESH
    rule: FailRule = BY_MARGIN
    failed: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()

    def measure(self, change: Change) -> str:
        """What a change is of: the property, and its claim where the property has another one there too."""
        there = [each for each in self.changes if each.key.test() == change.key.test()]
        claim = change.claim.name.partition(":")[2].replace("_", " ")
        return change.key.property if len(there) == 1 else f"{change.key.property} ({claim})"

    def lines(self) -> Iterator[str]:
        """What stands in the way besides the verdicts, and what to do, one line each."""
        yield from (f"failed in this run: {test}" for test in self.failed)
        yield from (f"not measured: {test}" for test in self.unmeasured)
        for key, why in self.refused:
            yield f"not compared {key}: {why}"
        for key in self.missing:
            yield f"missing {key}: {MISSING}{renamed(key, self.added)}"
        for key in self.added:
            yield f"new {key}: {NEW}"
        for change in self.changes:
            if change.improved:
                yield improved(change.key, self.refresh)
        yield from self.notes

    @cached_property
    def answer(self) -> RunAnswer:
        """What the gate says of all its requirements together."""
        requirements = [each for each in self.changes if each.claim.kind == "requirement"]
        return decide([_member(change, self.rule.at_all) for change in requirements])

    def reason(self, change: Change) -> str:
        """Why it says so, and what the other changes make of it."""
        note = self._standings[change.key].note if change.key in self._standings else ""
        return "; ".join(part for part in (change.verdict.reason, note) if part)

    def standing(self, change: Change) -> str:
        """What the gate says of one of its changes: HOLDS, VIOLATED, WORSE or UNDECIDED."""
        found = self._standings.get(change.key)
        return str(change.verdict.decision if found is None else found.decision)

    @cached_property
    def _standings(self) -> dict[ClaimKey, Standing]:
        """What the gate says of each of its requirements, by its key."""
        asked = [each.key for each in self.changes if each.claim.kind == "requirement"]
        return dict(zip(asked, self.answer.standings, strict=True))

    @property
    def status(self) -> int:
        """1 where it is worse by more than a margin, or at all if that is to fail it, or where a law broke; 7
        where a comparison is lacking; 6 where something is not shown and that is to fail it; else 0.
        """
        if self.failed or any(map(self.fails, self.changes)):
            return 1
        if self.refused or self.missing or self.added or self.unmeasured or not self.changes:
            return 7
        return UNDECIDED if any(map(self.stops, self.changes)) else 0

    def fails(self, change: Change) -> bool:
        """Whether a change is what makes the status 1."""
        return self._decides(change) and self.rule.fails(self.standing(change))

    def stops(self, change: Change) -> bool:
        """Whether a change stands in the way: it fails the gate, or is not shown where that fails it."""
        return self._decides(change) and self.rule.stops(self.standing(change))

    def _decides(self, change: Change) -> bool:
        return self.rule.decides(change.claim.kind, compared=True)

    @property
    def undecided(self) -> bool:
        """Whether a requirement is not shown to hold."""
        return any(each.decision in OPEN for each in self.answer.standings)


def under_rule(verdict: Verdict, claim: Claim, rule: FailRule) -> Verdict:
    """The verdict of a comparison as it is asked for: by more than the margin, or at all."""
    return asked_at_all(verdict, claim.alpha) if rule.at_all else verdict


def _member(change: Change, at_all: bool) -> Member:
    """A change as a claim of the gate's family."""
    name, verdict = change.claim.name.removeprefix(COMPARISON), change.verdict
    p_worse = 1.0 if verdict.p_worse is None else verdict.p_worse
    sides = verdict.p_holds, verdict.p_violated
    return Member(name, change.key.benchmark, "", *sides, change.claim.alpha, p_worse, name == POOLED, at_all)


def renamed(key: ClaimKey, others: Iterable[ClaimKey]) -> str:
    """Which other entry, of the same claim or property on the same data, may be the one that is missing."""
    like = [new for new in others if sum(a == b for a, b in zip(key, new, strict=True)) == len(key) - 1]
    return f"; renamed to {like[0]}?" if len(like) == 1 else ""


def improved(key: ClaimKey, refresh: str) -> str:
    """What to say of a claim that got better."""
    return f"improved {key}: refresh the baseline with {refresh}"
