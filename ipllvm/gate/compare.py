"""Two runs compared: what is paired, what is refused, what became of each claim. Imports no torch."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ipllvm.gate import agreement, sequential
from ipllvm.gate.answers import FlippedSample
from ipllvm.gate.baseline import Baseline, BaselineEntry, difference
from ipllvm.gate.outcome import REFRESH, Change, Gate, under_rule
from ipllvm.gate.picking import picked
from ipllvm.gate.pooled import all_answers, beyond
from ipllvm.records import COMPARISON, Claim, Contrast, Decision, FlipExample, Result, Verdict
from ipllvm.verdicts import decide, ratio_change
from ipllvm.verdicts.failing import BY_MARGIN, FailRule
from ipllvm.verdicts.wording import below_floor

SHOWN = 20


def compare(
    before: Baseline,
    after: Baseline,
    source: str,
    refresh: str = REFRESH,
    variants: int = 1,
    *,
    rule: FailRule = BY_MARGIN,
) -> Gate:
    """`after` against `before`, which must agree in all that a verdict depends on.

    `refresh` is what makes `after` the baseline, told where it is better; `variants` is of how many it was
    picked as the best; `rule` says what fails the gate.
    """
    refusing, notes = agreement.versions(before, after)
    changes, refused = [], []
    for key, entry in after.entries.items():
        old = before.entries.get(key)
        if old is None:
            continue
        unlike = [*agreement.disagreements(old, entry), *refusing]
        if unlike:
            refused.append((key, "; ".join(unlike)))
            continue
        changes.append(change(old, entry, source, variants, rule))
        notes += agreement.devices(old, entry)
    margin = min((each.claim.margin for each in changes), default=0.0)
    looked = any(entry.analyses for entry in after.entries.values())
    keys = [] if looked else [each.key for each in changes]
    pooled = all_answers(before, after, keys, margin, source, rule, variants)
    return Gate(
        (*changes, *([] if pooled is None else [pooled])),
        tuple(refused),
        tuple(key for key in before.entries if key not in after.entries),
        tuple(key for key in after.entries if key not in before.entries),
        tuple(dict.fromkeys(f"noted: {note}" for note in notes)),
        refresh,
        rule,
        tuple(after.about.get(agreement.FAILED, ())),
        tuple(_unmeasured(before, "the baseline")) + tuple(_unmeasured(after, "this run")),
    )


def _unmeasured(side: Baseline, where: str) -> Iterator[str]:
    """The tests that one of two runs has no result of, though it should have."""
    yield from (f"{test} in {where}" for test in side.about.get(agreement.UNMEASURED, ()))


def change(
    old: BaselineEntry, new: BaselineEntry, source: str, variants: int = 1, rule: FailRule = BY_MARGIN
) -> Change:
    """What became of a claim between two entries that agree (`agreement.disagreements`)."""
    whole = old
    if new.analyses:
        old, new = sequential.up_to(old, new, *new.analyses[-1])
    contrast = difference(old, new)
    before, after = old.contrast, new.contrast
    ratio = ratio_change.is_ratio(before, after)
    decisive = ratio_change.change(contrast, before, after, new.worse) if ratio else contrast
    claim = _claim(new, source, ratio)
    at_look = replace(claim, alpha=sequential.level(new, claim))
    verdict, p_worse = decide.decide(decisive, at_look), beyond(decisive, old, new)
    unknown = ratio_change.unknown(before, after) if ratio else 0.0
    if ratio:
        verdict, p_worse = ratio_change.guarded(verdict, unknown, at_look.alpha), max(p_worse, unknown)
    if new.analyses:
        verdict, p_worse = sequential.over_looks(verdict, p_worse, claim, whole, new)
    estimate = decide.estimate(decisive, claim=at_look)
    if ratio:
        estimate = ratio_change.told(estimate, contrast, before, after, new.worse)
        verdict = ratio_change.guarded(verdict, unknown, at_look.alpha)  # looks have words of their own
    verdict = picked(_above_noise(verdict, claim, new.floor), claim, variants, decisive)
    verdict = replace(verdict, p_worse=p_worse)
    verdict = under_rule(verdict, claim, rule)
    strict = estimate if variants == 1 else decide.estimate(decisive, claim=_of_many(at_look, variants))
    improved = bool(estimate.n and strict.high < -claim.margin)
    turned = tuple(_turned(contrast, old, new))
    before_mean, after_mean = (_mean(entry, contrast.samples) for entry in (old, new))
    return Change(new.key, claim, before_mean, after_mean, estimate, verdict, improved, turned)


def _mean(entry: BaselineEntry, paired: Sequence[str]) -> float | None:
    """What an entry comes to on the samples that both runs have."""
    there = set(paired)
    places = [place for place, sample in enumerate(entry.samples) if sample in there]
    return (entry if len(places) == len(entry.samples) else entry.of_samples(places)).mean


def _of_many(claim: Claim, variants: int) -> Claim:
    """The claim at the level that each of so many checkpoints has, one of which was picked."""
    return replace(claim, alpha=claim.alpha / variants)


def _claim(new: BaselineEntry, source: str, ratio: bool) -> Claim:
    """The claim that nothing got worse: at most by the regression margin, or the noise floor above it."""
    margin = new.claim.regression_margin
    what = " of its ratio" if ratio else ""
    text = f"{new.claim.name} is not worse than the baseline by more than {margin:g} points{what}."
    if new.settings.get("margin_floor") and new.floor is not None and new.floor > margin:
        text = f"{text} The margin was raised to the noise floor of {new.floor:.2f} points."
        margin = new.floor
    return replace(
        new.claim,
        name=f"{COMPARISON}{new.claim.name}",
        quantity="regression",
        direction="at_most",
        margin=margin,
        source=source,
        text=text,
        primary=False,
    )


def _turned(contrast: Contrast, old: BaselineEntry, new: BaselineEntry) -> Iterator[FlippedSample]:
    """The samples that changed, those that got worse first, with what was said."""
    moved = sorted(zip(contrast.samples, contrast.values, strict=True), key=lambda each: -each[1])
    for sample, by in moved:
        if by:
            yield FlippedSample(sample, old.said.get(sample), new.said.get(sample), float(by))


def _above_noise(verdict: Verdict, claim: Claim, floor: float | None) -> Verdict:
    """The verdict; UNDECIDED where the margin is smaller than what a repetition may be off."""
    if floor is None or floor <= claim.margin or verdict.decision is Decision.UNDECIDED:
        return verdict
    found = f"a repetition may be off by {floor:.2f} points"
    return decide.withheld(verdict, below_floor(found, claim.margin))


def result(change: Change, like: Result, examples: tuple[FlipExample, ...] = ()) -> Result:
    """A change as a row of the report, like the row of the claim itself, with `examples` of who flipped."""
    sides = ((change.before, "before"), (change.after, "after"))
    numbers = [f"{value:.1f} {when}" for value, when in sides if value is not None]
    told = [str(each) for each in change.turned[:SHOWN]]
    extra = {
        **change.estimate.extra,
        **{when: float(value) for value, when in sides if value is not None},
        "flipped": [each.sample for each in change.turned[:SHOWN]],
        "answers": told,
    }
    reason = "; ".join(filter(None, (", ".join(numbers), change.verdict.reason)))
    return replace(
        like,
        claim=change.claim,
        estimates={"regression": replace(change.estimate, extra=extra)},
        verdict=replace(change.verdict, reason=reason),
        seconds=0.0,
        series=(),
        errors=(),
        flips=examples,
        counterexample=None,
    )
