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
from ipllvm.stats.spending import levels
from ipllvm.tests.evaluation.test_evaluation import benchmark
from ipllvm.tests.verdicts.test_sequential import Run, breaks, unchanged
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
        "budget": None, "variants": 1, "fail_on": "violated", "catch": None, "plan": False,
    }  # fmt: skip
    check(usual)
    for wrong in ({"sequential": False}, {"final_look": True}, {"target": "benchmark"}):
        with pytest.raises(UsageError, match="--evidence looks"):
            check({**usual, **wrong})
