"""Sequential gates: what each look knows, one p-value over the looks, stopped on either side."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ipllvm import claims
from ipllvm.gate import baseline, sequential
from ipllvm.gate.baseline import BaselineEntry, clean_claim, difference, of
from ipllvm.gate.compare import change, compare
from ipllvm.gate.sequential import PValues, SequentialGate, worse_so_far
from ipllvm.records import Claim, Contrast, Decision, Verdict
from ipllvm.stats import walk
from ipllvm.stats.spending import levels
from ipllvm.tests.evaluation.test_evaluation import benchmark
from ipllvm.tests.reporting import reports

CLAIM = clean_claim(2.0)
KEY = ("image_use", CLAIM.name, "colors")
N = 600


def scores(values: np.ndarray, first: int = 0) -> Contrast:
    names = tuple(f"s{place}" for place in range(first, first + len(values)))
    return Contrast("clean", values.astype(float), names, samples=names)


def entry(values: np.ndarray, **parts: object) -> BaselineEntry:
    return replace(BaselineEntry.of(KEY, CLAIM, scores(values)), **parts)  # type: ignore[arg-type]


RIGHT = np.ones(N)
BEFORE = entry(RIGHT)


def lost(n: int, every: int) -> np.ndarray:
    """Every so-manyth answer is lost."""
    return np.where(np.arange(n) % every == 0, 0.0, 1.0)


def test_a_look_knows_no_more_than_was_asked_by_then() -> None:
    after = entry(lost(200, 4), n_error=3)
    before, now = sequential.up_to(BEFORE, after, 100, 102)
    contrast = difference(before, now)
    assert (len(contrast.values), contrast.n_error) == (100, 2)
    assert [each[2:4] for each in contrast.failures] == [(-1.0, 1.0)] * 2, "nothing is known on either side"
    assert contrast.values.mean() == pytest.approx(0.25)


def test_a_sample_that_a_claim_does_not_ask_about_has_not_failed() -> None:
    """60 of the first 100 name no side: of the others nothing is unknown, unless they failed somewhere."""
    before, now = sequential.up_to(BEFORE, entry(lost(200, 4)), 60, 100)
    contrast = difference(before, now)
    assert (len(contrast.values), contrast.n_error) == (60, 0)
    without = replace(
        BEFORE, samples=BEFORE.samples[3:], clusters=BEFORE.clusters[3:], values=BEFORE.values[3:]
    )
    before, now = sequential.up_to(without, entry(lost(200, 4), n_error=1), 60, 100)
    contrast = difference(before, now)
    assert (len(contrast.values), contrast.n_error) == (57, 4)


def test_a_stopped_gate_is_decided_by_all_of_its_looks() -> None:
    """One look in six at a fifth lost: worse by more than the margin, at that look's own level."""
    stopped = entry(lost(100, 5), analyses=((100, 100),), planned=N)
    found = change(BEFORE, stopped, "baseline b")
    level = levels((100 / N,), 0.05)[0]
    assert found.verdict.decision is Decision.VIOLATED and found.estimate.n == 100
    assert f"look 1 of {N} planned samples, level {level:.2g}" in found.verdict.reason
    alone = 0.5**20  # all of the 20 that changed lost
    assert found.verdict.p_worse is not None and alone < found.verdict.p_worse < 10 * alone
    whole = change(entry(RIGHT[:100]), entry(lost(100, 5)), "baseline b")
    assert found.estimate.low < whole.estimate.low, "the interval is that of the look's level"


def test_before_and_after_are_of_the_samples_that_both_runs_have() -> None:
    """Three that were right before failed: 99.0 after 99.5 stood beside "worse by 0.0"."""
    values = np.where(np.arange(N) % 200 == 199, 0.0, 1.0)
    after = entry(values[3:], samples=tuple(f"s{place}" for place in range(3, N)), n_error=3)
    after = replace(after, clusters=after.samples)
    found = change(entry(values), after, "baseline b")
    assert found.before == found.after == pytest.approx(100 * values[3:].mean())
    assert found.estimate.value == 0.0


def test_what_was_shown_once_stays_shown() -> None:
    """Lost at first, nothing after: the second look alone says nothing."""
    values = np.concatenate([lost(50, 5), np.ones(550)])
    twice = entry(values, analyses=((50, 50), (600, 600)), planned=N)
    found = change(BEFORE, twice, "baseline b")
    assert found.verdict.decision is Decision.VIOLATED
    assert found.verdict.reason.partition("decided at an earlier look; now")[1]


