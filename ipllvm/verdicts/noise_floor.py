"""The noise floor: what a second measurement of the same model, in other batches, differs by.

An A/A repetition is a replicate of its own in the store, with another batch size and another order of
the samples. Answers that flip then are what numerics do to near ties. They are in the variance of every
difference already and ask for no wider margin; but a tolerance that is smaller than the interval of
the net difference cannot be told from noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ipllvm.records import Benchmark, Claim, Contrast, Decision, Estimate, Verdict
from ipllvm.sampling import generator
from ipllvm.stats.choice import turned
from ipllvm.stats.flip_noise import FlipCounts
from ipllvm.stats.missing import at_worst
from ipllvm.verdicts import decide, ratio_change
from ipllvm.verdicts.wording import below_floor

NAME = "noise_floor"
REPLICATE = 1
_DECIMALS = 12


@dataclass(slots=True, eq=False)
class Floor:
    """What the repetition found, by claim; `repeating` while it runs. `raises` lifts margins to the floor."""

    raises: bool = False
    repeating: bool = True
    again: dict[str, Contrast] = field(default_factory=dict)
    reaches: dict[str, float] = field(default_factory=dict)
    flips: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    def keep(self, paired: Sequence[tuple[Claim, Contrast]]) -> Verdict:
        """Remember the contrasts of the repetition, which decides nothing."""
        self.again |= {claim.name: contrast for claim, contrast in paired}
        return Verdict(Decision.UNDECIDED, "a repetition, to be compared")

    def of(self, paired: Sequence[tuple[Claim, Contrast]], seed: int) -> Estimate:
        """The net difference of the two measurements in points; `discordant` counts the flips.

        `paired` are a claim with its contrast, then what else is compared with a baseline: how far
        each may be from 0 is kept in `reaches`, and how many clusters lost and won in `flips`.
        """
        found = {}
        for claim, contrast in paired:
            again = self.again.get(claim.name, _nothing(contrast))
            found[claim.name] = _estimate(contrast, again, seed)
            worse = 1.0 if claim.direction == "at_most" else -1.0
            flips = FlipCounts.of(at_worst(turned(difference(again, contrast), worse), 1))
            self.flips[claim.name] = (flips.lost, flips.won, flips.clusters)
        self.reaches |= {name: reach(each) for name, each in found.items()}
        return found[paired[0][0].name]

    def lifted(self, claim: Claim, floor: Estimate) -> Claim:
        """The claim with its margin raised to the floor, where that was asked for and is needed."""
        if not self.raises or not below(claim, floor):
            return claim
        text = f"{claim.text.rstrip('.')} (margin raised from {claim.margin:g} to the noise floor)."
        return replace(claim, margin=reach(floor), text=text)


def _nothing(contrast: Contrast) -> Contrast:
    """Of a claim that the repetition did not come to."""
    return replace(contrast, values=np.zeros(0), clusters=(), samples=(), over=None)


def _estimate(contrast: Contrast, again: Contrast, seed: int) -> Estimate:
    """What a repetition is off by: in points of the ratio where the claim is on one."""
    moved = difference(contrast, again)
    if not ratio_change.is_ratio(contrast, again):
        return decide.estimate(moved, seed=seed, replicates=0)
    made = decide.estimate(ratio_change.change(moved, contrast, again, -1.0), seed=seed, replicates=0)
    return ratio_change.told(made, moved, again, contrast, 1.0)


def reach(floor: Estimate) -> float:
    """How far from 0 the net difference may be, in points."""
    return max(abs(floor.low), abs(floor.high))


def below(claim: Claim, floor: Estimate) -> bool:
    """Whether a tolerance, "at most so much", is smaller than the floor; other margins are none."""
    return claim.direction == "at_most" and 0 < claim.margin < reach(floor)


def limited(verdict: Verdict, claim: Claim, floor: Estimate) -> Verdict:
    """UNDECIDED, with the reason, where the claim's margin is below the floor."""
    if verdict.decision is Decision.UNDECIDED or not below(claim, floor):
        return verdict
    return decide.withheld(verdict, below_floor(words(floor), claim.margin))


def words(floor: Estimate) -> str:
    """Flips and net difference for readers."""
    up, down = floor.discordant
    differ = f"{up + down} of {floor.n} samples differ in the repetition"
    return f"{differ}, the mean by up to {reach(floor):.2f} points"


def difference(first: Contrast, again: Contrast) -> Contrast:
    """`first` minus `again` by sample id, in twice the range; samples that only one has are errors."""
    shared, there = first.paired_with(again)
    values = first.values[shared] - again.values[there]
    planned = max(len(part.samples) + part.n_error for part in (first, again))
    return replace(
        first,
        name=NAME,
        values=np.round(values, _DECIMALS),
        clusters=tuple(first.clusters[row] for row in shared),
        samples=tuple(first.samples[row] for row in shared),
        bound=2 * first.bound,
        n_error=planned - len(shared),
        linearised=False,
        over=None,
        crossed=None,
        failed=(),
        signed=True,
    )


def other_order(benchmark: Benchmark, seed: int) -> Benchmark:
    """The same samples in another order."""
    order = generator(seed, NAME).permutation(len(benchmark.samples))
    return benchmark.part(benchmark.samples[row] for row in order)


def other_size(batch: int) -> int:
    """Another batch size, which needs no more memory unless it is 2."""
    return max(2, batch // 2 + 1) if batch != 2 else 3
