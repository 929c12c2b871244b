"""What encoders and language models make of a benchmark is found once, and anew where anything is another."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from ipllvm.benchmarks import captions
from ipllvm.engine import features, recognition
from ipllvm.engine.deferred_parts import DeferredPart
from ipllvm.engine.store.derived import Derived
from ipllvm.evaluation import companion_models as companions
from ipllvm.metrics.alignment import align
from ipllvm.records import Benchmark, Scores
from ipllvm.sampling import generator

ITEMS, WIDTH = 40, 6
INFO: Mapping[str, str] = dict.fromkeys(("fingerprint", "device", "dtype", "attention", "prompt"), "x")


@pytest.fixture(scope="module")
def benchmark() -> Benchmark:
    found = captions.load()
    return replace(found, samples=found.samples[:ITEMS])


def _evaluation(benchmark: Benchmark, folder: Path | None, **changed: Any) -> Any:
    """A model that is known by name alone: whatever else is asked of it fails."""
    model = SimpleNamespace(info=lambda: SimpleNamespace(**INFO), image_backend="pil", sealed="")
    settings = SimpleNamespace(seed=changed.get("seed", 0))
    model.sealed = changed.get("sealed", "")
    return SimpleNamespace(
        model=model,
        settings=settings,
        batch_size=4,
        benchmark=benchmark,
        planned_benchmark=benchmark,
        derived=Derived(folder),
    )


def _random(*layers: int) -> np.ndarray:
    return np.random.default_rng(sum(layers)).normal(size=(ITEMS, len(layers), WIDTH))


class Parts:
    """An encoder and two language models that count how often they are asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        monkeypatch.setattr(features, "projected", self._projected)

    def encoder(self, identity: str = "clip@1") -> Any:
        return DeferredPart(
            identity, ["cpu"], lambda: SimpleNamespace(identity=identity, states=self._states)
        )

    def words(self, name: str, identity: str = "") -> Any:
        identity = identity or f"{name}@1"

        def texts(texts: list[str]) -> np.ndarray:
            self.calls.append(name)
            return _random(4, len(name))

        return DeferredPart(identity, ["cpu"], lambda: SimpleNamespace(identity=identity, features=texts))

    def _states(self, pictures: Any) -> tuple[np.ndarray, np.ndarray]:
        self.calls.append("encoder")
        return _random(1, 2, 3), _random(1)

    def _projected(self, model: Any, pool: Any, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
        self.calls.append("projected")
        return _random(5), _random(6)


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Parts:
    return Parts(monkeypatch)


def test_an_alignment_is_what_align_gives_and_the_same_when_it_is_read_again(
    benchmark: Benchmark, parts: Parts, tmp_path: Path
) -> None:
    models = {"a": parts.words("a")}
    first, again = (
        companions.alignments(_evaluation(benchmark, tmp_path), parts.encoder(), models, benchmark.samples)
        for _ in range(2)
    )
    assert parts.calls == ["encoder", "projected", "a"] and list(first) == [
        (s, "a") for s in companions.SIDES
    ]
    expected = align(_random(1, 2, 3), _random(4, 1), generator(0, "encoder", "a"))
    for found in (first["encoder", "a"], again["encoder", "a"]):
        assert (found.best, found.observed, found.cka) == (expected.best, expected.observed, expected.cka)
        assert np.array_equal(found.values, expected.values) and np.array_equal(found.null, expected.null)


def test_each_language_model_is_kept_alone(benchmark: Benchmark, parts: Parts, tmp_path: Path) -> None:
    """A run that ends among ten of them goes on where it was."""
    companions.alignments(
        _evaluation(benchmark, tmp_path), parts.encoder(), {"a": parts.words("a")}, benchmark.samples
    )
    both = {"a": parts.words("a"), "bb": parts.words("bb")}
    found = companions.alignments(_evaluation(benchmark, tmp_path), parts.encoder(), both, benchmark.samples)
    assert parts.calls == ["encoder", "projected", "a", "encoder", "projected", "bb"] and len(found) == 6


def _changed(change: str, parts: Parts, data: Benchmark) -> tuple[Any, Any, Benchmark, dict[str, Any]]:
    """Encoder, language model, data and evaluation, one of them another than usual."""
    encoder = parts.encoder("clip@2" if change == "encoder" else "clip@1")
    words = parts.words("a", "a@2" if change == "language model" else "a@1")
    if change == "samples":
        data = replace(data, samples=data.samples[::-1])
    if change == "data":
        data = replace(data, digest="another")
    how: dict[str, dict[str, Any]] = {"seed": {"seed": 1}, "served model": {"sealed": "is served"}}
    return encoder, words, data, how.get(change, {})


CHANGES = ("encoder", "language model", "samples", "data", "seed", "served model")


@pytest.mark.parametrize("change", CHANGES)
def test_what_it_depends_on_has_it_found_anew(
    change: str, benchmark: Benchmark, parts: Parts, tmp_path: Path
) -> None:
    models = {"a": parts.words("a")}
    companions.alignments(_evaluation(benchmark, tmp_path), parts.encoder(), models, benchmark.samples)
    encoder, words, data, how = _changed(change, parts, benchmark)
    companions.alignments(_evaluation(data, tmp_path, **how), encoder, {"a": words}, data.samples)
    assert parts.calls.count("a") == 2


def test_without_a_store_nothing_is_kept(benchmark: Benchmark, parts: Parts) -> None:
    for _ in range(2):
        companions.alignments(
            _evaluation(benchmark, None), parts.encoder(), {"a": parts.words("a")}, benchmark.samples
        )
    assert parts.calls.count("a") == 2


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch, benchmark: Benchmark) -> list[str]:
    """The names of what was scored anew; `errors` below may be given to it."""
    calls: list[str] = []

    def scores(name: str) -> Callable[..., Scores]:
        def score(encoder: Any, samples: Any, *further: Any) -> Scores:
            calls.append(name)
            ids = tuple(sample.id for sample in samples)
            errors = {ids[0]: "Traceback"} if encoder.identity == "broken" else {}
            return Scores(name, ids, ids, np.linspace(0, 1, len(ids))[:, None], errors)

        return score

    monkeypatch.setattr(recognition, "likeness", scores("clip_i"))
    monkeypatch.setattr(recognition, "recognise", scores("zero-shot"))
    return calls


