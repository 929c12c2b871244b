"""What --ray takes and what it does not go with, each told in one line; no Ray is needed for it."""

import pickle
from collections.abc import Mapping
from typing import Any

import pytest

from ipllvm.benchmarks import planted
from ipllvm.engine.deferred import Identity
from ipllvm.engine.executors import ray_pool
from ipllvm.engine.executors.distant import DistantModel
from ipllvm.errors import NotMeasured, NotTested, UnknownName, UsageError
from ipllvm.models.loading import load
from ipllvm.session import clusters
from ipllvm.tests.session.test_options import read


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "find_spec", lambda name: object())


@pytest.mark.parametrize("text", ["auto", "local", "10.0.0.7:6379", "head.example:6379"])
def test_an_address_is_taken_as_it_is(text: str) -> None:
    assert read(ray=text).ray == text
    assert read().ray is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "give a value, or leave the option out"),
        ("llava-tiny", "give auto, local or HOST:PORT"),
        ("properties/test_permutation.py", "give auto, local or HOST:PORT"),
        ("ray://head:10001", "brings no streams"),
    ],
)
def test_what_is_no_address_is_one_line(text: str, line: str) -> None:
    with pytest.raises(UsageError, match=line):
        read(ray=text)


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'ipllvm\[ray\]'"):
        read(ray="auto")


@pytest.mark.parametrize(
    ("models", "workers", "in_memory", "line"),
    [
        (["llava-tiny"], 2, {}, "leave -n out"),
        (["llava-tiny"], None, {"mine": object()}, "save it and name its folder"),
        (["http://localhost:8000/v1#m"], None, {}, "is served where it is"),
    ],
)
def test_what_it_does_not_go_with(
    models: list[str], workers: int | None, in_memory: Mapping[str, object], line: str
) -> None:
    clusters.check(read(model=models), workers, in_memory)
    with pytest.raises(UsageError, match=f"^--ray: .*{line}"):
        clusters.check(read(model=models, ray="auto"), workers, in_memory)


def test_a_distant_model_has_its_processor_and_no_weights() -> None:
    here = load("planted:invariant", device="cpu")
    model: Any = DistantModel(Identity.of(here), lambda: here)
    assert model.loaded is model and model.info() == here.info() and model.layers() == here.layers()
    assert model.prepare([], "What?").input_ids.tolist() == here.prepare([], "What?").input_ids.tolist()
    for name in ("decoder", "encode", "batch_size"):
        with pytest.raises(NotTested, match=f"{name}.*which are not read here with --ray"):
            getattr(model, name)


def test_an_unknown_name_crosses_to_another_process() -> None:
    error = pickle.loads(pickle.dumps(UnknownName("model", "llava-tny", ["llava-tiny"])))
    assert type(error) is UsageError and "did you mean 'llava-tiny'?" in str(error)


def test_a_prompt_that_is_too_long_is_told_before_anything_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Executor:
        def self_check(self, *_: object) -> str:
            asked.append("worker")
            return "passed"

    monkeypatch.setattr(ray_pool, "connect", lambda address: False)
    monkeypatch.setattr(clusters.Clusters, "executor", Executor())
    here = load("planted:invariant", device="cpu")
    model: Any = DistantModel(Identity.of(here), lambda: here)
    benchmark = planted.single()
    fits = clusters.Clusters(read(ray="auto"), print)
    assert [fits.self_check(model, benchmark) for _ in range(2)] == ["passed"] * 2
    longest = max(len(here.prepare([], s.prompt).input_ids) for s in benchmark.samples)
    monkeypatch.setattr(type(here), "max_positions", longest - 1, raising=False)
    with pytest.raises(NotMeasured, match="positions"):
        clusters.Clusters(read(ray="auto"), print).self_check(model, benchmark)
    assert asked == ["worker"] * 2, "no worker is asked"
