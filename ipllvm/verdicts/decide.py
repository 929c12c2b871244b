"""From a contrast to an estimate, and from an estimate and a claim to a verdict.

A claim is one-sided: it holds where the bound of the mean on the claim's side stays inside the
margin, is violated where the other bound stays outside, and is undecided otherwise. Each bound is
valid at the claim's alpha (Schuirmann 1987); p-values and bounds come from one test.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import ndtri

from ipllvm.metrics.performance_drop import score
from ipllvm.records import EXACT, Claim, Contrast, Decision, Estimate, Scores, Verdict
from ipllvm.sampling import generator
from ipllvm.stats.bootstrap import bootstrap_interval
from ipllvm.stats.choice import choose, turned
from ipllvm.stats.clusters import cluster_sums, effective_clusters, mean_size
from ipllvm.stats.crossed import FEWEST_DRAWS
from ipllvm.stats.detectable import WHOLE, Detectable, PlannedRun
from ipllvm.stats.missing import at_worst
from ipllvm.stats.power import (
    POWER,
    Outlook,
    design_effect,
    minimum_detectable_effect,
    outlook,
    required_samples,
)
from ipllvm.stats.proportion import proportion_interval
from ipllvm.stats.protocol import HypothesisTest
from ipllvm.stats.score_interval import ScoreTest
from ipllvm.verdicts.decision import decision_of
from ipllvm.verdicts.guard import conditions, share_of_gain
from ipllvm.verdicts.outlook import ahead
from ipllvm.verdicts.wording import relation

FITTED = ", cross-fitted max over draws"
NO_EFFECT = "no effect can be shown by so few"
_ALPHA = 0.05
_SCALE = {"points": 100.0, "score": 1.0}
_POINTS = 100.0


def estimate(
    contrast: Contrast,
    unit: str = "points",
    seed: int = 0,
    replicates: int = 9999,
    claim: Claim | None = None,
) -> Estimate:
    """The mean of `contrast` with its interval (`choose`), 5 % on each side, in `unit` (points, score).

    With a `claim` the interval is the one that decides it: at its alpha, with its side. Where samples
    failed the interval puts them at the worst end, and extra["complete_case"] is the one without them.
    `discordant` counts the samples that lost and that gained. `seed` fixes the bootstrap shown in
    extra["bootstrap"], which is None where too little changed.
    """
    scale = _SCALE[unit]
    alpha, exact = (_ALPHA, EXACT[0]) if claim is None else (claim.alpha, claim.exact)
    sign = 1.0 if claim is None else claim.sign
    own = turned(contrast, sign)
    test, judge = _tests(own.complete, exact)
    rng = generator(seed, contrast.name, "bootstrap")
    shown = bootstrap_interval(contrast, rng, alpha, replicates)
    low, high = contrast.inside(_oriented(judge.interval(alpha), sign))
    bounds = low, high
    if contrast.n_error:
        judge = choose(own, exact)
        bounds = contrast.inside(_oriented(judge.interval(alpha), sign))
    extra = {
        **_sizes(contrast, test, (scale * low, scale * high)),
        "bootstrap": None if shown is None else (scale * shown[0], scale * shown[1]),
    }
    method = _method(contrast, test, judge.method + FITTED * contrast.fitted)
    made = _estimate(contrast, unit, seed, method, bounds, extra)
    return replace(made, discordant=_discordant(contrast))


def accuracy(name: str, scores: Scores, seed: int = 0, unit: str = "points") -> Estimate:
    """The mean of `scores` (a clean or blank-image accuracy), 5 % on each side, named `name`.

    The interval is Wilson's with the effective sample size, Clopper & Pearson's at 0 and 1, the
    whole range with fewer than two clusters; missing samples as in `estimate`.
    """
    contrast = replace(score(scores), name=name)
    test, scale = ScoreTest.of(contrast.complete), _SCALE[unit]
    complete = _of_scores(test)
    bounds, means = complete, {test.mean}
    if contrast.n_error:
        sides = [test if test.too_little else ScoreTest.of(at_worst(contrast, side)) for side in (-1, 1)]
        bounds, means = (_of_scores(sides[0])[0], _of_scores(sides[1])[1]), {each.mean for each in sides}
    name_of_method = "Clopper-Pearson" if means <= {0, 1} else "Wilson, effective sample size"
    extra = _sizes(contrast, test, (scale * complete[0], scale * complete[1])) | unread(scores)
    return _estimate(contrast, unit, seed, _method(contrast, test, name_of_method), bounds, extra)


def _of_scores(test: ScoreTest) -> tuple[float, float]:
    """The interval of a mean of scores, in [0, 1]."""
    mean = min(max(test.mean, 0.0), 1.0)
    return proportion_interval(mean, 0.0 if test.too_little else test.effective, _ALPHA)


def unread(scores: Scores) -> dict[str, float]:
    """For an estimate's extra field: the share of responses that no answer was read of, where it is known."""
    return {} if scores.unread is None else {"unread": scores.unread}


