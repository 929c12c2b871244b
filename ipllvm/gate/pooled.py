"""Worse at all than a baseline: a claim beside the noise of its pair, and all answers of a run as one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ipllvm.benchmarks.names import source
from ipllvm.gate.baseline import CLEAN, Baseline, BaselineEntry, difference
from ipllvm.gate.outcome import Change, under_rule
from ipllvm.gate.picking import picked
from ipllvm.records import COMPARISON, EXACT, Claim, ClaimKey, Contrast
from ipllvm.stats.flip_noise import FlipCounts, may_be_used, p_beyond_noise, total
from ipllvm.stats.missing import at_worst
from ipllvm.verdicts import decide
from ipllvm.verdicts.failing import BY_MARGIN, FailRule
from ipllvm.verdicts.worse import POOLED, answer_weights, p_worse, pool

KEY = ClaimKey(POOLED, POOLED, "all")


def beyond(contrast: Contrast, *sides: BaselineEntry) -> float:
    """The p-value of "no worse at all", against the measured noise where both runs were repeated."""
    return beyond_noise(contrast, measured_noise(*sides), sides[-1].claim.exact if sides else EXACT[0])


def beyond_noise(contrast: Contrast, noise: FlipCounts | None, exact: str = EXACT[0]) -> float:
    """The same against that noise; None where none was measured. `exact` is the bound of the claim."""
    if noise is None or contrast.weighted or contrast.linearised:
        return p_worse(contrast, exact)
    change = FlipCounts.of(at_worst(contrast, -1))
    return p_beyond_noise(change, noise) if may_be_used(change, noise) else p_worse(contrast, exact)


def all_answers(
    before: Baseline,
    after: Baseline,
    compared: Sequence[ClaimKey],
    margin: float,
    source: str,
    rule: FailRule = BY_MARGIN,
    variants: int = 1,
) -> Change | None:
    """The row over all answers that both runs gave, clean and perturbed; None of a single measure.

    `compared` are the entries that agree, `margin` how much worse all may be together, in points.
    What a claim on a drop says of the answers under the perturbation is the drop and the clean score; a
    clean answer counts once however many properties measure it.
    """
    parts = list(_parts(before, after, compared))
    found = pool([(benchmark, contrast) for benchmark, contrast, _ in parts])
    if found is None or len(parts) < 2:
        return None
    claim = Claim(
        name=f"{COMPARISON}{POOLED}",
        quantity="regression",
        direction="at_most",
        margin=margin,
        kind="requirement",
        source=source,
        text=_text(len(found.values), margin, [contrast for _, contrast, _ in parts if len(contrast.values)]),
        primary=False,
    )
    verdict = picked(decide.decide(found, claim), claim, variants, found)
    p, keys = p_worse(found), [key for _, _, key in parts if key is not None]
    if len(keys) == len(parts):
        p = beyond_noise(found, _noise_by_picture(keys, before, after))
    verdict = under_rule(replace(verdict, p_worse=p), claim, rule)
    return Change(KEY, claim, None, None, decide.estimate(found, claim=claim), verdict)


def _text(answers: int, margin: float, contrasts: Sequence[Contrast]) -> str:
    """What is claimed of all answers: of their mean, or of one that is weighed."""
    alike = np.ptp(answer_weights(contrasts)) == 0
    which = "together" if alike else "together, less of those with many questions a picture,"
    return f"All {answers:,} answers {which} are not worse by more than {margin:g} points."


def _parts(
    before: Baseline, after: Baseline, compared: Sequence[ClaimKey]
) -> Iterator[tuple[str, Contrast, ClaimKey | None]]:
    """Benchmark, what its answers lost, and the entry where it is one; clean ones first, each sample once.

    Those that failed count with each row that has others.
    """
    cleans = [key for key in compared if key.claim == CLEAN]
    clean = {key: difference(before.entries[key], after.entries[key]) for key in cleans}
    seen: dict[str, set[str]] = {}
    for key, contrast in sorted(clean.items(), key=lambda each: -len(each[1].values)):
        new = np.array([s not in seen.setdefault(key.benchmark, set()) for s in contrast.samples], dtype=bool)
        seen[key.benchmark] |= set(contrast.samples)
        if new.all():
            yield key.benchmark, contrast, key
        elif new.any():
            others = replace(contrast.only(new), n_error=contrast.n_error, failed=contrast.failed)
            yield key.benchmark, others, None
    for key in compared:
        whole = clean.get(key._replace(claim=CLEAN))
        entry = after.entries[key]
        if whole is None or entry.claim.direction != "at_most" or entry.weighted or entry.over:
            continue
        drop = difference(before.entries[key], entry)
        if drop.samples == whole.samples and drop.n_error == whole.n_error:
            lost = np.round(drop.values + whole.values, 12)
            if np.any(np.abs(lost) > whole.bound):  # no answers give that: the files contradict themselves
                continue
            failed = tuple(each.anywhere for each in drop.failed)
            yield key.benchmark, replace(drop, values=lost, bound=whole.bound, failed=failed), None


def measured_noise(*sides: BaselineEntry) -> FlipCounts | None:
    """What the repetitions of both runs flipped; None unless all of these were repeated."""
    if not sides or not all(len(side.noise) == 3 for side in sides):
        return None
    return total([FlipCounts(*side.noise) for side in sides])


def _noise_by_picture(keys: Sequence[ClaimKey], *runs: Baseline) -> FlipCounts | None:
    """What the repetitions flipped, by the clusters of the row over all answers; None if one wasn't repeated.

    There a picture is one cluster however many renderings of a benchmark show it, and may flip in each.
    """
    together: dict[str, list[ClaimKey]] = {}
    for key in keys:
        together.setdefault(source(key.benchmark), []).append(key)
    found = [_of_pictures([run.entries[key] for key in own]) for run in runs for own in together.values()]
    return None if None in found else total([each for each in found if each is not None])


def _of_pictures(sides: Sequence[BaselineEntry]) -> FlipCounts | None:
    """The noise of measures of the same pictures: each flip is one of a picture of its own, at most."""
    noise = measured_noise(*sides)
    if noise is None or len(sides) == 1:
        return noise
    pictures = len({cluster for side in sides for cluster in side.clusters})
    return replace(noise, clusters=pictures)