def test_scores_are_kept_by_what_was_shown_and_asked(
    benchmark: Benchmark, parts: Parts, scored: list[str], tmp_path: Path
) -> None:
    evaluation = cast("Any", _evaluation(benchmark, tmp_path))
    black = {sample.id: np.zeros((4, 4, 3), np.uint8) for sample in benchmark.samples}
    white = {**black, benchmark.samples[-1].id: np.ones((4, 4, 3), np.uint8)}
    found = [companions.likeness(evaluation, parts.encoder(), drawn) for drawn in (black, black, white)]
    assert scored == ["clip_i", "clip_i"]
    assert [each.perturbation for each in found] == ["clip_i"] * 3
    assert np.array_equal(found[0].values, found[1].values) and found[0].samples == found[1].samples
    for templates in (["a {}"], ["a {}"], ["a {}", "the {}"]):
        companions.recognised(evaluation, parts.encoder(), templates)
    assert scored[2:] == ["zero-shot", "zero-shot"]


def test_a_picture_that_could_not_be_had_is_asked_for_again(
    benchmark: Benchmark, parts: Parts, scored: list[str], tmp_path: Path
) -> None:
    evaluation = cast("Any", _evaluation(benchmark, tmp_path))
    for _ in range(2):
        assert companions.recognised(evaluation, parts.encoder("broken"), ["a {}"]).errors
    assert scored == ["zero-shot"] * 2


def test_an_encoder_at_hand_is_asked_each_time(
    benchmark: Benchmark, scored: list[str], tmp_path: Path
) -> None:
    evaluation = cast("Any", _evaluation(benchmark, tmp_path))
    for _ in range(2):
        companions.recognised(evaluation, cast("Any", SimpleNamespace(identity="planted")), ["a {}"])
    assert scored == ["zero-shot"] * 2
