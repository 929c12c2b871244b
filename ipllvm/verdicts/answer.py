"""The one answer of a run: what rows, page, headline, statements and exit status all say.

If every claim holds at its own level, all stand: that all hold is what their intersection-union test says
(Berger 1982), and it is the first step of Hochberg 1988. Else each stands by Holm's correction, as every
violation does. Imports nothing that measures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ipllvm.records import Decision
from ipllvm.stats.multiplicity import holm


@dataclass(frozen=True, slots=True)
class Member:
    """One claim of a family: its own p-values, 1 where nothing was decided, and its level.

    `why` says, where it is not decided, why; `margin` False that it is only asked whether it is worse.
    """

    name: str
    benchmark: str
    why: str
    p_holds: float
    p_violated: float
    alpha: float

    def __str__(self) -> str:
        return f"{self.name} on {self.benchmark}" if self.benchmark else self.name

    @property
    def alone(self) -> Decision:
        """What its own test says."""
        return _decision(self.p_holds, self.p_violated, self.alpha)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the run says of a claim, and the p-values that say it."""

    member: Member
    decision: Decision
    p_holds: float
    p_violated: float

    @property
    def note(self) -> str:
        """Why the run says less than the claim's own test; empty where it says the same."""
        alone = self.member.alone
        if alone is self.decision:
            return ""
        p = self.p_holds if alone is Decision.HOLDS else self.p_violated
        return f"{alone} alone; among all claims of the run that is not enough (Holm p = {p:.3g})"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a run says of all its claims together: VIOLATED where any is, HOLDS where all do."""

    decision: Decision
    standings: tuple[Standing, ...]

    def of(self, decision: Decision) -> list[Standing]:
        """The claims of which the run says so."""
        return [each for each in self.standings if each.decision is decision]


def decide(members: Sequence[Member], raw: bool = False) -> Answer:
    """The answer over all claims of a run; `raw` takes every claim at its own level, without correction.

    >>> two = [Member("a", "", "", 0.04, 1.0, 0.05), Member("b", "", "", 0.03, 1.0, 0.05)]
    >>> str(decide(two).decision), [str(each.decision) for each in decide(two).standings]
    ('HOLDS', ['HOLDS', 'HOLDS'])
    >>> open_ = Member("c", "", "undecided", 0.5, 0.4, 0.05)
    >>> [str(each.decision) for each in decide([*two, open_]).standings]
    ['UNDECIDED', 'UNDECIDED', 'UNDECIDED']
    """
    holds, violated = ([getattr(each, p) for each in members] for p in ("p_holds", "p_violated"))
    all_hold = all(each.p_holds <= each.alpha for each in members)
    kept = holds if raw or all_hold else holm(holds)
    broken = violated if raw else holm(violated)
    standings = tuple(
        Standing(member, _decision(p_holds, p_violated, member.alpha), p_holds, p_violated)
        for member, p_holds, p_violated in zip(members, kept, broken, strict=True)
    )
    found = {each.decision for each in standings}
    order = (Decision.VIOLATED, Decision.UNDECIDED, Decision.HOLDS)
    return Answer(next((each for each in order if each in found), Decision.UNDECIDED), standings)


def _decision(p_holds: float, p_violated: float, alpha: float) -> Decision:
    if p_violated <= alpha:
        return Decision.VIOLATED
    return Decision.HOLDS if p_holds <= alpha else Decision.UNDECIDED
