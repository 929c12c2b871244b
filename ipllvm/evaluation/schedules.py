"""How often a property is measured, on which samples, and what its verdicts and intervals come from.

`Fixed` is a fixed number of samples, measured once; the others say in what they differ from it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ipllvm.engine.plan import Plan
from ipllvm.engine.shard import Shard
from ipllvm.errors import NotTested
from ipllvm.gate.sequential import SequentialGate
from ipllvm.records import Benchmark, Claim, Contrast, Decision, Estimate, Sample, Series, Verdict
from ipllvm.verdicts import decide
from ipllvm.verdicts.noise_floor import REPLICATE, Floor, limited, other_order, other_size
from ipllvm.verdicts.outlook import unbounded
from ipllvm.verdicts.sequential import InterimAnalyses
from ipllvm.verdicts.series import plain
from ipllvm.verdicts.top_up import Book, Look, over_all, unplanned

Call = Callable[[Benchmark], None]
"""Calls the test of a property on a benchmark, with everything that an earlier call measured forgotten."""


class Fixed:
    """All planned samples once."""

    replicate = 0
    """Which measurement of the same trials this is."""

    def measure(self, call: Call, planned: Benchmark, batch: int) -> None:
        """Call the test as often as it takes; `batch` is how many trials the engine takes at a time."""
        call(planned)

    def batch_size(self, usual: int) -> int:
        """The size of the engine's batches."""
        return usual

    def before(self, *plans: Plan) -> None:
        """Told what is about to be run, one after the other; may end the test."""

    def drawn(self, samples: Sequence[Sample], most: int | None) -> tuple[Sample, ...]:
        """Those of the samples on which a curve is drawn that no claim is about: the first `most`."""
        return tuple(samples[:most])

    def stopped(self, samples: Sequence[Sample]) -> tuple[Sample, ...]:
        """Those of the samples that count where the run was stopped."""
        return tuple(samples)

    def given(self, paired: Sequence[tuple[Claim, Contrast]]) -> Verdict | None:
        """The verdict on the first claim where nothing is to be decided now; told what was measured."""
        return None

    def claimed(self, claim: Claim, paired: Sequence[tuple[Claim, Contrast]], seed: int) -> Claim:
        """The claim as it is decided."""
        return claim

    def decide(self, contrast: Contrast, claim: Claim, guard: Contrast | None, available: int) -> Verdict:
        """The verdict on a claim; `available` is how many samples the whole benchmark has."""
        return decide.decide(contrast, claim, guard, available=available)

    def glimpsed(self, contrast: Contrast, claim: Claim, guard: Contrast | None, available: int) -> Verdict:
        """What a run that was stopped would say: it decides nothing, and is no look."""
        return self.decide(contrast, claim, guard, available)

    def limited(self, verdict: Verdict, claim: Claim) -> Verdict:
        """The verdict, or UNDECIDED where the claim is finer than the measurement."""
        return verdict

    def settles(self, claim_name: str, verdict: Verdict, ended: bool) -> bool:
        """Whether the verdict is to be recorded now; `ended` says that nothing more can be measured."""
        return True

    def decisive(self, contrast: Contrast, claim: Claim, seed: int) -> Estimate:
        """The estimate that the claim speaks of."""
        return decide.estimate(contrast, seed=seed, claim=claim)

    def interval(self, found: Estimate, contrast: Contrast | None) -> Estimate:
        """An estimate beside a claim with the interval that is valid; `contrast` is what it was made of."""
        return found

    def series(self, found: Sequence[Series]) -> tuple[Series, ...]:
        """Curves and maps with the bounds that are valid."""
        return tuple(found)

    def beside(self, claim_name: str) -> dict[str, Estimate]:
        """Estimates that this schedule itself has of a claim."""
        return {}

    @property
    def reaches(self) -> Mapping[str, float]:
        """How far a repetition may be off, in points, by claim."""
        return {}

    @property
    def flips(self) -> Mapping[str, tuple[int, ...]]:
        """How many clusters a repetition lost and won, of how many, by claim."""
        return {}

    @property
    def analyses(self) -> Mapping[str, tuple[tuple[int, int], ...]]:
        """How many samples had given a value at each look at a comparison, of how many, by claim."""
        return {}


class Noted(Fixed):
    """All planned samples once, and the look written down; with a plan it is one of several."""

    def __init__(self, book: Book, key: str, planned: int | None) -> None:
        self._book, self._key, self._planned = book, key, planned

    def decide(self, contrast: Contrast, claim: Claim, guard: Contrast | None, available: int) -> Verdict:
        """At the level of this look, where there is a plan for several."""
        found = super().decide(contrast, claim, guard, available)
        key = f"{self._key} {claim.name} {claim.words}"
        count = contrast.sample_count or len(contrast.values)  # a part of the questions may bear on a claim
        look = Look(key, count, found.p_holds, found.p_violated, min(self._planned or 0, available))
        earlier = self._book.of(key)
        self._book.add(look)
        weighed = unplanned if self._planned is None else over_all
        return weighed(found, claim, look, earlier)

    def glimpsed(self, contrast: Contrast, claim: Claim, guard: Contrast | None, available: int) -> Verdict:
        """As alone: what a signal cut short was not looked at, and stays unwritten."""
        return super().decide(contrast, claim, guard, available)


