"""What is timed: every kind of trial, drafts of which exactly a share is right, and what is grown."""

import math
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.artifacts import Artifacts
from ipllvm.benchmarks import planted
from ipllvm.engine.plan import Plan
from ipllvm.perturbations.noise import LayerNoise
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Clean
from ipllvm.speed import costs
from ipllvm.speed.measure import Bench
from ipllvm.speed.workloads import ACCEPTANCES, LONG, Workload, workloads

BENCHMARK = planted.single()
TOKENS = st.lists(st.integers(0, 31_999), max_size=40).map(tuple)


def fake(layers: int = 3) -> Any:
    return SimpleNamespace(layers=lambda: layers)


def common(draft: tuple[int, ...], answer: tuple[int, ...]) -> int:
    same = [a == b for a, b in zip(draft, answer, strict=False)]
    return (*same, False).index(False)


@settings(deadline=None, max_examples=50)
@given(TOKENS, st.sampled_from((0.0, 0.1, 0.5, 0.9, 1.0)))
def test_exactly_the_share_of_a_draft_is_right(answer: tuple[int, ...], share: float) -> None:
    draft = Workload("long", Plan((), (Clean(), Permutation()), 1, 0, LONG), share).draft(answer)
    assert common(draft, answer) == round(share * len(answer))
    assert all(token >= 0 for token in draft), "a token that no vocabulary has"
    assert len(draft) <= len(answer)


def test_without_a_share_nothing_of_a_draft_is_right() -> None:
    plain = Workload("some", Plan((), (Clean(), Permutation()), 1, 0, LONG))
    assert plain.draft((5, 6)) == (4,) and plain.draft((0,)) == (1,) and plain.draft(()) == ()


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 5), st.integers(1, 40), st.integers(2, 40), st.integers(1, 2000))
def test_a_cut_keeps_two_samples_and_a_perturbation_and_never_has_more(
    draws: int, strengths: int, samples: int, trials: int
) -> None:
    noises = [LayerNoise(layer, "keskar", 0.3) for layer in range(strengths)]
    whole = Plan(BENCHMARK.samples[:samples], (Clean(), *noises), draws, 0, 4)
    cut = Workload("some", whole).cut(trials).plan
    clean, *others = cut.perturbations
    assert clean == Clean() and others and others[0] == noises[0]
    assert len(cut.samples) >= 2 and cut.samples == whole.samples[: len(cut.samples)]
    assert set(others) <= set(noises) and (cut.draws, cut.max_new_tokens) == (draws, 4)
    distances = {b.layer - a.layer for a, b in pairwise(others)}  # type: ignore[attr-defined]
    assert len(distances) <= 1
    perturbed = len(cut.samples) * len(others) * draws
    assert perturbed <= trials + 2 * draws
    assert math.prod((len(whole.samples), strengths, draws)) > trials or cut == whole


def test_every_kind_of_trial_is_there_once() -> None:
    found = workloads(fake(3), BENCHMARK, 8, 2, "maps")
    assert [each.name for each in found] == [
        "permutation", "patch information", "layer importance", "token-group importance", "occlusion",
        "long answers at 1", "long answers at 0.9", "long answers at 0.5",
    ]  # fmt: skip
    by_name = {each.name: each.plan for each in found}
    assert all(plan.perturbations[0] == Clean() for plan in by_name.values())
    assert [each.acceptance for each in found if each.acceptance is not None] == list(ACCEPTANCES)
    counts = {name: (len(plan.samples), len(plan.perturbations) - 1) for name, plan in by_name.items()}
    assert counts["permutation"] == (8, 1) and by_name["permutation"].draws == 5
    assert counts["patch information"] == (8, 2 * 2)
    assert counts["layer importance"] == (2, 3 * 10)
    assert counts["token-group importance"] == (2, 2 * 2 * 10), "two samples at least"
    assert counts["occlusion"] == (2, 3 * 9)
    assert by_name["long answers at 0.5"].max_new_tokens == LONG
    assert by_name["permutation"].max_new_tokens == BENCHMARK.max_new_tokens


def test_no_perturbation_of_a_workload_is_asked_twice() -> None:
    for each in workloads(fake(4), BENCHMARK, 8, 4, "maps"):
        names = [str(perturbation) for perturbation in each.plan.perturbations]
        assert len(set(names)) == len(names), each.name


@pytest.mark.parametrize(("samples", "few", "shared"), [(4, 4, [4, 4, 4]), (32, 8, [8, 16, 32])])
def test_costs_are_had_along_three_axes_beside_the_rate_of_their_workload(
    samples: int, few: int, shared: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Plan] = []

    def engine(model: object, plan: Plan, size: int, artifacts: object) -> tuple[dict[Any, Any], float]:
        asked.append(plan)
        return {}, float(len(plan))

    monkeypatch.setattr(costs, "engine", engine)
    bench = Bench(fake(), Artifacts({}), 4)
    rates = {"permutation": 2.0, "patch information": 5.0}
    found = costs.costs(bench, BENCHMARK, samples, rates)
    assert [(each.axis, each.at) for each in found] == [
        *(("draws", n) for n in (1, 2, 5, 10)),
        *(("samples", n) for n in shared),
        *(("groups", n) for n in (1, 4, 16)),
    ]
    for each, plan in zip(found, asked, strict=True):
        kinds = each.at if each.axis == "groups" else 1
        draws = {"draws": each.at, "samples": 2, "groups": 1}[each.axis]
        count = each.at if each.axis == "samples" else few
        assert each.trials == len(plan) == count * (1 + kinds * draws)
        assert each.engine == each.trials
        assert each.generate == each.trials / rates[costs.LIKE[each.axis]]