def decide(
    contrast: Contrast, claim: Claim, guard: Contrast | None = None, *, available: int | None = None
) -> Verdict:
    """The verdict on `claim`, whose margin is in points, at the claim's own alpha.

    `guard` is the gain from seeing (clean minus blank image), which must exceed the claim's margin, as the
    denominator of a ratio must exceed 0: the p-values are the largest of these tests' and the claim's own.
    `available` is the number of samples of the whole benchmark. Both p-values are 1 where nothing could be
    decided.
    """
    sign, margin = claim.sign, claim.signed_margin
    own = turned(contrast, sign)
    test, measured = _tests(own.complete, claim.exact)
    judge = choose(own, claim.exact) if contrast.n_error else measured
    if test.too_little or judge.too_little:
        return _not_enough(contrast, claim, margin, planned_effect(contrast, claim), available)
    effect = _detectable(contrast, test, measured, claim)
    needs = list(conditions(contrast, claim, guard))
    need = max((each.p for each in needs), default=0.0)
    p_holds, p_violated = (max(p, need) for p in (judge.p_holds(margin), judge.p_violated(margin)))
    for each in needs:
        if each.p > claim.alpha:
            return Verdict(Decision.UNDECIDED, each.unmet(), p_holds, p_violated, effect)
    bounds = contrast.inside(_oriented(judge.interval(claim.alpha), sign))
    decision = decision_of(claim.alpha, p_holds, p_violated)
    if decision is not Decision.UNDECIDED:
        p = p_holds if decision is Decision.HOLDS else p_violated
        said = f"{relation(bounds, decision, claim)} (p = {p:.2g}){share_of_gain(contrast, guard)}"
        return Verdict(decision, said, p_holds, p_violated, effect)
    found = ahead(contrast, claim, test, judge, available)
    open_ = relation(bounds, Decision.UNDECIDED, claim)
    reason = f"{open_}; {found.sentence}; {_detects(contrast, claim, effect)}"
    return Verdict(Decision.UNDECIDED, reason, p_holds, p_violated, effect, found.n)


def samples_ahead(contrast: Contrast, claim: Claim) -> Outlook | None:
    """How many samples would decide a claim that is open; None where too few tell anything."""
    own = turned(contrast, claim.sign)
    test, judge = _tests(own.complete, claim.exact)[0], choose(own, claim.exact)
    return None if test.too_little or judge.too_little else ahead(contrast, claim, test, judge)


def withheld(verdict: Verdict, reason: str) -> Verdict:
    """The verdict that is not given for that reason, whatever the numbers: UNDECIDED, with p-values of 1."""
    return replace(verdict, decision=Decision.UNDECIDED, reason=reason, p_holds=1.0, p_violated=1.0)


def planned_effect(contrast: Contrast, claim: Claim) -> float | None:
    """Minimum detectable effect in points as planned: from the claim's discordance, not the data.

    None where so few samples can show no effect that there may be.
    """
    found = planned_effects(contrast, claim)
    return None if found is None else _shown(found.larger)


def planned_effects(contrast: Contrast, claim: Claim) -> Detectable | None:
    """The same for either side, in scores; None without a sample."""
    if not len(contrast.values):
        return None
    run = PlannedRun(cluster_sums(contrast)[1], contrast.draws, claim.planned_discordance, contrast.shared)
    return run.detects(claim.signed_margin, contrast.lattice, claim.alpha)


def _tests(contrast: Contrast, exact: str) -> tuple[ScoreTest, HypothesisTest]:
    """The score test, which tells of sizes and spread, and what decides if nothing failed: often the same."""
    judge = choose(contrast, exact)
    return (judge if isinstance(judge, ScoreTest) else ScoreTest.of(contrast)), judge


