"""A/A experiments on halves of what was measured once: nothing is worse, and no verdict may say so.

A gate pairs by sample, so that its halves are those of the draws: the same samples, each with one half of
its draws then and the other half now (`of_draws`). Other samples are no pairs: halves of the samples are
two independent sets, whose variances add (`of_samples`), and which may well differ by more than a margin.
The splits share what was measured, so that their verdicts depend on each other.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ipllvm import claims
from ipllvm.calibration.cells import ALPHA
from ipllvm.gate import baseline
from ipllvm.gate.baseline import BaselineEntry
from ipllvm.metrics.performance_drop import performance_drop, score
from ipllvm.records import Claim, ClaimKey, Contrast, Decision, Scores
from ipllvm.sampling import generator
from ipllvm.stats.choice import choose
from ipllvm.verdicts import decide

if TYPE_CHECKING:
    from ipllvm.records import Perturbation

SPLITS, DRAWS = 200, 10


@dataclass(frozen=True, slots=True)
class HalvedScores:
    """The clean scores of one claim's samples, and the perturbed ones with an even number of draws."""

    claim: Claim
    clean: Scores
    perturbed: Scores


def measure(model: str, benchmark: str, questions: int) -> list[HalvedScores]:
    """Answers to questions of a benchmark: clean, with tokens permuted, with the picture's cells shuffled."""
    from ipllvm.benchmarks.subset import subset
    from ipllvm.engine.plan import Plan
    from ipllvm.engine.run import run
    from ipllvm.engine.scoring import scores_of
    from ipllvm.models.loading import load
    from ipllvm.perturbations.permutation import Permutation
    from ipllvm.perturbations.shuffle import PatchShuffle
    from ipllvm.perturbations.substitution import Clean
    from ipllvm.registry import BENCHMARKS
    from ipllvm.scorers.base import Grading

    data = subset(BENCHMARKS.load(benchmark)(seed=0), questions, 0)
    asked: dict[str, Perturbation] = {"permutation": Permutation(), "patch_shuffle": PatchShuffle(14)}
    plan = Plan(data.samples, (Clean(), *asked.values()), DRAWS, 0, data.max_new_tokens)
    asks, outcomes = load(model, device="cpu"), dict[Any, Any]()
    run(asks, plan, asks.batch_size(), outcomes, lambda done: None)
    scorer = Grading().of(data)
    clean, *others = (scores_of(plan, each, scorer, outcomes) for each in plan.perturbations)
    known = claims.load()
    return [HalvedScores(known[name], clean, scores) for name, scores in zip(asked, others, strict=True)]


def of_draws(found: Iterable[HalvedScores], splits: int = SPLITS) -> dict[str, Any]:
    """The gate between disjoint halves of the draws of every sample, dealt anew in each split."""
    counts: Counter[str] = Counter()
    for each in found:
        claim = replace(each.claim, direction="at_most", margin=each.claim.regression_margin)
        for split in range(splits):
            rng = generator("halves of draws", split, each.claim.name)
            contrast = baseline.difference(*(_entry(each, half) for half in _dealt(each.perturbed, rng)))
            counts[f"{each.claim.name} {decide.decide(contrast, claim).decision}"] += 1
    return _row(splits, counts)


def of_samples(found: Iterable[HalvedScores], splits: int = SPLITS) -> dict[str, Any]:
    """Disjoint halves of the samples, whole clusters, as two independent sets; the clean score too."""
    counts: Counter[str] = Counter()
    for claim, contrast in _contrasts(found).values():
        for split in range(splits):
            rng = generator("halves of samples", split, claim.name)
            low, high = apart(*_parted(contrast, rng), sign=int(claim.sign))
            margin = claim.regression_margin / 100
            verdict = Decision.VIOLATED if low > margin else Decision.HOLDS if high <= margin else None
            counts[f"{claim.name} {verdict or Decision.UNDECIDED}"] += 1
    return _row(splits, counts)


def apart(first: Contrast, second: Contrast, sign: int = 1) -> tuple[float, float]:
    """Bounds, 5 % on each side, of the mean of `second` minus that of `first`, two independent sets.

    The distances of each mean from its own bounds are added as variances are (Zou & Donner 2008).
    """
    (low, before, high), (lower, after, higher) = _bounds(first), _bounds(second)
    difference = after - before
    ends = (
        difference - float(np.hypot(after - lower, high - before)),
        difference + float(np.hypot(higher - after, before - low)),
    )
    return ends if sign > 0 else (-ends[1], -ends[0])


def _bounds(contrast: Contrast) -> tuple[float, float, float]:
    low, high = choose(contrast).interval(ALPHA)
    return low, float(contrast.values.mean()), high


def _contrasts(found: Iterable[HalvedScores]) -> Mapping[str, tuple[Claim, Contrast]]:
    """What is compared, by name."""
    made = {}
    for each in found:
        clean = baseline.clean_claim(each.claim.regression_margin)
        made[each.claim.name] = each.claim, performance_drop(each.clean, each.perturbed)
        made[clean.name] = clean, score(each.clean)
    return made


def _dealt(scores: Scores, rng: np.random.Generator) -> Iterable[Scores]:
    """Each sample's draws, dealt into two halves."""
    dealt = rng.permuted(scores.values, axis=1)
    return (replace(scores, values=half) for half in np.split(dealt, 2, axis=1))


def _parted(contrast: Contrast, rng: np.random.Generator) -> tuple[Contrast, Contrast]:
    """The samples in two halves; those of a cluster stay together."""
    clusters = sorted(set(contrast.clusters))
    chosen = {clusters[place] for place in rng.permutation(len(clusters))[: len(clusters) // 2]}
    inside = np.array([cluster in chosen for cluster in contrast.clusters])
    return _only(contrast, inside), _only(contrast, ~inside)


def _only(contrast: Contrast, rows: "np.ndarray[Any, np.dtype[np.bool_]]") -> Contrast:
    places = np.flatnonzero(rows)
    return replace(
        contrast,
        values=contrast.values[places],
        clusters=tuple(contrast.clusters[place] for place in places),
        samples=tuple(contrast.samples[place] for place in places),
    )


def _entry(measured: HalvedScores, half: Scores) -> BaselineEntry:
    """What a baseline would keep of a run with these draws."""
    claim = measured.claim
    return BaselineEntry.of(
        ClaimKey(claim.name, claim.name, ""), claim, performance_drop(measured.clean, half)
    )


def _row(splits: int, counts: Counter[str]) -> dict[str, Any]:
    false = sum(count for name, count in counts.items() if name.endswith(Decision.VIOLATED))
    return {
        "splits": splits,
        "comparisons": sum(counts.values()),
        "false_regressions": false,
        "verdicts": dict(sorted(counts.items())),
    }
