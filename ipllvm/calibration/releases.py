"""A release over ten benchmarks, simulated: who alarms where all lose a little, one loses much, or none.

All rows of a run, its pooled row, looks before its end and the measured noise of the pair are in it together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ipllvm.calibration import rival_rules as rules
from ipllvm.calibration.rival_rules import LEVEL, MARGIN, Paired, Rule
from ipllvm.calibration.rivals import Outcome, RivalCell
from ipllvm.records import Contrast, Decision
from ipllvm.sampling import generator
from ipllvm.stats.flip_noise import FlipCounts, may_be_used, p_beyond_noise, total
from ipllvm.stats.score_interval import ScoreTest
from ipllvm.stats.spending import levels
from ipllvm.verdicts.answer import Member, decide
from ipllvm.verdicts.worse import pool

BENCHMARKS, SAMPLES = 10, 300
SHAPES: Mapping[str, Sequence[tuple[int, ...]]] = {
    "singles": [(1,) * SAMPLES] * BENCHMARKS,
    "clusters": [*[(1,) * SAMPLES] * 4, *[(2,) * (SAMPLES // 2)] * 3, *[(10,) * (SAMPLES // 10)] * 3],
}
"""The clusters of the ten benchmarks."""
CATCH = 0.01
"""The regression that looks stop for when it is not there, in scores."""
SHARES = tuple(look / 6 for look in range(1, 7))
LEVELS, FUTILE = levels(SHARES, LEVEL / 2), levels(SHARES, LEVEL)
Law = tuple[Outcome, ...]


def _flips(lost: float, won: float) -> Law:
    return ((1.0, lost), (-1.0, won))


NOTHING, RARE, USUAL = _flips(0, 0), _flips(0.0015, 0.0015), _flips(0.01, 0.01)


@dataclass(frozen=True, slots=True)
class Release:
    """The law of all benchmarks but the first, that of the first, and the noise of a repetition."""

    name: str
    law: Law
    first: Law
    noise: Law
    harmful: bool


RELEASES: tuple[Release, ...] = (
    Release("unchanged, nothing flips", NOTHING, NOTHING, NOTHING, False),
    Release("unchanged, 0.3 % flip", RARE, RARE, RARE, False),
    Release("unchanged, 0.3 % flip, a tenth of it measured", RARE, RARE, _flips(0.00015, 0.00015), False),
    Release("unchanged, 2 % flip", USUAL, USUAL, USUAL, False),
    Release("equal but trained on, 2 % flip, engine exact", USUAL, USUAL, NOTHING, False),
    Release("equal but trained on, 0.3 % flip, engine exact", RARE, RARE, NOTHING, False),
    Release("all lose 1, none won, engine exact", _flips(0.01, 0), _flips(0.01, 0), NOTHING, True),
    Release("all lose 1.5, win 0.5, engine exact", _flips(0.015, 0.005), _flips(0.015, 0.005), NOTHING, True),
    Release("all lose 2.5, win 1.5", _flips(0.025, 0.015), _flips(0.025, 0.015), USUAL, True),
    Release("one loses 5, others 2 % flip", USUAL, _flips(0.06, 0.01), USUAL, True),
    Release("one loses 5, engine exact", NOTHING, _flips(0.05, 0), NOTHING, True),
)


@dataclass(frozen=True, eq=False)
class SimulatedGate:
    """One simulated gate: what was lost on each benchmark, and what two repetitions of one model flipped."""

    found: Sequence[Paired]
    again: Sequence[Paired]

    @cached_property
    def parts(self) -> list[tuple[str, Any]]:
        """The contrasts by benchmark."""
        return [(str(number), each.contrast) for number, each in enumerate(self.found)]

    @cached_property
    def rows(self) -> list[ScoreTest]:
        """The test of each benchmark."""
        return [ScoreTest.of(contrast) for _, contrast in self.parts]

    @cached_property
    def looks(self) -> list[ScoreTest]:
        """The test of all answers together, at each look."""
        return [ScoreTest.of(_pooled(self, share)) for share in SHARES]


def drawn(release: Release, shape: str, run: int) -> SimulatedGate:
    """One run of a release on benchmarks of that shape."""
    rng = generator("releases", release.name, shape, run)
    cells = [
        RivalCell(
            "", sizes, {"at": release.first if not number else release.law, "same": release.noise}, "mix"
        )
        for number, sizes in enumerate(SHAPES[shape])
    ]
    found = [cell.drawn("at", rng) for cell in cells]
    return SimulatedGate(found, [cell.drawn("same", rng) for _ in range(2) for cell in cells])


def ours(run: SimulatedGate) -> bool:
    """This project with --fail-on=worse: any row or the pooled one is worse, or a row is VIOLATED."""
    return _alarm(run, _worse(run.rows), _worse([run.looks[-1]])[0])


def ours_beside_noise(run: SimulatedGate) -> bool:
    """The same with --noise-floor, measured with the baseline and with the candidate."""
    half = len(run.again) // 2
    pairs = zip(run.again[:half], run.again[half:], strict=True)
    noise = [total([FlipCounts.of(each.contrast) for each in pair]) for pair in pairs]
    flips = [FlipCounts.of(contrast) for _, contrast in run.parts]
    if not may_be_used(total(flips), total(noise)):
        return ours(run)
    rows = [p_beyond_noise(each, own) for each, own in zip(flips, noise, strict=True)]
    return _alarm(run, rows, p_beyond_noise(total(flips), total(noise)))


def ours_with_looks(run: SimulatedGate) -> bool:
    """The same with six looks at all answers together, and at the rows at the end."""
    return _alarm(run, _worse(run.rows), 0.0 if looked(run)[0] else 1.0)


def looked(run: SimulatedGate) -> tuple[bool, int]:
    """What looks at all answers say, with half of the level, and after how many answers."""
    for seen, level, unlikely in zip(run.looks, LEVELS, FUTILE, strict=True):
        if seen.p_violated(0.0) <= level:
            return True, seen.n
        if seen.p_holds(CATCH) <= unlikely:
            return False, seen.n
    return False, seen.n


def _worse(tests: Sequence[ScoreTest]) -> list[float]:
    return [test.p_violated(0.0) for test in tests]


def _alarm(run: SimulatedGate, rows: Sequence[float], pooled: float) -> bool:
    """Whether the gate's one answer is red; `pooled` is the p-value of the row over all answers."""
    members = [Member("all", "", "", 1.0, 1.0, p_worse=pooled, pooled=True)]
    for test, p in zip(run.rows, rows, strict=True):
        members.append(Member("", "", "", 1.0, test.p_violated(MARGIN), LEVEL, p))
    answer = decide(members)
    return answer.worse or answer.decision is Decision.VIOLATED


