"""The one answer of a run: what rows, page, headline, statements and exit status all say.

If every claim holds at its own level, all stand: that all hold is what their intersection-union test says
(Berger 1982), and it is the first step of Hochberg 1988. Else each stands by Holm's correction, as every
violation and everything that is worse does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ipllvm.records import Decision, Verdict
from ipllvm.stats.multiplicity import holm
from ipllvm.verdicts.decision import decision_of

UNDECIDED = "undecided"
"""Why a claim that was measured does not hold and is not violated."""
_BY_HOW_MUCH = {
    Decision.HOLDS: ", by no more than the margin",
    Decision.WORSE: ", by more than the margin is not shown",
}
_ORDER = (Decision.VIOLATED, Decision.WORSE, Decision.UNDECIDED, Decision.HOLDS)


@dataclass(frozen=True, slots=True)
class Member:
    """One claim of a family: its own p-values, 1 where nothing was decided, and its level.

    `why` says what it is where it is not decided. `p_worse` speaks of "no worse at all" than a baseline;
    `pooled` is the row over all answers, for which half of that level is kept. `at_all` says that what is
    worse at all is to fail (--fail-on=worse): then it is WORSE, also within its margin. `scale` is how many
    times smaller than `alpha` the level is that a budget over many gates leaves for what speaks against it.
    """

    name: str
    benchmark: str
    why: str
    p_holds: float
    p_violated: float
    alpha: float = 0.05
    p_worse: float = 1.0
    pooled: bool = False
    at_all: bool = False
    scale: float = 1.0

    def __str__(self) -> str:
        return f"{self.name} on {self.benchmark}" if self.benchmark else self.name

    @property
    def alone(self) -> Decision:
        """What its own test says."""
        return decision_of(self.alpha, self.p_holds, self.p_violated, self.p_worse, at_all=self.at_all)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the run says of a claim, and the p-values that say it; `worse` than a baseline, if by little."""

    member: Member
    decision: Decision
    p_holds: float
    p_violated: float
    p_worse: float

    @property
    def worse(self) -> bool:
        """Whether it is shown to be worse than the baseline at all."""
        return self.p_worse <= self.member.alpha

    @property
    def note(self) -> str:
        """What a row says beside its own verdict: that it is worse, or that among many it is not enough."""
        alone, notes = self.member.alone, []
        if self.worse:
            within = self.decision is Decision.WORSE and self.p_holds <= self.member.alpha
            how_much = _BY_HOW_MUCH.get(Decision.HOLDS if within else self.decision, "")
            notes = [f"worse than the baseline (p = {self.p_worse / self.member.scale:.2g}){how_much}"]
        if alone is Decision.UNDECIDED and self.member.why != UNDECIDED:
            notes.append(self.member.why)
        if alone is not self.decision and self.member.scale > 1 and alone is not Decision.HOLDS:
            notes.append(f"{alone} alone; at the level that the budget leaves not enough")
        elif alone is not self.decision:
            p = {Decision.HOLDS: self.p_holds, Decision.WORSE: self.p_worse}.get(alone, self.p_violated)
            notes.append(f"{alone} alone; among all claims of the run not enough (Holm p = {p:.3g})")
        return "; ".join(notes)


@dataclass(frozen=True, slots=True)
class RunAnswer:
    """What a run says of all its claims together: VIOLATED or WORSE where any is, HOLDS where all do."""

    decision: Decision
    standings: tuple[Standing, ...]

    def of(self, decision: Decision) -> list[Standing]:
        """The claims of which the run says so."""
        return [each for each in self.standings if each.decision is decision]

    @property
    def worse(self) -> bool:
        """Whether any claim is shown to be worse than the baseline at all, within its margin or not."""
        return any(each.worse for each in self.standings)


def asked_at_all(verdict: Verdict, alpha: float) -> Verdict:
    """A comparison's own verdict where what is worse at all is to fail: then WORSE, if it is no more.

    >>> str(asked_at_all(Verdict(Decision.HOLDS, "", 0.01, 1.0, p_worse=0.01), 0.05).decision)
    'WORSE'
    """
    worse = verdict.p_worse is not None and verdict.p_worse <= alpha
    if verdict.decision is Decision.VIOLATED or not worse:
        return verdict
    return replace(verdict, decision=Decision.WORSE)


def decide(members: Sequence[Member], raw: bool = False) -> RunAnswer:
    """The answer over all claims of a run; `raw` takes every claim at its own level, without correction.

    >>> two = [Member("a", "", "", 0.04, 1.0), Member("b", "", "", 0.03, 1.0)]
    >>> str(decide(two).decision), [str(each.decision) for each in decide(two).standings]
    ('HOLDS', ['HOLDS', 'HOLDS'])
    >>> [str(each.decision) for each in decide([*two, Member("c", "", "undecided", 0.5, 0.4)]).standings]
    ['UNDECIDED', 'UNDECIDED', 'UNDECIDED']
    """
    holds = [each.p_holds for each in members]
    violated, worse = (
        [min(1.0, each.scale * float(getattr(each, p))) for each in members]
        for p in ("p_violated", "p_worse")
    )
    all_hold = all(each.p_holds <= each.alpha for each in members)
    adjusted = zip(
        holds if raw or all_hold else holm(holds),
        violated if raw else holm(violated),
        worse if raw else holm(worse, _shares(members)),
        strict=True,
    )
    standings = tuple(
        Standing(member, decision_of(member.alpha, *each, at_all=member.at_all), *each)
        for member, each in zip(members, adjusted, strict=True)
    )
    found = {each.decision for each in standings}
    return RunAnswer(next((each for each in _ORDER if each in found), Decision.UNDECIDED), standings)


def _shares(members: Sequence[Member]) -> list[float]:
    """How the level of "worse" is shared: half for the pooled row, if there is one, and the rest alike."""
    others = sum(not each.pooled for each in members)
    return [float(max(others, 1)) if each.pooled else 1.0 for each in members]