def gate(fail_on: str = "violated", before: BaselineEntry = BEFORE) -> SequentialGate:
    return SequentialGate(benchmark(N), 0, reference={CLAIM.name: before}, fail_on=fail_on)


def looked(interim: SequentialGate, values: np.ndarray) -> int:
    """After how many samples the gate stops, of a property whose answers score so."""
    while True:
        interim.advance(8)
        if _settled(interim, values):
            return interim.samples
        if interim.promising:
            interim.telling = True
            assert _settled(interim, values), "what was shown is recorded when the test is called again"
            return interim.samples


def _settled(interim: SequentialGate, values: np.ndarray) -> bool:
    interim.begin()
    seen = scores(values[: interim.samples])
    interim.compare([(claims.load()["image_use"], seen), (CLAIM, seen)])
    return interim.settles("image_use", Verdict(Decision.UNDECIDED, ""))


def test_it_stops_early_on_either_side() -> None:
    assert looked(gate(), lost(N, 5)) == 100, "much is lost"
    assert looked(gate(), RIGHT) == 300, "nothing is lost: 0.98^300 is below the level of the third look"
    assert looked(gate(), lost(N, 50)) == N, "lost as much as the margin: no look can tell"


def test_what_fails_a_gate_is_what_it_looks_for() -> None:
    """4 % lost is soon shown to be worse at all, and later or never to be worse by more than 2 points."""
    assert looked(gate("worse"), lost(N, 25)) < looked(gate(), lost(N, 25))


@pytest.mark.parametrize(("fail_on", "every"), [("violated", 12), ("worse", 16)])
def test_it_stops_for_what_stands_among_all_comparisons(fail_on: str, every: int) -> None:
    """It had stopped at p <= 0.05 alone: of two comparisons neither stood then, and the damage passed."""
    values = lost(N, every)
    alone, two = (replace(gate(fail_on), among=among) for among in (1, 2))
    assert looked(alone, values) < looked(two, values) < N
    assert looked(replace(gate(fail_on), among=1e6), values) == N
    assert looked(replace(gate(fail_on), among=1e6), RIGHT) == 300, "what holds needs no correction"


def caught(among: float, runs: int, loss: float = 0.05) -> int:
    """Of how many of 1,500 planned questions the gate of what seeing is worth and of the score is red."""
    use, rng, red = claims.load()["image_use"], np.random.default_rng(0), 0
    for _ in range(runs):
        right, blank = (rng.random((2, 1500)).T < (0.9, 0.25)).T.astype(float)
        after = right * (rng.random(1500) >= loss / 0.9)
        old = of({}, rows(use, right, blank, ()))
        gate = SequentialGate(
            benchmark(1500), 0, reference={key.claim: e for key, e in old.entries.items()}, among=among
        )
        done = False
        while not (done or gate.exhausted):
            gate.advance(8)
            gate.begin()
            gate.compare(pairs(use, after[: gate.samples], blank))
            done = all(map(gate._decided, gate.behind[use.name]))
        now = of({}, rows(use, after[: gate.samples], blank, gate.analyses_of(use.name)))
        red += compare(old, now, "b").status == 1
    return red


def pairs(use: Claim, score: np.ndarray, blank: np.ndarray) -> tuple[tuple[Claim, Contrast], ...]:
    seen = scores(score)
    return (use, replace(seen, name="gain", values=score - blank[: len(score)])), (CLAIM, seen)


def rows(
    use: Claim, score: np.ndarray, blank: np.ndarray, looks: tuple[tuple[int, int], ...]
) -> list[dict[str, Any]]:
    found = reports.result()
    about = replace(found.benchmark, n=1500)
    analyses = dict.fromkeys((use.name, CLAIM.name), looks)
    made = replace(found, benchmark=about, paired=pairs(use, score, blank), analyses=analyses)
    return baseline.rows(made)


@pytest.mark.slow
def test_what_two_comparisons_show_stands_when_it_stops() -> None:
    assert caught(2, 20) == 20 > caught(1, 20)


def test_a_comparison_that_cannot_be_made_is_not_waited_for() -> None:
    other = SequentialGate(benchmark(N), 0, reference={}, fail_on="worse")
    assert looked(other, RIGHT) == 100
    unlike = gate(before=replace(BEFORE, draws=3))
    assert looked(unlike, RIGHT) == 100


