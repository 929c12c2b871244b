"""Sequential runs with six looks: stopped at a look, alpha shared among them, one p-value of all."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ipllvm.calibration.distributions import Design, Flips
from ipllvm.calibration.fixed import claim
from ipllvm.engine import deferred
from ipllvm.errors import ClaimViolated, UsageError
from ipllvm.records import Contrast, Decision
from ipllvm.sampling import generator
from ipllvm.session.combinations import check
from ipllvm.stats.score_interval import ScoreTest
from ipllvm.stats.spending import levels, repeated_p
from ipllvm.tests.evaluation.test_evaluation import benchmark
from ipllvm.tests.stats.contrasts import flips
from ipllvm.tests.verdicts.test_sequential import Run, breaks, unchanged
from ipllvm.verdicts import decide
from ipllvm.verdicts.group_sequential import GroupSequential


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """A run with six looks, whose engine is replaced."""

    def make(answer: Callable[[Any], Any], **settings: Any) -> Run:
        made = Run(answer, looks=True, **settings)
        monkeypatch.setattr(deferred, "run", made.run)
        return made

    return make


def test_an_unchanged_model_holds_at_an_early_look(start: Callable[..., Run]) -> None:
    """Nothing of n changes: 0.98^267 is 0.0045, below the level of the second of six looks at 800."""
    run = start(unchanged, n=800)
    run.evaluation.measure(run.permutation)
    (row,) = run.rows
    assert row.verdict.decision is Decision.HOLDS and row.verdict.p_holds <= 0.05
    about = row.estimates["performance_drop"].extra["sequential"]
    assert (about["looks"], about["samples"], about["stopped_early"]) == (2, 267, True)
    assert (about["planned"], about["share"], about["order_seed"], about["target"]) == (
        800,
        267 / 800,
        7,
        "population",
    )
    assert about["level"] == levels(tuple(n / 800 for n in (134, 267, 400, 534, 667, 800)))[1]
    assert "look 2 of 6" in row.verdict.reason and "look 2 of 6" in row.estimates["performance_drop"].method


def test_a_large_drop_is_violated_at_the_first_look(start: Callable[..., Run]) -> None:
    run = start(breaks(2), n=600)
    with pytest.raises(ClaimViolated):
        run.evaluation.measure(run.permutation)
    assert run.rows[0].estimates["performance_drop"].extra["sequential"]["looks"] == 1


def test_looks_end_where_clusters_do() -> None:
    planned = benchmark(100)
    samples = tuple(replace(s, cluster=f"c{place // 7}") for place, s in enumerate(planned.samples))
    interim = GroupSequential(replace(planned, samples=samples), 0)
    assert interim.plan == (21, 35, 56, 70, 84, 100)
    seen = []
    while not interim.exhausted:
        interim.advance(8)
        seen.append(interim.samples)
    assert tuple(seen) == interim.plan


def test_the_p_value_is_the_level_that_would_have_decided() -> None:
    interim = GroupSequential(benchmark(600), 0)
    interim.advance(8)
    assert interim._so_far("c", "holds", levels(interim.shares, 0.05)[0]) == pytest.approx(0.05, rel=0.03)
    interim.advance(8)
    assert interim._so_far("c", "holds", 0.9) == pytest.approx(0.05, rel=0.03)
    assert interim._so_far("c", "violated", 0.9) == 1.0


@pytest.mark.parametrize(("lost", "side"), [(0, Decision.HOLDS), (60, Decision.VIOLATED)])
def test_a_p_value_at_the_level_itself_decides(lost: int, side: Decision) -> None:
    interim = GroupSequential(benchmark(600), 0)
    interim.advance(8)
    contrast, asked = flips(interim.samples, lost), replace(claim(), margin=10.0)
    first = interim.decide(contrast, asked, None, 600)
    p = first.p_holds if side is Decision.HOLDS else first.p_violated
    assert 0 < p < 1
    assert interim.decide(contrast, replace(asked, alpha=p), None, 600).decision is side
    below = replace(asked, alpha=p * (1 - 1e-9))
    assert interim.decide(contrast, below, None, 600).decision is Decision.UNDECIDED


@pytest.mark.slow
@pytest.mark.parametrize("law", [Flips.of(0.02, 0.10), Flips(0.02)], ids=str)
def test_six_looks_err_no_more_than_one(law: Flips) -> None:
    false, runs = np.zeros(2), 60
    for run in range(runs):
        found = decisions(law.contrast(Design(600), generator(5, run)))
        false += [any(each is side for each in found) for side in (Decision.HOLDS, Decision.VIOLATED)]
    assert (false / runs <= 0.15).all()


def decisions(contrast: Contrast) -> list[Decision]:
    """What each look says of a contrast whose samples come in their order."""
    interim = GroupSequential(benchmark(len(contrast.values)), 0)
    found = []
    while not interim.exhausted:
        interim.advance(8)
        n = interim.samples
        part = replace(contrast, values=contrast.values[:n], clusters=contrast.clusters[:n])
        found.append(interim.decide(part, claim(), None, len(contrast.values)).decision)
    return found


def test_it_is_asked_for_with_what_it_goes_with() -> None:
    usual = {
        "sequential": True, "baseline": "", "save_baseline": "", "baseline_if_missing": "fail",
        "models": ("m",), "margin_floor": False,
        "noise_floor": False, "final_look": False, "evidence": "looks", "target": "population",
        "top_up": None, "no_store": False, "shard": None,
        "budget": None, "variants": 1, "fail_on": "violated", "catch": None, "power": 80.0, "plan": False,
        "judge": "", "judge_price": None, "model_price": None,
    }  # fmt: skip
    check(usual)
    for wrong in ({"sequential": False}, {"final_look": True}, {"target": "benchmark"}):
        with pytest.raises(UsageError, match="--evidence looks"):
            check({**usual, **wrong})


def looked(n: int, samples: int, lost: int, won: int = 0) -> tuple[GroupSequential, Contrast]:
    """A run of `n` planned samples at its look after `samples`, and a contrast of what was seen."""
    interim = GroupSequential(benchmark(n), 7)
    while interim.samples < samples:
        interim.advance(8)
    assert interim.samples == samples
    seen = tuple(each.cluster for each in interim.benchmark.samples)
    values = np.array([1.0] * lost + [-1.0] * won + [0.0] * (samples - lost - won))
    return interim, Contrast("drop", values, seen)


@pytest.mark.parametrize(("lost", "decision"), [(0, "HOLDS"), (60, "VIOLATED"), (5, "UNDECIDED")])
def test_a_look_decides_by_the_p_value_of_all_looks(lost: int, decision: str) -> None:
    """Of 900 samples 300 are seen at the second look, the first of which was not asked."""
    interim, contrast = looked(900, 300, lost)
    found = interim.decide(contrast, claim(), None, 900)
    test = ScoreTest.of(contrast)
    for p, own in ((found.p_holds, test.p_holds(0.02)), (found.p_violated, test.p_violated(0.02))):
        assert p == pytest.approx(repeated_p([1.0, own], interim.shares))
    level = levels(interim.shares, 0.05)[1]
    low, high = (100 * bound for bound in test.interval(level))
    assert str(found.decision) == decision and found.reason.startswith(f"[{low:.2f}, {high:.2f}] ")
    assert found.reason.endswith(f"(look 2 of 6, level {level:.2g}, 300 of 900 samples)")


@pytest.mark.parametrize(("worth", "met"), [(100, True), (3, False)])
def test_what_a_claim_needs_is_looked_at_as_well(worth: int, met: bool) -> None:
    interim, contrast = looked(900, 300, 0)
    gain = replace(contrast, name="gain", values=(np.arange(300) < worth).astype(float))
    found = interim.decide(contrast, claim(), gain, 900)
    need = repeated_p([1.0, ScoreTest.of(gain).p_violated(0.02)], interim.shares)
    own = repeated_p([1.0, ScoreTest.of(contrast).p_holds(0.02)], interim.shares)
    assert found.p_holds == pytest.approx(max(need, own)) and (found.decision is Decision.HOLDS) is met
    assert found.reason.startswith("not shown that there is something to lose") is not met


def test_before_the_first_look_there_is_no_level() -> None:
    interim = GroupSequential(benchmark(60), 7)
    nothing = Contrast("drop", np.zeros(0), ())
    about = interim.about(nothing, claim())
    assert (about["looks"], about["level"], about["samples"], about["share"]) == (0, None, 0, 0.0)


@pytest.mark.parametrize("unit", ["points", "score"])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(("lost", "won"), [(0, 0), (1, 0), (4, 0), (4, 2)])
def test_what_is_shown_has_the_interval_of_its_look(unit: str, signed: bool, lost: int, won: int) -> None:
    """A mean of values that can't be negative is not shown below 0; that none was says nothing."""
    interim, contrast = looked(60, 60, lost, won)
    contrast = replace(contrast, signed=signed)
    test, scale = ScoreTest.of(contrast), 100.0 if unit == "points" else 1.0
    plain = decide.estimate(contrast, unit=unit, replicates=0)
    found = interim.shown(plain, contrast)
    low, high = test.interval(levels(interim.shares, 0.05)[5])
    assert found.high == pytest.approx(scale * high)
    assert found.low == pytest.approx(scale * (low if signed else max(low, 0)))
    assert found.method.startswith(f"{test.method}, look 6 of 6")
    assert (found.extra["bootstrap"], found.extra["nu"]) == (None, plain.extra["nu"])
