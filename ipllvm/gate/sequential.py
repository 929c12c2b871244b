"""Sequential gates: a comparison made again as samples come in, until it is shown either way.

At planned looks, with alpha spent among them, so that all looks together err no more than one comparison.
Each side has its own p-values: not worse by more than the margin, worse by more than it, worse at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ipllvm.gate.baseline import CLEAN, BaselineEntry, difference
from ipllvm.gate.pooled import beyond, measured_noise
from ipllvm.records import Claim, Contrast, Verdict
from ipllvm.stats import walk
from ipllvm.stats.choice import choose
from ipllvm.stats.spending import levels, repeated_p
from ipllvm.verdicts import ratio_change
from ipllvm.verdicts.failing import VIOLATED, WORSE
from ipllvm.verdicts.group_sequential import GroupSequential
from ipllvm.verdicts.top_up import Look, over_all

_POINTS = 100.0


@dataclass(frozen=True, slots=True)
class PValues:
    """Of one look at a comparison: that it holds, is worse by more than the margin, is worse at all.

    `coins` are the samples that lost, that changed and that failed, where their law is that of coins.
    """

    holds: float = 1.0
    violated: float = 1.0
    worse: float = 1.0
    coins: tuple[int, int, int] | None = None


def up_to(
    old: BaselineEntry, new: BaselineEntry, values: int, samples: int
) -> tuple[BaselineEntry, BaselineEntry]:
    """Both entries as they were when the new run had asked `samples`, of which `values` gave one.

    The others failed, as far as any did: what a claim does not ask about has no value and hides none.
    """
    failed = min(samples - values, new.n_error)
    first = set(new.samples[:values])
    there = [place for place, sample in enumerate(old.samples) if sample in first]
    after = _rows(new, range(values), failed)
    return _rows(old, there, failed + values - len(there)), after


def p_values(old: BaselineEntry, new: BaselineEntry, values: int, samples: int, margin: float) -> PValues:
    """Of the comparison at that look; a claim on a ratio is decided once, at the end."""
    before, after = up_to(old, new, values, samples)
    contrast = difference(before, after)
    if ratio_change.is_ratio(before.contrast, after.contrast):
        return PValues()
    test, worse = choose(contrast), beyond(contrast, before, after)
    return PValues(
        test.p_holds(margin), test.p_violated(margin), worse, _coins(contrast) if single(old, new) else None
    )


def worse_so_far(interim: Sequence[PValues], shares: tuple[float, ...]) -> float:
    """The p-value of "no worse at all" over looks: exact where single samples lose or win all.

    A sample that failed counts as won. However failures and losses go together, no more than half of those
    that changed or failed have lost then, if no more of all are lost than won.
    """
    coins = [each.coins for each in interim if each.coins is not None]
    if len(coins) < len(interim):
        return repeated_p([each.worse for each in interim], shares)
    lost, changed, failed = np.array(coins, dtype=int).reshape(-1, 3).T
    # What failed at one look and had a value at a later one had it all along.
    failed = np.minimum.accumulate(failed[::-1])[::-1]
    return walk.repeated_p(lost.tolist(), (changed + failed).tolist(), shares[: len(coins)])


def over_looks(
    verdict: Verdict, p_worse: float, claim: Claim, old: BaselineEntry, new: BaselineEntry
) -> tuple[Verdict, float]:
    """The verdict and the p-value of "worse at all" over all looks.

    `verdict`, at the `level` of the last look, and `p_worse` are what that look says alone; `old` has all
    that may be looked at.
    """
    *earlier, (values, last) = new.analyses
    found = [p_values(old, new, *each, claim.margin / _POINTS) for each in earlier]
    coins = _coins(difference(*up_to(old, new, values, last))) if single(old, new) else None
    now = PValues(verdict.p_holds, verdict.p_violated, p_worse, coins)
    before = [
        Look("", samples, each.holds, each.violated, new.planned)
        for (_, samples), each in zip(earlier, found, strict=True)
    ]
    whole = Look("", last, verdict.p_holds, verdict.p_violated, new.planned)
    shares = tuple(samples / new.planned for _, samples in new.analyses)
    worse = worse_so_far([*found, now], shares)
    return over_all(verdict, claim, whole, before), worse


def level(new: BaselineEntry, claim: Claim) -> float:
    """The level of the last look at what was measured; the claim's own where it was looked at once."""
    shares = tuple(samples / new.planned for _, samples in new.analyses)
    return levels(shares, claim.alpha)[-1] if shares else claim.alpha


