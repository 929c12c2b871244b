"""What a plan costs: trials, passes, pictures, memory, as the engine then has it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ipllvm.benchmarks import scenes
from ipllvm.engine import batch_policy
from ipllvm.engine.forecast import Forecast, PromptSizes, cost
from ipllvm.engine.holding import held
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import run
from ipllvm.errors import NotMeasured
from ipllvm.models.capacity import Footprint
from ipllvm.models.loading import load, sketch
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.perturbations.noise import LayerNoise
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.selection import Keep
from ipllvm.perturbations.shuffle import PatchShuffle
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Sample
from ipllvm.tests import tiny
from ipllvm.tests.checkpoints import make
from ipllvm.tests.engine.pictures import Noise
from ipllvm.tests.engine.tensors import LiveTensors


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("llava_next", tmp_path_factory.mktemp("next"))


def _samples(pictures: Sequence[int], prompt: str = "what?") -> tuple[Sample, ...]:
    """Samples with pictures of these numbers: equal values, never the same object."""
    return tuple(
        Sample(f"s{i}", f"c{n}", (Noise(n, (56, 84)),), prompt * (1 + i % 3), "red")
        for i, n in enumerate(pictures)
    )


def _plan(samples: Sequence[Sample], *perturbations: Any, draws: int = 1) -> Plan:
    return Plan(tuple(samples), (Clean(), *perturbations), draws, 0, 2)


@contextmanager
def _counted(model: TransformersModel) -> Iterator[list[int]]:
    """The pictures that go through the tower, and the positions that go through the decoder."""
    encode, seen = model.encode, [0]

    def counting(batch: Sequence[Any]) -> Any:
        seen[0] += len(batch)
        return encode(batch)

    model.encode = counting  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        model.encode = encode  # type: ignore[method-assign]


@pytest.mark.parametrize("size", [1, 3, 8])
def test_pictures_are_counted_as_they_are_encoded(folder: Path, size: int) -> None:
    plan = _plan(_samples([0, 0, 1, 1, 2, 0, 2]), Permutation(), draws=2)
    model = load(str(folder), device="cpu")
    assert isinstance(model, TransformersModel)
    with _counted(model) as seen:
        run(model, plan, size, {}, lambda done: None)
    assert cost(model, plan, size).pictures == seen[0] == 3


def test_pictures_that_are_not_kept_are_encoded_again(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    model = sketch(str(folder))
    assert cost(model, _plan(_samples([0, 1, 0, 1]))).pictures == 2
    monkeypatch.setattr(batch_policy, "ENCODED_BYTES", 1)
    assert cost(model, _plan(_samples([0, 1, 0, 1]))).pictures == 4


def test_tokens_are_those_of_prompts_of_all_lengths(folder: Path) -> None:
    model = sketch(str(folder))
    rows = _samples(range(6))
    lengths = [len(model.prepare([s.images[0].load()], s.prompt).input_ids) for s in rows]
    assert len(set(lengths)) == 3
    found = cost(model, _plan(rows))
    assert (found.trials, found.passes, found.tokens) == (6, 6, sum(lengths))
    assert cost(model, _plan(rows, Keep((0,), 4))).passes < 12


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("size", [pytest.param(8, marks=pytest.mark.slow), 24])
@pytest.mark.parametrize(
    "kind",
    ["llava-llama", pytest.param("gemma3", marks=pytest.mark.slow),
     pytest.param("idefics3", marks=pytest.mark.slow), "paligemma", "llava_next-mistral"],
)  # fmt: skip
def test_a_run_holds_what_its_plan_says(kind: str, size: int, tmp_path: Path) -> None:
    """To a quarter, of one square view and of tiles, with masks by kind and with rows that are shared."""
    name = str(tiny.make(kind, tmp_path / kind))
    perturbations = (Clean(), Permutation(), PatchShuffle(2))
    plan = Plan(scenes.short().samples[:24], perturbations, 2, 0, 8)
    model, planned = load(name, device="cpu"), 4 * cost(sketch(name), plan, size).holds
    with LiveTensors() as live:
        run(model, plan, size, {}, lambda done: None)
    assert 0.75 < planned / live.most < 1.33


def test_layers_that_are_entered_hold_their_clean_pass(folder: Path) -> None:
    model, rows = sketch(str(folder)), _samples(range(6))
    prompts = PromptSizes(positions=10, visual=4, behind=5, longest=12, pictures=6, anew=1.0)
    plain, deep = (held(Footprint(10, 3, 5), prompts, _plan(rows), layers, 4, 6) for layers in (0, 2))
    assert deep - plain == 4 * 12 * (10 + 2 * 3)
    passes = cost(model, _plan(rows, LayerNoise(0), LayerNoise(1)), 4).passes
    assert passes == 6 + 6 + 6 + 6 * (model.layers() - 1) / model.layers()


def test_a_model_that_does_not_tell_holds_nothing() -> None:
    rows = tuple(replace(s, images=()) for s in _samples(range(3)))
    assert cost(load("planted:invariant", device="cpu"), _plan(rows)).holds == 0


def test_costs_add_up_and_the_largest_batch_counts() -> None:
    assert Forecast(1, 1.0, 5, 1, 40) + Forecast(2, 0.5, 7, 0, 30) == Forecast(3, 1.5, 12, 1, 40)


def test_a_footprint_counts_the_clean_pass_only_where_layers_are_entered() -> None:
    assert Footprint(10, 3, 5).prompt == 15
    assert (Footprint(10, 3, 5).kept(0), Footprint(10, 3, 5).kept(4)) == (0, 22)


def test_a_plan_refuses_prompts_that_do_not_fit(folder: Path) -> None:
    model = sketch(str(folder))
    model.max_positions = 10
    with pytest.raises(NotMeasured, match="has 10 positions"):
        cost(model, _plan(_samples([1, 2])))
