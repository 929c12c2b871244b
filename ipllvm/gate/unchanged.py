"""How often a gate would be red on an unchanged model, the user's own: by random halves of its answers.

Of two runs of one model each picture's answers are taken as "before" from a run that is drawn; of a single
run the pictures are dealt into two halves. Nothing is worse in either: every alarm is a false one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ipllvm.benchmarks.names import source
from ipllvm.errors import UsageError
from ipllvm.gate.baseline import Baseline, difference
from ipllvm.records import Contrast, Decision
from ipllvm.safety.printing import visible
from ipllvm.sampling import generator
from ipllvm.stats.choice import choose
from ipllvm.verdicts.answer import Member, decide
from ipllvm.verdicts.worse import POOLED, p_worse, pool

SPLITS = 200


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of a gate: its name, benchmark, margin in points, level, and what differs by sample."""

    name: str
    benchmark: str
    margin: float
    alpha: float
    contrast: Contrast


@dataclass(frozen=True, slots=True)
class Rates:
    """Of so many random halves: how many are red by more than the margin, and how many worse at all.

    `changed` is how many values of how many differ between two runs; None of a single run's halves.
    """

    splits: int
    violated: int
    worse: int
    changed: tuple[int, int] | None

    def __str__(self) -> str:
        what = "halves" if self.changed is None else "swaps"
        violated, worse = (100 * count / self.splits for count in (self.violated, self.worse))
        told = f"{self.splits} {what}: worse by more than the margin {violated:.1f} %, at all {worse:.1f} %"
        if self.changed is None:
            return told
        return f"{told}; {self.changed[0]} of {self.changed[1]} values differ between the two runs"


def rates(measures: Sequence[Measure], paired: bool, seed: int = 0, splits: int = SPLITS) -> Rates:
    """How often a gate over these measures alarms where nothing is worse.

    The contrasts are differences of two runs where they are `paired`, else the values of one run.
    """
    rng = generator(seed, "unchanged")
    used = measures if paired else [replace(each, contrast=_centred(each.contrast)) for each in measures]
    violated = worse = 0
    for _ in range(splits):
        found = decide(list(_members(used, rng)))
        violated += found.decision is Decision.VIOLATED
        worse += found.worse or found.decision is Decision.VIOLATED
    values = [value for each in measures for value in each.contrast.values]
    changed = (int(np.count_nonzero(values)), len(values)) if paired else None
    return Rates(splits, violated, worse, changed)


def _members(measures: Sequence[Measure], rng: np.random.Generator) -> list[Member]:
    """The claims of one gate, with the sign of each picture drawn once for all measures and renderings."""
    signs: dict[tuple[str, str], float] = {}
    parts, made = [], []
    for each in measures:
        pictures = source(each.benchmark)
        for cluster in each.contrast.clusters:
            signs.setdefault((pictures, cluster), float(rng.choice((-1.0, 1.0))))
        sign = np.array([signs[pictures, cluster] for cluster in each.contrast.clusters])
        drawn = replace(each.contrast, values=sign * each.contrast.values)
        parts.append((each.benchmark, drawn))
        test = choose(drawn)
        violated = test.p_violated(each.margin / 100)
        made.append(Member(each.name, each.benchmark, "", 1.0, violated, each.alpha, p_worse(drawn)))
    pooled = pool(parts) if len(parts) > 1 else None
    if pooled is not None:
        made.append(Member(POOLED, "", "", 1.0, 1.0, p_worse=p_worse(pooled), pooled=True))
    return made


def _centred(contrast: Contrast) -> Contrast:
    """The values about their mean: with a random sign a cluster, half minus other half.

    The steps stay, as they choose the test that a gate over such values would have; what may lie on either
    side of 0 may differ by twice as much.
    """
    values = np.asarray(contrast.values, dtype=float)
    bound = contrast.bound * (2 if np.any(values < 0) else 1)
    return replace(contrast, values=values - values.mean(), bound=bound, over=None)


def of(first: Baseline, second: Baseline | None = None, seed: int = 0) -> Rates:
    """The rates of a gate on one run, or on two of the same model; what they do not share is left out.

    Raises UsageError where they have no measure in common, or are of two models.
    """
    measures = []
    models = [dict(run.about.get("model") or {}) for run in (first, second or first)]
    if len({model["fingerprint"] for model in models if model.get("fingerprint")}) > 1:
        names = " and ".join(visible(str(model.get("name", ""))) for model in models)
        raise UsageError(f"compare --self: {names} are two models by their fingerprints: leave --self out")
    for key, entry in first.entries.items():
        other = entry if second is None else second.entries.get(key)
        if other is None or entry.claim.kind != "requirement" or entry.over:
            continue
        contrast = entry.contrast if second is None else difference(entry, other)
        margin, alpha = entry.claim.regression_margin, entry.claim.alpha
        measures.append(Measure(key.claim, key.benchmark, margin, alpha, contrast))
    if not measures:
        raise UsageError("compare --self: the runs have no requirement in common")
    return rates(measures, second is not None, seed)
