"""What a test raises for what it found."""

from collections.abc import Mapping, Sequence

from ipllvm.errors import ClaimUndecided, ClaimViolated, Finding, NotMeasured
from ipllvm.records import Claim, Decision, Verdict


def last_line(traceback: str) -> str:
    """What was raised, of a traceback."""
    return traceback.strip().splitlines()[-1]


def not_measured(reason: str, errors: Mapping[str, str]) -> NotMeasured:
    """The exception, with the first traceback as a note that pytest -v shows."""
    exception = NotMeasured(reason)
    exception.add_note(next(iter(errors.values())).strip())
    return exception


def finding(verdict: Verdict, claim: Claim) -> Finding | None:
    """What a verdict on a claim calls for; None where it holds."""
    if verdict.decision is Decision.VIOLATED:
        return ClaimViolated(f"{claim.text.removesuffix('.')}: {verdict.reason}")
    if verdict.decision is Decision.WORSE:  # only where that is to fail a gate
        return ClaimViolated(f"WORSE than the baseline (p = {verdict.p_worse:.2g}): {verdict.reason}")
    return ClaimUndecided(verdict.reason) if verdict.decision is Decision.UNDECIDED else None


def raise_worst(findings: Sequence[Finding | None]) -> None:
    """Raise the first claim that is violated, else the first that is undecided."""
    for kind in (ClaimViolated, ClaimUndecided):
        for found in findings:
            if isinstance(found, kind):
                raise found