def _pooled(run: SimulatedGate, share: float) -> Contrast:
    """All answers, or those of the first clusters of every benchmark."""
    parts = [(name, _first(contrast, share)) for name, contrast in run.parts]
    made = pool(parts)
    if made is None:
        raise ValueError("a release without benchmarks")
    return made


def _first(contrast: Contrast, share: float) -> Contrast:
    names = dict.fromkeys(contrast.clusters)
    kept = set(list(names)[: -(-int(len(names) * share * 1e6) // int(1e6))])
    n = sum(cluster in kept for cluster in contrast.clusters)
    return replace(contrast, values=contrast.values[:n], clusters=contrast.clusters[:n])


def _any(rule: Rule) -> Callable[[SimulatedGate], bool]:
    return lambda run: any(rule(each)[1] for each in run.found)


def _together(rule: Rule) -> Callable[[SimulatedGate], bool]:
    def alarm(run: SimulatedGate) -> bool:
        lost = np.concatenate([each.lost for each in run.found])
        offsets = np.cumsum([0, *(each.cluster[-1] + 1 for each in run.found[:-1])])
        cluster = np.concatenate([each.cluster + o for each, o in zip(run.found, offsets, strict=True)])
        return rule(Paired(lost, cluster))[1]

    return alarm


PROCEDURES: dict[str, Callable[[SimulatedGate], bool]] = {
    "ipllvm": ours,
    "ipllvm --noise-floor": ours_beside_noise,
    "ipllvm, looks at all answers": ours_with_looks,
    "threshold of 2 points, any row": _any(rules.threshold),
    "unpaired z (lm-eval), any row": _any(rules.unpaired_z),
    "McNemar two-sided (mlflow, holdline), any row": _any(rules.mcnemar),
    "paired t interval (lmms-eval), any row": _any(rules.paired_t),
    "cluster t interval (evaluatellm), any row": _any(rules.cluster_t),
    "McNemar one-sided, pooled (Amazon)": _together(rules.one_sided_mcnemar),
}


def measure(release: Release, shape: str, runs: int) -> dict[str, float]:
    """How often each procedure alarms, in %, and how many answers the looks used on average."""
    counts = dict.fromkeys(PROCEDURES, 0)
    used = 0
    for number in range(runs):
        run = drawn(release, shape, number)
        used += looked(run)[1]
        for name, alarms in PROCEDURES.items():
            counts[name] += bool(alarms(run))
    return {**{name: 100 * n / runs for name, n in counts.items()}, "answers with looks": used / runs}
