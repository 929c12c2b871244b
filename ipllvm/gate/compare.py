"""Two runs compared: what is paired, what is refused, what became of each claim. Imports no torch."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ipllvm.gate.answers import FlippedSample
from ipllvm.gate.baseline import Baseline, BaselineEntry, difference
from ipllvm.gate.outcome import REFRESH, Change, Gate
from ipllvm.records import Claim, Decision, Result, Verdict
from ipllvm.verdicts import decide, ratio_change

MATERIAL = (
    "digest", "prompt", "template", "max_new_tokens", "draws", "seed", "permutation_scope", "noise_kind",
    "patch_information", "occlusion_budget", "answer", "scorer", "judge", "encoder", "synthetic", "dtype",
    "attention", "agg",
)  # fmt: skip
"""Settings that must agree: otherwise two numbers are not of the same thing."""
VERSIONS = ("transformers",)
"""Packages of which another version is another model; others may differ, which is told."""
IMMATERIAL = ("device", "batch_size")
"""Settings that may differ, which is told."""
SHOWN, NAMED = 20, 3


def compare(before: Baseline, after: Baseline, source: str, refresh: str = REFRESH) -> Gate:
    """`after` against `before`; the regression margin is the one that `after` was measured with.

    `refresh` is what makes `after` the baseline, told where it is better.
    """
    about = (each.about for each in (before, after))
    then, now = ({**each.get("versions", {}), **each.get("machine", {})} for each in about)
    versions = list(_differ(then, now, then.keys() & now.keys() & set(VERSIONS)))
    changes, refused = [], []
    notes = list(_differ(then, now, [name for name in then if name in now and name not in VERSIONS]))
    for key, entry in after.entries.items():
        old = before.entries.get(key)
        if old is None:
            continue
        differ = [*_differ(old.settings, entry.settings, MATERIAL), *versions]
        if differ:
            refused.append((key, f"settings differ: {', '.join(differ)}"))
            continue
        changes.append(_change(old, entry, source))
        notes += [*_differ(old.settings, entry.settings, IMMATERIAL), *_alone(old, entry)]
    return Gate(
        tuple(changes),
        tuple(refused),
        tuple(key for key in before.entries if key not in after.entries),
        tuple(key for key in after.entries if key not in before.entries),
        tuple(dict.fromkeys(f"noted: {note}" for note in notes)),
        refresh,
    )


def _differ(then: Mapping[str, Any], now: Mapping[str, Any], names: Iterable[str]) -> Iterator[str]:
    """What of two runs differs, by name."""
    for name in names:
        if then.get(name) != now.get(name):
            yield f"{name} {_short(then.get(name))} then, {_short(now.get(name))} now"


def _alone(old: BaselineEntry, new: BaselineEntry) -> Iterator[str]:
    """The samples that only one of the runs has, which count as missing."""
    for where, here, other in (("the baseline", old, new), ("this run", new, old)):
        known = set(other.samples)
        alone = [sample for sample in here.samples if sample not in known]
        if alone:
            named = ", ".join(alone[:NAMED]) + (", ..." if len(alone) > NAMED else "")
            yield f"{len(alone)} samples of {old.key[2]} only in {where}: {named}"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 32 else text[:12]


def _change(old: BaselineEntry, new: BaselineEntry, source: str) -> Change:
    contrast, flipped = difference(old, new)
    before, after, kind = old.contrast, new.contrast, new.claim.kind
    ratio = ratio_change.is_ratio(before, after)
    decisive = ratio_change.change(contrast, before, after, new.worse) if ratio else contrast
    claim = replace(
        new.claim,
        name=f"regression:{new.claim.name}",
        quantity="regression",
        direction="at_most",
        margin=new.claim.regression_margin,
        source=source,
        text=f"{new.claim.name} is not worse than the baseline by more than "
        f"{new.claim.regression_margin:g} points{' of its ratio' if ratio else ''}.",
        kind=kind,
        primary=False,
    )
    if new.settings.get("margin_floor") and new.floor is not None and new.floor > claim.margin:
        text = f"{claim.text} The margin was raised to the noise floor of {new.floor:.2f} points."
        claim = replace(claim, margin=new.floor, text=text)
    estimate, verdict = decide.estimate(decisive, claim=claim), decide.decide(decisive, claim)
    if ratio:
        estimate = ratio_change.told(estimate, contrast, before, after, new.worse)
        verdict = ratio_change.guarded(verdict, before, after)
    verdict = _above_noise(verdict, claim, new.floor)
    improved = bool(estimate.n and estimate.high < -claim.margin)
    turned = tuple(FlippedSample(each, old.said.get(each), new.said.get(each)) for each in flipped)
    return Change(new.key, claim, old.mean, new.mean, estimate, verdict, flipped, improved, turned)


def _above_noise(verdict: Verdict, claim: Claim, floor: float | None) -> Verdict:
    """The verdict; UNDECIDED where the margin is smaller than what a repetition may be off."""
    if floor is None or floor <= claim.margin or verdict.decision is Decision.UNDECIDED:
        return verdict
    reason = (
        f"margin below the noise floor: a repetition may be off by {floor:.2f} points, the margin is "
        f"{claim.margin:g}; more samples or a fixed --batch-size may lower it, --margin-floor raises it"
    )
    return decide.withheld(verdict, reason)


def result(change: Change, like: Result) -> Result:
    """A change as a row of the report, like the row of the claim itself."""
    numbers = [
        f"{x:.1f} {when}" for x, when in ((change.before, "then"), (change.after, "now")) if x is not None
    ]
    told = [str(each) for each in change.turned[:SHOWN]]
    extra = {**change.estimate.extra, "flipped": list(change.flipped[:SHOWN]), "answers": told}
    reason = f"{', '.join(numbers)}; {change.verdict.reason}"
    return replace(
        like,
        claim=change.claim,
        estimates={"regression": replace(change.estimate, extra=extra)},
        verdict=replace(change.verdict, reason=reason),
        series=(),
        errors=(),
        flips=(),
        counterexample=None,
    )
