"""Whether this device measures as the CPU does, and as the forecasts say: exactness, ties, memory, kernels.

Each check says one figure with its aim. All run on a CPU too, where the figures of memory mean little.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

from ipllvm.artifacts import Artifacts
from ipllvm.benchmarks import scenes
from ipllvm.engine import forecast, self_check
from ipllvm.engine.fault_isolation import BatchBudget
from ipllvm.engine.plan import Plan
from ipllvm.engine.requirements import Outcomes
from ipllvm.engine.run import batches
from ipllvm.models.loading import load
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Benchmark
from ipllvm.speed import kernels
from ipllvm.speed.memory import watched
from ipllvm.speed.plain import Asked, plain
from ipllvm.speed.ways import engine

TINY: Final = ("llava-tiny", "llava-ov-tiny", "llava-next-tiny")
"""Embedded models that are compared with `generate`, one a kind of picture."""
FORECAST: Final = 0.25
"""How far measured memory may be from the forecast."""
PREFILL: Final = 0.7
"""Share of the rate of matrix products that a prefill is to reach."""
LARGE: Final = 512
"""A batch that is to be too large."""


@dataclass(frozen=True, slots=True)
class DeviceFigure:
    """One figure: at least `least` and at most `most` where these are given."""

    name: str
    value: float
    words: str
    least: float | None = None
    most: float | None = None

    @property
    def as_aimed(self) -> bool:
        """Whether it is within its bounds; a figure without bounds is."""
        return (self.least is None or self.value >= self.least) and (
            self.most is None or self.value <= self.most
        )

    def row(self) -> dict[str, Any]:
        """As plain values."""
        bounds = {"least": self.least, "most": self.most, "as_aimed": self.as_aimed}
        return {"name": self.name, "value": self.value, "words": self.words, **bounds}


def _plan(benchmark: Benchmark, samples: int, draws: int = 2) -> Plan:
    chosen = benchmark.samples[:samples]
    return Plan(chosen, (Clean(), Permutation()), draws, 0, benchmark.max_new_tokens)


def tiny(name: str, device: str, dtype: str) -> TransformersModel:
    """An embedded model on the device."""
    model = load(name, device=device, dtype=dtype)
    assert isinstance(model, TransformersModel)
    return model


def exactness(name: str, device: str, benchmark: Benchmark, samples: int = 8) -> DeviceFigure:
    """In float32 the engine says what plain `generate` says one by one, clean and permuted."""
    model, plan = tiny(name, device, "float32"), _plan(benchmark, samples)
    artifacts = Artifacts({})
    found, _ = engine(model, plan, samples, artifacts)
    cases = [case for p in plan.perturbations for case in plan.cases(plan.samples, p)]
    different = 0
    for case in cases:
        said = plain(model, [Asked.of(model, case)], plan.max_new_tokens, artifacts)
        different += found[case.trial] != said[0]
    words = f"{different} of {len(cases)} answers differ from generate one by one"
    return DeviceFigure(f"exactness of {name} in float32", different, words, most=0)


def flips(
    name: str, device: str, benchmark: Benchmark, samples: int = 8, dtype: str = "bfloat16"
) -> DeviceFigure:
    """In few digits an answer may depend on its batch only where its two best tokens nearly tie."""
    found = self_check.check(tiny(name, device, dtype), benchmark.samples[:samples])
    assert found is not None, "the embedded models can be asked"
    pairs = [each for each in (found.batched, found.eager, found.restarted) if each is not None]
    beyond = sum(each.flips - each.ties for each in pairs)
    return DeviceFigure(f"flips of {name} in {dtype} that are no near ties", beyond, str(found), most=0)


@contextmanager
def short_of_memory(model: TransformersModel, rows: int) -> Iterator[None]:
    """While it lasts, about so many prompts fit at once: by a limit of torch's allocator on a GPU, on a CPU,
    where the system would end the process, by an error of the same kind.
    """
    if model.device.type == "cuda":
        total = torch.cuda.get_device_properties(model.device).total_memory
        room = torch.cuda.memory_allocated(model.device) + rows * _prompt_bytes(model)
        torch.cuda.empty_cache()
        torch.cuda.set_per_process_memory_fraction(min(1.0, room / total), model.device)
        try:
            yield
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0, model.device)
        return
    usual = model.decoder

    def decoder(embeds: Tensor, **settings: Any) -> tuple[Tensor, Any]:
        if len(embeds) > rows:
            raise torch.OutOfMemoryError(f"{len(embeds)} rows where {rows} fit")
        return usual(embeds, **settings)

    vars(model)["decoder"] = decoder
    try:
        yield
    finally:
        del vars(model)["decoder"]


def _prompt_bytes(model: TransformersModel) -> int:
    """What a prompt of a few hundred positions takes, about."""
    return 256 * model.dtype.itemsize * (model.footprint.prompt if model.footprint else 1)


def out_of_memory(name: str, device: str, benchmark: Benchmark, samples: int = 64) -> DeviceFigure:
    """Where memory runs out, batches shrink, nothing fails and every answer is the one of small batches."""
    model, plan = tiny(name, device, "float32"), _plan(benchmark, samples, 1)
    small: Outcomes = {}
    for _ in batches(model, plan, BatchBudget(4), small, None):
        pass
    room, found = BatchBudget(LARGE), Outcomes()
    with short_of_memory(model, 16):
        for _ in batches(model, plan, room, found, None):
            pass
    differ = sum(found.get(trial) != response for trial, response in small.items())
    words = f"batches of {LARGE} became {room.size}; {differ} of {len(small)} answers differ or failed"
    return DeviceFigure(f"answers of {name} that out of memory changes", differ, words, most=0)


def memory(model: TransformersModel, benchmark: Benchmark, size: int, samples: int = 32) -> DeviceFigure:
    """The peak of a run over what was forecast, weights included on a GPU; on a CPU what is added."""
    plan = _plan(benchmark, samples)
    cost = forecast.cost(model, plan, size)
    weights = model.info().parameters * model.dtype.itemsize
    with watched(model.device) as before:
        pass
    with watched(model.device) as peak:
        engine(model, plan, size, Artifacts({}))
    on_gpu = model.device.type == "cuda"
    expected = cost.holds * model.dtype.itemsize + (weights if on_gpu else 0)
    measured = peak.bytes - (0 if on_gpu else before.bytes)
    words = f"{measured / 1e9:.2f} GB measured, {expected / 1e9:.2f} GB forecast in batches of {size}"
    bounds = (1 - FORECAST, 1 + FORECAST) if on_gpu else (None, None)
    return DeviceFigure("memory over its forecast", measured / max(1, expected), words, *bounds)


def attention(model: TransformersModel, benchmark: Benchmark, size: int, samples: int = 8) -> list[str]:
    """Which attention kernels a run takes, how often, and why."""
    with kernels.recorded() as counts:
        engine(model, _plan(benchmark, samples), size, Artifacts({}))
    return [f"{count:,} x {call}" for call, count in counts.most_common()]


def checked(model: TransformersModel, benchmark: Benchmark, size: int, prefill: float) -> dict[str, Any]:
    """All checks of a device, printed one by one: those of embedded models, then those of the timed one."""
    figures = []
    share = DeviceFigure("prefill", prefill, f"{prefill:.0%} of the rate of matrix products", least=PREFILL)
    others = (memory(model, benchmark, size), share)
    for figure in (*others, *tiny_figures(str(model.device), scenes.short())):
        figures.append(figure.row())
        print(f"{figure.name}: {figure.words}{'' if figure.as_aimed else ' (aim missed)'}", flush=True)
    calls = attention(model, benchmark, size)
    print("\n".join(f"attention: {line}" for line in calls))
    return {"checks": figures, "attention": calls}


def tiny_figures(
    device: str, benchmark: Benchmark, names: Sequence[str] = TINY, samples: int = 8
) -> Iterator[DeviceFigure]:
    """Exactness, flips and batches on embedded models, one after the other."""
    for name in names:
        yield exactness(name, device, benchmark, samples)
        yield flips(name, device, benchmark, samples)
    yield out_of_memory(names[0], device, benchmark, 8 * samples)