@dataclass(eq=False)
class SequentialGate(GroupSequential):
    """Six looks at a property until its comparisons with a baseline are shown, either way.

    `reference` are the entries of the baseline by claim, `fail_on` is violated or worse: what the gate is
    asked. What speaks against a model stops a property only where it stands among so many comparisons of the
    gate (`among`; more than there are where a budget leaves less than the level). `compared` has the p-values
    by claim and look, `behind` which comparisons stand behind a claim.
    """

    reference: Mapping[str, BaselineEntry] = field(default_factory=dict)
    fail_on: str = VIOLATED
    among: float = 1.0
    compared: dict[str, dict[int, PValues]] = field(default_factory=dict)
    counts: dict[str, dict[int, tuple[int, int]]] = field(default_factory=dict)
    behind: dict[str, list[Claim]] = field(default_factory=dict)

    def compare(self, paired: Sequence[tuple[Claim, Contrast]]) -> None:
        """Take the p-values of this look of every comparison that the baseline has."""
        self.behind[paired[0][0].name] = [claim for claim, _ in paired]
        for claim, contrast in paired:
            old, size = self.reference.get(claim.name), len(contrast.values)
            if old is None or not size or size != len(contrast.samples):
                continue
            new = BaselineEntry.of(old.key, claim, contrast)
            margin = claim.regression_margin / _POINTS
            self.counts.setdefault(claim.name, {})[self.look] = size, self.samples
            if (old.bound, old.lattice, old.draws) == (new.bound, new.lattice, new.draws):
                found = p_values(old, new, size, self.samples, margin)
                self.compared.setdefault(claim.name, {})[self.look] = found

    def settles(self, claim: str, verdict: Verdict) -> bool:
        """Whether the row of a claim is to be recorded: all that is compared is shown, or all is seen."""
        decided = all(map(self._decided, self.behind[claim]))
        self.promising |= decided
        if self.telling and (decided or self.exhausted):
            self.decided[claim] = verdict
            return True
        self.undecided.add(claim)
        return False

    def analyses_of(self, claim: str) -> tuple[tuple[int, int], ...]:
        """How many samples had given a value at each look at a comparison, of how many."""
        found = self.counts.get(claim, {})
        return tuple(found[look] for look in sorted(found))

    def _decided(self, claim: Claim) -> bool:
        """Whether a comparison is decided; one that the baseline cannot make is not waited for."""
        if claim.name not in self.compared:
            return True
        known = self.compared[claim.name]
        found = [known.get(look, PValues()) for look in range(1, self.look + 1)]
        against = repeated_p([each.violated for each in found], self.shares)
        if self.fail_on == WORSE:
            against = min(against, worse_so_far(found, self.shares))
        holds = repeated_p([each.holds for each in found], self.shares)
        return holds <= claim.alpha or self.among * against <= claim.alpha


def single(old: BaselineEntry, new: BaselineEntry) -> bool:
    """Whether each sample loses or wins all or nothing on its own, so that those that change are coins.

    By what they may do and not by what was seen, so that no look changes the test: not where samples share
    clusters, scores are graded, differences may be lost twice, a claim is on a ratio, or noise was measured.
    """
    plain = len(set(old.clusters)) == len(old.clusters) and new.claim.name == CLEAN and new.bound == 1
    graded = new.weighted or new.is_ratio or new.lattice != 1
    return plain and not graded and measured_noise(old, new) is None


def _coins(contrast: Contrast) -> tuple[int, int, int]:
    """How many samples lost, changed and failed."""
    values = np.asarray(contrast.values)
    return int((values > 0).sum()), int((values != 0).sum()), contrast.n_error


def _rows(entry: BaselineEntry, places: Sequence[int], n_error: int) -> BaselineEntry:
    """An entry of some samples; of the others nothing is known, not which of them failed either."""
    whole = len(places) == len(entry.samples) and n_error == entry.n_error
    return replace(entry.of_samples(places), n_error=n_error, failed=entry.failed if whole else ())
