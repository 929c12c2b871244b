"""The candidate as the best of several checkpoints: what holds of it needs more, and more samples."""

from dataclasses import replace

from ipllvm.records import Claim, Contrast, Decision, Verdict
from ipllvm.verdicts import decide


def picked(verdict: Verdict, claim: Claim, variants: int, contrast: Contrast) -> Verdict:
    """The verdict on the best of so many checkpoints: that it holds needs a p-value that is as much smaller.

    The one that was picked may be the luckiest of them; for any of them to hold falsely is what the
    level bounds (Bonferroni). What speaks against it is not weakened: picking made it look better. How many
    samples would decide is told for that level too.
    """
    if variants <= 1:
        return verdict
    p = min(1.0, variants * verdict.p_holds)
    note = f"the best of {variants} was picked: p_holds x {variants} = {p:.2g}"
    lost = verdict.decision is Decision.HOLDS and p > claim.alpha
    decision = Decision.UNDECIDED if lost else verdict.decision
    if lost or verdict.n_to_decide is not None:
        verdict = _ahead(verdict, claim, variants, contrast)
    return replace(verdict, decision=decision, reason=f"{verdict.reason}; {note}", p_holds=p)


def _ahead(verdict: Verdict, claim: Claim, variants: int, contrast: Contrast) -> Verdict:
    """The verdict with how many samples would show that it holds at the smaller level."""
    strict = decide.samples_ahead(contrast, replace(claim, alpha=claim.alpha / variants))
    usual = decide.samples_ahead(contrast, claim)
    if strict is None or usual is None or float(contrast.values.mean()) > claim.signed_margin:
        return verdict
    told = "; ".join(part for part in verdict.reason.split("; ") if part != usual.sentence)
    return replace(verdict, reason=f"{told}; {strict.sentence}", n_to_decide=strict.n)
