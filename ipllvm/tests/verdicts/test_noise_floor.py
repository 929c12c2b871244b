"""The noise floor: flips are told, margins below it are left open or raised in plain words."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ipllvm import claims
from ipllvm.engine import deferred
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import Outcomes
from ipllvm.engine.store.outcomes import forgetful
from ipllvm.evaluation.evaluation import Evaluation, Settings
from ipllvm.evaluation.schedules import Repeated
from ipllvm.evaluation.shown import Shown
from ipllvm.gate import baseline
from ipllvm.gate.compare import compare
from ipllvm.gate.pooled import KEY
from ipllvm.metrics.performance_drop import performance_drop
from ipllvm.perturbations.permutation import Permutation
from ipllvm.records import Contrast, Decision, Response, Result, Trial
from ipllvm.tests.evaluation.test_evaluation import Fake, benchmark
from ipllvm.tests.stats.contrasts import singletons
from ipllvm.verdicts.decide import estimate
from ipllvm.verdicts.noise_floor import Floor, below, difference, other_order, other_size, reach

RIGHT, WRONG = Response("red", (1,)), Response("blue", (2,))
Answer = Callable[[Trial, int], Response]


def measured(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, n: int = 400, margin: float = 2.0, raises: bool = False
) -> tuple[Result, list[tuple[int, list[str]]]]:
    """The row of a property that was repeated, and the batch size and order of each run."""
    runs: list[tuple[int, list[str]]] = []

    def run(model: Any, plan: Plan, size: int, outcomes: Outcomes, told: Any, artifacts: Any) -> None:
        runs.append((size, [sample.id for sample in plan.samples]))
        number = len(runs)
        outcomes.update({trial: answer(trial, number) for trial in plan.trials() if trial not in outcomes})

    monkeypatch.setattr(deferred, "run", run)
    rows: list[Result] = []
    claim = replace(claims.load()["permutation"], margin=margin, kind="observation")
    model: Any = Fake()
    one = Evaluation(
        "p", model, benchmark(n), n, {"permutation": claim}, Settings(draws=1, margin_floor=raises),
        rows.append, lambda done, total: None, forgetful(), schedule=Repeated(Floor(raises), 0),
    )  # fmt: skip

    def test() -> None:
        clean, permuted = one.run(Permutation())
        one.check(
            "permutation", performance_drop(clean, permuted), Shown({"clean": clean, "permuted": permuted})
        )

    one.measure(test)
    (row,) = rows
    return row, runs


def steady(trial: Trial, run: int) -> Response:
    return RIGHT


def nervous(trial: Trial, run: int) -> Response:
    """Eight percent of the clean answers flip in the repetition, half of them each way."""
    number = int(trial.sample[1:])
    if trial.perturbation == "clean" and number % 25 in (0, 1):
        return WRONG if (number % 25 == 0) == (run == 1) else RIGHT
    return RIGHT


def test_a_repetition_is_a_replicate_in_other_batches_and_order(monkeypatch: pytest.MonkeyPatch) -> None:
    row, runs = measured(monkeypatch, steady)
    (first, mixed), (second, plain) = runs
    assert first != second == 8
    assert mixed != plain and sorted(mixed) == sorted(plain)
    floor = row.estimates["noise_floor"]
    assert (floor.value, floor.discordant, floor.n) == (0, (0, 0), 400)
    assert row.verdict.decision is Decision.HOLDS
    assert row.trials == 800 and set(row.floors) == {"permutation", "clean_score"}


def test_a_margin_below_the_floor_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    row, _ = measured(monkeypatch, nervous)
    assert row.estimates["noise_floor"].discordant == (16, 16)
    assert row.verdict.decision is Decision.UNDECIDED
    assert row.verdict.reason.startswith("margin below the noise floor: 32 of 400 samples differ")


def test_few_samples_have_a_high_floor_and_the_margin_may_be_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """With 200 samples and no flip the net difference may still be 2.97 points."""
    row, _ = measured(monkeypatch, steady, n=200)
    assert row.verdict.decision is Decision.UNDECIDED
    assert row.verdict.reason.startswith("margin below the noise floor: 0 of 200 samples differ")
    raised, _ = measured(monkeypatch, steady, n=200, raises=True)
    assert raised.verdict.decision is Decision.HOLDS
    assert raised.claim.margin == pytest.approx(2.97, abs=0.01)
    assert "margin raised from 2 to the noise floor" in raised.claim.text
    assert raised.settings["margin_floor"] is True


def test_an_order_is_no_tolerance(monkeypatch: pytest.MonkeyPatch) -> None:
    row, _ = measured(monkeypatch, steady, margin=0.0)
    assert "noise floor" not in row.verdict.reason


@pytest.mark.parametrize(("floor", "decision"), [(None, "HOLDS"), (1.0, "HOLDS"), (2.5, "UNDECIDED")])
def test_a_gate_below_the_floor_is_undecided(
    monkeypatch: pytest.MonkeyPatch, floor: float | None, decision: str
) -> None:
    row, _ = measured(monkeypatch, steady)
    kept = [{**entry, "floor": floor} for entry in baseline.rows(row)]
    run = baseline.of({}, kept)
    gate = compare(run, run, "baseline b")
    assert {change.verdict.decision for change in gate.changes if change.key != KEY} == {decision}
    kept = [{**entry, "settings": {**entry["settings"], "margin_floor": True}} for entry in kept]
    lifted = baseline.of({}, kept)
    assert compare(run, lifted, "baseline b").changes == (), "both runs raise their margins, or none"
    (raised, *_) = compare(lifted, lifted, "baseline b").changes
    assert raised.verdict.decision is Decision.HOLDS
    assert raised.claim.margin == max(2.0, floor or 0)


def test_samples_that_one_measurement_lacks_are_errors() -> None:
    ids = singletons(50)
    whole = Contrast("drop", np.zeros(50), ids, samples=ids)
    part = Contrast("drop", np.zeros(48), ids[:48], samples=ids[:48], n_error=2)
    found = difference(whole, part)
    assert (len(found.values), found.n_error, found.bound) == (48, 2, 2.0)
    assert reach(estimate(found)) > reach(estimate(difference(whole, whole)))
    claim = claims.load()["permutation"]
    assert below(claim, estimate(found)) and not below(replace(claim, margin=0.0), estimate(found))
    assert not below(replace(claim, direction="at_least"), estimate(found))


def test_another_size_and_order() -> None:
    assert all(other_size(size) not in (size, 1) for size in range(1, 40))
    data = benchmark(30)
    assert other_order(data, 0) == other_order(data, 0) != other_order(data, 1)
