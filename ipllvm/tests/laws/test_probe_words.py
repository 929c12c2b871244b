"""What a probe says of a broken law, and what it makes of models that can not be asked so."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from PIL import Image

from ipllvm.benchmarks import choice, planted
from ipllvm.errors import ClaimViolated, NotMeasured, NotTested
from ipllvm.laws.probe import SAMPLES, Probe, Recorder
from ipllvm.laws.refute import refute
from ipllvm.laws.strategies import some_of
from ipllvm.models.loading import load
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Blank
from ipllvm.perturbations.untouched import Untouched
from ipllvm.records import Benchmark

DATA = planted.tens(seed=0)


def probe(name: str = "planted:exact-drop,d=0.3", data: Benchmark = DATA) -> Probe:
    return Probe(load(name, device="cpu"), data, 0)


def test_a_probe_asks_about_a_few_pictures_one_question_each() -> None:
    found = probe()
    assert len(found.samples) == SAMPLES
    assert len({sample.cluster for sample in found.samples}) == SAMPLES
    firsts = [next(s for s in DATA.samples if s.cluster == own.cluster) for own in found.samples]
    assert list(found.samples) == firsts, "the first question about each of the first pictures"
    assert len(probe(data=replace(DATA, samples=DATA.samples[:1])).samples) == 1


def test_a_model_that_is_invariant_is_found_to_be_and_one_that_is_not_is_named() -> None:
    assert probe("planted:invariant").difference(Permutation()) is None
    assert probe("planted:invariant").changed(Untouched()) is None
    said = probe("planted:exact-drop,d=1").difference(Permutation())
    assert said is not None
    how, _, change = said.partition(" changes the answer to ")
    sample, _, texts = change.partition(": ")
    assert how == str(Permutation()) and sample in {each.id for each in DATA.samples} and " -> " in texts


def test_answers_to_blank_pictures_are_those_of_other_samples_too() -> None:
    found = probe("planted:exact-drop,d=0.3")
    own = found.answers(Blank())
    others = found.answers(Blank(), DATA.samples[5:7])
    assert set(own) == {each.id for each in found.samples}
    assert set(others) == {each.id for each in DATA.samples[5:7]}


def test_a_picture_in_another_file_is_the_same_pixel_by_pixel() -> None:
    (sample,) = DATA.samples[:1]
    copy = Probe.copied(sample)
    before, after = (np.asarray(each.images[0].load()) for each in (sample, copy))
    assert np.array_equal(before, after) and copy.images != sample.images
    assert replace(copy, images=sample.images) == sample
    assert probe().otherwise((copy,), "a copy") is None


@dataclass(frozen=True)
class Unreadable:
    def load(self) -> Image.Image:
        raise OSError("no picture\nat all")


def test_a_sample_that_fails_is_not_measured_and_named() -> None:
    broken = replace(DATA.samples[0], images=(Unreadable(),))
    with pytest.raises(NotMeasured) as error:
        probe(data=replace(DATA, samples=(broken,))).answers(Blank())
    assert str(error.value).startswith(f"{broken.id}: ") and len(str(error.value).splitlines()) == 1


def test_pictures_that_a_model_does_not_take_are_not_tested_in_a_line() -> None:
    found = probe()
    assert found.visual_tokens(found.samples[0]) > 0

    def refuse(images: Any, prompt: str) -> Any:
        raise ValueError("one picture a question")

    vars(found.model)["prepare"] = refuse
    with pytest.raises(NotTested, match=r" can't be asked so: one picture a question$"):
        found.visual_tokens(found.samples[0])


@pytest.mark.parametrize(("size", "order"), [(1, [0, 1, 2, 3]), (4, [3, 2, 1, 0]), (3, [1, 0, 3, 2])])
def test_draws_belong_to_their_samples_in_any_batch(size: int, order: list[int]) -> None:
    assert probe("planted:invariant").orders_differ(size, order) is None


@pytest.mark.parametrize(("size", "order"), [(1, [0, 1, 2, 3]), (2, [3, 1, 2, 0])])
def test_samples_with_the_same_tokens_may_have_any_of_their_draws(size: int, order: list[int]) -> None:
    """A planted model sees nothing on pictures that are not its own: "law broken" on easyvqa."""
    found = probe("planted:invariant", choice.load("scenes"))
    assert len({drawn[0] for _, _, drawn in found._orders.values()}) > 1
    assert found.orders_differ(size, order) is None


def test_a_sample_that_was_never_permuted_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = probe("planted:invariant")
    assert found._orders
    run = Probe._run

    def losing(self: Probe, samples: Any, size: int, *perturbations: Any) -> Any:
        outcomes = run(self, samples, size, *perturbations)
        perturbations[0].seen.pop()
        return outcomes

    monkeypatch.setattr(Probe, "_run", losing)
    assert found.orders_differ(2, [0, 1, 2, 3]) == "a sample was not permuted"


def test_a_permutation_without_a_layout_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^packed tokens are permuted by their layout$"):
        Recorder(Permutation()).apply(torch.zeros(2, 2), None, np.random.default_rng(0))


def test_a_law_that_holds_says_nothing_and_a_broken_one_its_smallest_case() -> None:
    found = probe("planted:invariant")
    found.hold(lambda case: None, st.integers(0, 99))
    with pytest.raises(ClaimViolated) as error:
        found.hold(lambda case: f"{case} is too large" if case > 12 else None, st.integers(0, 99))
    assert str(error.value) == f"law broken: 13 is too large (model {found.model.name}, seed 0)"


@pytest.mark.parametrize(("asked", "queries", "most"), [(None, 20, 20), (5, 20, 5), (99, 3, 3)])
def test_no_more_cases_are_drawn_than_the_model_can_bear(asked: int | None, queries: int, most: int) -> None:
    found, cases = probe("planted:invariant"), list[int]()
    found.queries = queries
    found.hold(lambda case: cases.append(case), st.integers(0, 10**9), asked)
    assert 0 < len(cases) <= most


@pytest.mark.parametrize("apart", [False, True])
def test_some_of_a_benchmark_are_its_samples_in_their_order(apart: bool) -> None:
    among = replace(DATA, samples=DATA.samples[3:30])
    drawn: list[tuple[str, ...]] = []

    def law(part: Benchmark) -> str | None:
        ids = tuple(sample.id for sample in part.samples)
        drawn.append(ids)
        places = [DATA.samples.index(sample) for sample in part.samples]
        assert places == sorted(set(places)) and 2 <= len(ids) <= 5
        assert {sample.id for sample in among.samples} >= set(ids)
        assert not apart or len({sample.cluster for sample in part.samples}) == len(ids)
        return None

    assert refute(law, some_of(DATA, among, apart=apart, most=5), 30) is None
    assert len(set(drawn)) > 3


def test_the_smallest_counterexample_of_samples_is_the_first_two() -> None:
    said = refute(lambda part: " ".join(each.id for each in part.samples), some_of(DATA), 20)
    assert said == f"{DATA.samples[0].id} {DATA.samples[1].id}"
    (alone,) = DATA.samples[:1]
    assert refute(lambda part: str(len(part.samples)), some_of(replace(DATA, samples=(alone,))), 20) == "1"
