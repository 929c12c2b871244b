"""Probes: what the laws of token perturbations see of a model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from ipllvm.benchmarks import scenes
from ipllvm.benchmarks.images import EncodedImage
from ipllvm.errors import ClaimViolated, NotMeasured
from ipllvm.laws.probe import BIG, SAMPLES, Probe
from ipllvm.laws.strategies import swaps
from ipllvm.models import loading
from ipllvm.models.base import VisionLanguageModel
from ipllvm.perturbations.occlusion import Drop
from ipllvm.perturbations.permutation import Permutation, Swaps
from ipllvm.perturbations.substitution import Blank
from ipllvm.records import Layout, ModelInfo
from ipllvm.tests.checkpoints import TOKENS, make

BENCHMARK = replace(scenes.short(seed=0), max_new_tokens=4)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> VisionLanguageModel:
    folder: Path = tmp_path_factory.mktemp("probed")
    return loading.load(str(make("llava", folder)), device="cpu")


@pytest.fixture(scope="module")
def probe(model: VisionLanguageModel) -> Probe:
    return Probe(model, BENCHMARK, seed=0)


def test_a_probe_asks_a_handful_of_samples(probe: Probe) -> None:
    assert len(probe.samples) == len(probe.untouched) == SAMPLES
    assert len({sample.cluster for sample in probe.samples}) == SAMPLES
    assert probe.picture_tokens == TOKENS
    assert probe.untouched == probe.answers(Swaps(()))


def test_a_big_model_is_looked_at_less(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    small: ModelInfo = probe.model.info()
    monkeypatch.setattr(probe.model, "info", lambda: replace(small, parameters=BIG), raising=False)
    assert Probe(probe.model, BENCHMARK, 0).queries < probe.queries


def test_a_permutation_and_its_inverse_cancel(probe: Probe) -> None:
    def law(forth: Swaps) -> str | None:
        return probe.difference(Swaps(forth.pairs + forth.inverse.pairs))

    probe.hold(law, swaps(probe.picture_tokens))


def test_draws_do_not_depend_on_batch_size_and_order(probe: Probe) -> None:
    def law(case: tuple[int, list[int]]) -> str | None:
        return probe.orders_differ(*case)

    probe.hold(law, st.tuples(st.integers(1, 4), st.permutations(range(SAMPLES))))


def test_a_changed_answer_is_told_with_its_sample(probe: Probe) -> None:
    found = probe.difference(Blank())
    assert found is not None
    assert found.startswith("blank(level=127) changes the answer to scenes-")
    assert " -> " in found


def test_pixels_are_compared_with_the_clean_answers(probe: Probe) -> None:
    assert probe.changed(Drop()) is None
    broken = probe.changed(Drop((0, 1, 2, 3), 2))
    assert broken is not None and broken.startswith("drop(cells=0+1+2+3, grid=2) changes the answer to ")


def test_a_law_may_need_fewer_looks(probe: Probe) -> None:
    seen: list[int] = []
    probe.hold(lambda n: seen.append(n), st.integers(0, 99), queries=2)
    assert 0 < len(seen) <= 2


def test_a_broken_law_is_a_violated_claim_that_can_be_replayed(probe: Probe) -> None:
    def law(number: int) -> str | None:
        return f"{number} is too large" if number > 9 else None

    with pytest.raises(ClaimViolated, match=r"^law broken: 10 is too large \(model .*, seed 0\)$"):
        probe.hold(law, st.integers(0, 99))


def test_a_draw_that_depends_on_the_batch_is_found(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = np.random.default_rng(0)

    def order(self: Permutation, layout: Layout, rng: np.random.Generator) -> np.ndarray:
        return shared.permutation(len(layout))

    monkeypatch.setattr(Permutation, "order", order)
    found = Probe(probe.model, BENCHMARK, 0).orders_differ(2, [1, 0, 2, 3])
    assert found is not None
    assert found.startswith("batches of 2 in order [1, 0, 2, 3] draw another permutation for scenes-")


def test_a_permutation_that_loses_tokens_is_found(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Permutation, "order", lambda self, layout, rng: np.zeros(len(layout), dtype=int))
    found = Probe(probe.model, BENCHMARK, 0).orders_differ(1, [0, 1, 2, 3])
    assert found is not None
    assert found.endswith("loses tokens")


def test_a_sample_that_fails_is_not_measured(model: VisionLanguageModel) -> None:
    broken = replace(BENCHMARK.samples[2], images=(EncodedImage("broken.png", b"no picture"),))
    benchmark = replace(BENCHMARK, samples=(BENCHMARK.samples[0], broken))
    with pytest.raises(NotMeasured, match=r"image 'broken\.png' can't be decoded"):
        Probe(model, benchmark, 0).answers(Swaps(()))