def test_it_keeps_what_each_look_had() -> None:
    interim = gate()
    looked(interim, RIGHT)
    assert interim.analyses_of(CLAIM.name) == ((100, 100), (200, 200), (300, 300))
    assert interim.analyses_of("nothing of the kind") == ()


def test_worse_over_looks_is_exact_for_single_samples() -> None:
    """The sign test of all looks together; of clusters and of graded scores it is that of levels."""
    values = lost(N, 60)
    after = entry(values, analyses=((100, 100), (300, 300), (N, N)), planned=N)
    losses = [int((values[:n] == 0).sum()) for n in (100, 300, N)]
    found = change(BEFORE, after, "baseline b")
    assert found.verdict.p_worse == walk.repeated_p(losses, losses, (100 / N, 300 / N, 1.0))
    interim = [sequential.p_values(BEFORE, after, n, n, 0.02) for n in (100, 300, N)]
    assert [each.coins for each in interim] == [(n, n, 0) for n in losses]
    shared = replace(after, clusters=tuple(str(place // 2) for place in range(N)))
    before = replace(BEFORE, clusters=shared.clusters)
    (pairs,) = [sequential.p_values(before, shared, N, N, 0.02)]
    whole = replace(BEFORE, lattice=0.5), entry(values, lattice=0.5)
    graded = sequential.p_values(*whole, 100, 100, 0.02)  # whole so far, which need not stay so
    assert pairs.coins is graded.coins is None
    twins = replace(BEFORE, clusters=("s0", *BEFORE.clusters[:-1]))
    alone_so_far = sequential.p_values(twins, replace(after, clusters=twins.clusters), 0, 1, 0.02)
    assert alone_so_far.coins is None, "whether samples are single is known of all before the first look"
    assert sequential.worse_so_far([pairs], (1.0,)) == pytest.approx(pairs.worse, rel=0.05)


def test_a_sample_that_fails_counts_as_won_and_switches_no_test() -> None:
    """The law of coins stays that of all looks; failures that go with the losses can't make it err more."""
    values = lost(N, 60)
    after = entry(values[: N - 3], analyses=((100, 100), (300, 301), (N - 3, N)), planned=N, n_error=3)
    losses = [int((values[:n] == 0).sum()) for n in (100, 300, N - 3)]
    changed = [number + failed for number, failed in zip(losses, (0, 1, 3), strict=True)]
    found = change(BEFORE, after, "baseline b")
    assert found.verdict.p_worse == walk.repeated_p(losses, changed, (100 / N, 301 / N, 1.0))
    interim = [sequential.p_values(BEFORE, after, *look, 0.02) for look in after.analyses]
    assert [each.coins for each in interim] == list(zip(losses, losses, (0, 1, 3), strict=True))


def test_what_failed_and_was_measured_later_is_no_failure() -> None:
    looks = [PValues(coins=(2, 2, 5)), PValues(coins=(4, 4, 1))]
    assert worse_so_far(looks, (0.5, 1.0)) == walk.repeated_p([2, 4], [3, 5], (0.5, 1.0))


def test_the_last_look_is_tested_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(
        sequential,
        "p_values",
        lambda *of: asked.append(of[2:4]) or PValues(),  # type: ignore[func-returns-value]
    )
    change(BEFORE, entry(RIGHT, analyses=((100, 100), (N, N)), planned=N), "baseline b")
    assert asked == [(100, 100)]


@pytest.mark.parametrize("every", [5, 40, 101, 601])
@pytest.mark.parametrize("looks", [((100, 100),), ((100, 100), (300, 300))])
def test_the_sentence_of_a_look_has_the_interval_that_is_shown(
    every: int, looks: tuple[tuple[int, int], ...]
) -> None:
    """At two levels the run's own report would say two things, and be refused as altered when it is read."""
    after = entry(lost(looks[-1][1], every), analyses=looks, planned=N)
    found = change(BEFORE, after, "baseline b")
    assert f"[{found.estimate.low:.2f}, {found.estimate.high:.2f}] " in found.verdict.reason
    shares = tuple(asked / N for _, asked in looks)
    assert sequential.level(after, CLAIM) == levels(shares, CLAIM.alpha)[-1] < CLAIM.alpha
    assert sequential.level(BEFORE, CLAIM) == CLAIM.alpha