def _detectable(contrast: Contrast, test: ScoreTest, judge: HypothesisTest, claim: Claim) -> float | None:
    """As `planned_effect`, but from the observed changes where there are any.

    Never nearer to the margin than the interval reaches from the mean, and as far again as the mean varies:
    where few clusters tell little their bound is wider than the spread alone.
    """
    if test.concordant:
        return planned_effect(contrast, claim)
    error = test.standard_error(claim.signed_margin) if judge.own_error is None else judge.own_error
    spread = minimum_detectable_effect(error, contrast.lattice, test.n, claim.alpha)
    low, high = judge.interval(claim.alpha)
    mean = test.mean * test.bound
    varies = float(ndtri(POWER)) * (test.standard_error(mean) if judge.own_error is None else judge.own_error)
    return _shown(max(spread, max(high - mean, mean - low) + varies), contrast.bound)


def _shown(effect: float, bound: float = WHOLE) -> float | None:
    """An effect in points; None for one beyond all that the values can change by."""
    return _POINTS * effect if effect <= max(bound, WHOLE) else None


def _detects(contrast: Contrast, claim: Claim, effect: float | None) -> str:
    planned = planned_effect(contrast, claim)
    if effect is None:
        return NO_EFFECT
    expected = "none" if planned is None else f"{planned:.2f}"
    return f"minimum detectable effect {effect:.2f} points (planned {expected})"


def _not_enough(
    contrast: Contrast, claim: Claim, margin: float, effect: float | None, available: int | None
) -> Verdict:
    n, clusters = len(contrast.values), len(set(contrast.clusters))
    reason = f"too little to decide: {n} sample{'s' * (n != 1)} in {clusters} cluster{'s' * (clusters != 1)}"
    if n == 0:
        reason = "no sample has a value: all failed or were not read" if contrast.n_error else "no samples"
    if contrast.crossed is not None and n:
        reason += f", {contrast.draws} of the {FEWEST_DRAWS} draws that others need"
    deff = contrast.shared * design_effect(contrast.draws, mean_size(cluster_sums(contrast)[1]))
    needed = required_samples(abs(margin), claim.planned_discordance, deff=deff, alpha=claim.alpha)
    if needed is None:
        return Verdict(Decision.UNDECIDED, reason, minimum_detectable_effect=effect)
    found = outlook(contrast.in_samples(needed), available)
    return Verdict(Decision.UNDECIDED, f"{reason}; {found.sentence}", 1.0, 1.0, effect, found.n)


def _oriented(interval: tuple[float, float], sign: float) -> tuple[float, float]:
    """Bounds of a contrast from those of the one that was turned by `sign`."""
    low, high = interval
    return (low, high) if sign > 0 else (-high, -low)


def _method(contrast: Contrast, test: ScoreTest, name: str) -> str:
    if test.too_little:
        return "range only: fewer than 2 clusters"
    return f"{name}; worst case for missing samples" if contrast.n_error else name


def _sizes(contrast: Contrast, test: ScoreTest, complete: tuple[float, float]) -> dict[str, Any]:
    """What the extra field tells of the interval: sizes, and the interval without worst cases."""
    return {
        "deff": test.deff,
        "n_effective": test.effective,
        "nu": effective_clusters(contrast),
        "complete_case": complete,
    }


def _discordant(contrast: Contrast) -> tuple[int, int]:
    values = np.asarray(contrast.values, dtype=float)
    return int((values > 0).sum()), int((values < 0).sum())


def _estimate(
    contrast: Contrast,
    unit: str,
    seed: int,
    method: str,
    bounds: tuple[float, float],
    extra: Mapping[str, Any],
) -> Estimate:
    values, scale = np.asarray(contrast.values, dtype=float), _SCALE[unit]
    return Estimate(
        name=contrast.name,
        unit=unit,
        value=scale * float(values.mean()) if len(values) else None,
        low=scale * bounds[0],
        high=scale * bounds[1],
        method=method,
        n=len(values),
        clusters=len(set(contrast.clusters)),
        draws=contrast.draws,
        n_error=contrast.n_error,
        seed=seed,
        extra=extra,
    )
