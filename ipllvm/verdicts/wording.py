"""What is said of an interval and a claim, in one place: rows, looks, statements and gates say it alike."""

from collections.abc import Iterable
from typing import Final

from ipllvm.records import Claim, Decision
from ipllvm.records.values import POINTS

RELATION: Final = {
    Decision.HOLDS: "is inside",
    Decision.VIOLATED: "is outside",
    Decision.UNDECIDED: "does not settle",
}
"""When a report is read back its reasons are held against its numbers by these words (consistency.py)."""


def relation(bounds: Iterable[float], decision: Decision, claim: Claim) -> str:
    """The interval, given in scores, and what it says of the claim, in points.

    >>> from ipllvm import claims
    >>> relation((-0.01, 0.015), Decision.HOLDS, claims.load()["permutation"])
    '[-1.00, 1.50] is inside at most 2 points'
    """
    low, high = (POINTS * bound for bound in bounds)
    return f"[{low:.2f}, {high:.2f}] {of_interval(decision, claim)}"


def of_interval(decision: Decision, claim: Claim) -> str:
    """What an interval that stands beside it says of the claim.

    >>> from ipllvm import claims
    >>> of_interval(Decision.VIOLATED, claims.load()["permutation"])
    'is outside at most 2 points'
    """
    return f"{RELATION[decision]} {claim.words}"


def below_floor(found: str, margin: float) -> str:
    """Why nothing is decided at a margin that is finer than the measurement; `found` says by how much.

    >>> below_floor("3 of 99 answers differ", 2.0)[:75]
    'margin below the noise floor: 3 of 99 answers differ, the margin is 2; more'
    """
    return (
        f"margin below the noise floor: {found}, the margin is {margin:g}; more samples or a fixed "
        "--batch-size may lower it, --margin-floor raises the margin"
    )