class Sharded(Fixed):
    """One part of the samples, of which nothing is decided: what was measured is in the store."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._planned: tuple[Sample, ...] = ()

    def drawn(self, samples: Sequence[Sample], most: int | None) -> tuple[Sample, ...]:
        """Those that are among the first of all parts together, as in a whole run; one where none is."""
        first = {sample.id for sample in self._planned[:most]}
        return tuple(sample for sample in samples if sample.id in first) or tuple(samples[:1])

    def measure(self, call: Call, planned: Benchmark, batch: int) -> None:
        """Raises NotTested once this part is measured: the verdict belongs to all parts together."""
        part, self._planned = self._shard.part(planned.samples), planned.samples
        if part:
            call(planned.part(part))
        raise NotTested(
            f"shard {self._shard}: {len(part):,} of {len(planned.samples):,} samples measured; "
            "ipllvm report --merge decides when all are"
        )

    def given(self, paired: Sequence[tuple[Claim, Contrast]]) -> Verdict | None:
        """None is given here."""
        return Verdict(Decision.UNDECIDED, f"shard {self._shard} of the samples")


class PlanOnly(Fixed):
    """Nothing is measured: `tell` is told the plan, and ends the test."""

    def __init__(self, tell: Callable[..., None]) -> None:
        self._tell = tell

    def before(self, *plans: Plan) -> None:
        """See Fixed."""
        self._tell(*plans)


class UntilDecided(Fixed):
    """More and more clusters until each claim is decided."""

    def __init__(self, interim: InterimAnalyses) -> None:
        self._interim = interim

    def measure(self, call: Call, planned: Benchmark, batch: int) -> None:
        """Where a claim seems to be decided, the test is called once more to tell what it found."""
        interim = self._interim
        while not interim.seen or (interim.undecided and not interim.exhausted):
            interim.advance(batch)
            self._look(call)
            if interim.promising and not interim.telling:
                interim.telling = True
                self._look(call)

    def _look(self, call: Call) -> None:
        self._interim.begin()
        call(self._interim.benchmark)

    def stopped(self, samples: Sequence[Sample]) -> tuple[Sample, ...]:
        """Those of complete looks."""
        return self._interim.stopped(samples)

    def given(self, paired: Sequence[tuple[Claim, Contrast]]) -> Verdict | None:
        """A verdict stays."""
        return self._interim.decided.get(paired[0][0].name)

    def decide(self, contrast: Contrast, claim: Claim, guard: Contrast | None, available: int) -> Verdict:
        """By the evidence so far."""
        return self._interim.decide(contrast, claim, guard, available)

    def settles(self, claim_name: str, verdict: Verdict, ended: bool) -> bool:
        """Where it was given, or there is nothing more to look at."""
        return self._interim.settles(claim_name, verdict) or ended

    def decisive(self, contrast: Contrast, claim: Claim, seed: int) -> Estimate:
        """With a confidence sequence, and what the looks were."""
        if contrast.together:  # decided once, at the end, as of a fixed sample
            plainly = decide.estimate(contrast, seed=seed, claim=claim)
        else:
            plainly = replace(plain(contrast.name, contrast), seed=seed)
        found = self._interim.shown(plainly, contrast, claim)
        return replace(found, extra={**found.extra, "sequential": self._interim.about(contrast, claim)})

    def interval(self, found: Estimate, contrast: Contrast | None) -> Estimate:
        """A confidence sequence; none where there is no contrast to make one of."""
        return self._interim.bare(found) if contrast is None else self._interim.shown(found, contrast)

    def series(self, found: Sequence[Series]) -> tuple[Series, ...]:
        """Without bounds: none are valid on a stopped sample."""
        return tuple(unbounded(each) for each in found)


class UntilCompared(UntilDecided):
    """More and more clusters until the comparisons with a baseline are shown, either way."""

    def __init__(self, interim: SequentialGate) -> None:
        super().__init__(interim)
        self._gate = interim

    def given(self, paired: Sequence[tuple[Claim, Contrast]]) -> Verdict | None:
        """A verdict stays; else what was measured is compared with the baseline."""
        found = super().given(paired)
        if found is None:
            self._gate.compare(paired)
        return found

    @property
    def analyses(self) -> Mapping[str, tuple[tuple[int, int], ...]]:
        """See Fixed."""
        return {claim: self._gate.analyses_of(claim) for claim in self._gate.counts}


class Repeated(Fixed):
    """Measured twice, first in other batches and another order: what differs is the noise floor."""

    def __init__(self, floor: Floor, seed: int) -> None:
        self._floor, self._seed = floor, seed
        self._found: dict[str, Estimate] = {}

    @property
    def replicate(self) -> int:  # type: ignore[override]
        """The repetition's own, while it runs."""
        return REPLICATE if self._floor.repeating else 0

    def measure(self, call: Call, planned: Benchmark, batch: int) -> None:
        """First the repetition, of which nothing is a row."""
        call(other_order(planned, self._seed))
        self._floor.repeating = False
        call(planned)

    def batch_size(self, usual: int) -> int:
        """Another one for the repetition."""
        return other_size(usual) if self._floor.repeating else usual

    def given(self, paired: Sequence[tuple[Claim, Contrast]]) -> Verdict | None:
        """The repetition decides nothing: it is kept to be compared."""
        return self._floor.keep(paired) if self._floor.repeating else None

    def claimed(self, claim: Claim, paired: Sequence[tuple[Claim, Contrast]], seed: int) -> Claim:
        """With --margin-floor its margin is at least the noise floor."""
        self._found[claim.name] = self._floor.of(paired, seed)
        return self._floor.lifted(claim, self._found[claim.name])

    def limited(self, verdict: Verdict, claim: Claim) -> Verdict:
        """UNDECIDED where the margin is below the noise floor."""
        return limited(verdict, claim, self._found[claim.name])

    def beside(self, claim_name: str) -> dict[str, Estimate]:
        """The noise floor."""
        floor = self._found[claim_name]
        return {floor.name: floor}

    @property
    def reaches(self) -> Mapping[str, float]:
        """See Fixed."""
        return self._floor.reaches

    @property
    def flips(self) -> Mapping[str, tuple[int, ...]]:
        """As the repetition found it."""
        return self._floor.flips
