"""Counterexamples of planted models, whose smallest ones are known."""

from typing import Any

import numpy as np
import pytest

from ipllvm.engine.plan import Plan
from ipllvm.engine.run import run
from ipllvm.evaluation import flips
from ipllvm.evaluation.counterexamples import RunPlan, budget, changes, smallest
from ipllvm.evaluation.explanations import refutes
from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.models.planted import kinds
from ipllvm.models.planted.behaviour import Perception
from ipllvm.perturbations.noise import LayerNoise
from ipllvm.perturbations.occlusion import Drop, RandomDrop
from ipllvm.perturbations.parsing import parse
from ipllvm.perturbations.permutation import Permutation, Swaps
from ipllvm.perturbations.shuffle import CellSwaps, PatchShuffle
from ipllvm.perturbations.substitution import Blank
from ipllvm.records import Counterexample, Perturbation, Result
from ipllvm.tests.evaluations import evaluation

ALWAYS = "planted:exact-drop,d=1"


def found(
    model: str, perturbation: Perturbation, queries: int = 60, run: RunPlan = run
) -> Counterexample | None:
    """What is found of a model that was measured under one perturbation."""
    asked = evaluation(model)
    asked.run(perturbation)
    return smallest(asked.model, asked._measurement.call.traces, 0, queries, run=run)


@pytest.mark.parametrize(
    ("perturbation", "kind", "unit"),
    [
        (Permutation(), Swaps, "swap of two visual tokens"),
        (PatchShuffle(4), CellSwaps, "swap of two cells of the picture"),
        (RandomDrop(0.5, 8), Drop, "cell in black"),
    ],
    ids=str,
)
def test_where_anything_flips_one_change_is_enough(
    perturbation: Perturbation, kind: type[Perturbation], unit: str
) -> None:
    least = found(ALWAYS, perturbation)
    assert least is not None
    assert (least.size, least.unit) == (1, unit) and least.of > 10
    assert 0 < least.queries <= 60
    assert isinstance(parse(least.flip.perturbation), kind)
    assert least.flip.clean == least.flip.gold != least.flip.perturbed
    assert len(least.flip.pictures) == 2


def test_only_what_matters_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that loses its answer where both cell 9 and cell 40 are black."""

    def keeps(self: kinds.Invariant, view: Perception) -> float:
        return float(9 in view.cells or 40 in view.cells)

    monkeypatch.setattr(kinds.Invariant, "keeps", keeps)
    runs: list[int] = []

    def counted(model: Any, plan: Plan, size: int, *more: Any) -> None:
        runs.append(size)
        run(model, plan, size, *more)

    least = found("planted:invariant", RandomDrop(0.9, 8), 60, counted)
    assert least is not None and 3 * len(runs) < sum(runs) == least.queries < 40
    assert (least.size, least.of) == (2, 58)
    assert least.flip.perturbation == "drop(cells=9+40, grid=8)"


def test_looks_are_capped_and_none_means_none() -> None:
    least = found(ALWAYS, Permutation(), queries=3)
    assert least is not None
    assert least.queries <= 3 and 1 <= least.size <= least.of
    assert found(ALWAYS, Permutation(), queries=0) is None


def test_it_is_found_again() -> None:
    assert found(ALWAYS, Permutation()) == found(ALWAYS, Permutation())


def test_what_can_not_be_taken_apart_has_none() -> None:
    assert found(ALWAYS, LayerNoise(2)) is None
    assert found(ALWAYS, Permutation("tile")) is None
    assert found("planted:invariant", Permutation()) is None


def test_all_changes_together_are_the_perturbation() -> None:
    asked = evaluation(ALWAYS)
    asked.run(Permutation())
    turn = flips.turns(asked._measurement.call.traces, 0)[0]
    apart = changes(asked.model, turn.case)
    assert apart is not None
    swaps = apart.make(apart.items)
    assert isinstance(swaps, Swaps)
    image = turn.sample.images[0].load()
    layout = asked.model.layout(asked.model.prepare([image], turn.sample.prompt))
    assert np.array_equal(swaps.order(layout), Permutation().order(layout, turn.case.rng()))


def test_a_big_model_is_not_asked_unless_it_is_told_to() -> None:
    assert [budget(None, n) for n in (0, 7_000_000_000)] == [60, 0]
    assert budget(5, 7_000_000_000) == 5


def rows(model: str) -> Result:
    kept: list[Result] = []
    asked = evaluation(model, n=100, rows=kept)
    clean, blank, permuted = asked.run(Blank(), Permutation())
    shown = {"clean": clean, "blank": blank, "permuted": permuted}
    asked.check(
        "permutation", performance_drop(clean, permuted), Shown(shown), something_to_lose=gain(clean, blank)
    )
    return kept[0]


def test_a_violated_result_has_one_and_others_have_none() -> None:
    violated, holds = rows(ALWAYS), rows("planted:invariant")
    assert refutes(violated) and violated.counterexample is not None
    assert not refutes(holds) and holds.counterexample is None and holds.flips == ()
