"""How cost grows: seconds and peak memory of the engine by what it grows with, samples to models."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from PIL import Image

from ipllvm.artifacts import Artifacts
from ipllvm.engine.plan import Plan
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.perturbations.noise import LayerNoise, amplitudes
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.selection import Keep
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Benchmark, ImageSource, Perturbation
from ipllvm.speed import synthetic
from ipllvm.speed.memory import watched
from ipllvm.speed.ways import endless, engine

NOTHING = Artifacts({})
FEW = 8
"""Samples, where it is not their number that grows."""
SIZES = ((336, 672), (672, 672), (1008, 336), (672, 1008))
"""Width and height of pictures that LLaVA-NeXT cuts into two to four tiles beside the whole."""
SUPERLINEAR = 1.15
"""An exponent above which cost grows faster than what it grows with, beyond the noise of a measurement."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one point of an axis costs: wall and processor seconds, and bytes at the most."""

    axis: str
    at: int
    trials: int
    seconds: float
    cpu: float
    memory: int


@dataclass(frozen=True, slots=True)
class _Resized:
    """A picture in another size."""

    source: ImageSource
    size: tuple[int, int]

    def load(self) -> Image.Image:
        """Scale it."""
        return self.source.load().resize(self.size)


def costs(device: torch.device, dtype: torch.dtype, benchmark: Benchmark, size: int) -> Iterator[Cost]:
    """The points of all axes, as they are measured; models are synthetic, tiny but for the tiles."""
    model = synthetic.make("tiny", device, dtype)
    questions = synthetic.fitted(benchmark, "tiny")
    for axis, points in _plans(questions, model.layers()).items():
        _measured(axis, model, points[0][1], 0, size)  # warms up
        for at, plan in points:
            yield _measured(axis, model, plan, at, size)
    for count in (1, 2, 4):
        yield _models(count, device, dtype, questions, size)
    tiled = synthetic.make("llava_next-small", device, dtype)
    for width, height in SIZES:
        pictures = _resized(synthetic.fitted(benchmark, "llava_next-small"), (width, height))
        prepared = tiled.prepare([pictures.samples[0].images[0].load()], pictures.samples[0].prompt)
        plan = _plan(pictures, 2, [Permutation()])
        yield _measured("visual tokens", tiled, plan, int(prepared.visual.sum()), size)


def _plans(benchmark: Benchmark, layers: int) -> dict[str, list[tuple[int, Plan]]]:
    shuffled: list[Perturbation] = [Permutation()]
    strengths = amplitudes(2, 0)

    def groups(grid: int) -> list[Perturbation]:
        return [Keep((group,), grid) for group in range(grid**2)]

    def noise(count: int) -> list[Perturbation]:
        return [LayerNoise(layer, "keskar", a) for layer in range(count) for a in strengths]

    return {
        "samples": [(n, _plan(benchmark, n, shuffled)) for n in (8, 16, 32, 64)],
        "draws": [(n, _plan(benchmark, FEW, shuffled, n)) for n in (1, 2, 4, 8)],
        "groups": [(n**2, _plan(benchmark, FEW, groups(n))) for n in (1, 2, 4)],
        "layers": [(n, _plan(benchmark, FEW, noise(n))) for n in sorted({1, 2, layers})],
        "answer tokens": [(n, _plan(benchmark, FEW, shuffled, limit=n)) for n in (8, 16, 32, 64)],
    }


def _plan(
    benchmark: Benchmark, count: int, perturbations: Sequence[Perturbation], draws: int = 1, limit: int = 4
) -> Plan:
    return Plan(benchmark.samples[:count], (Clean(), *perturbations), draws, 0, limit)


def _resized(benchmark: Benchmark, size: tuple[int, int]) -> Benchmark:
    samples = [replace(s, images=(_Resized(s.images[0], size),)) for s in benchmark.samples[:2]]
    return replace(benchmark, samples=tuple(samples))


def _measured(axis: str, model: TransformersModel, plan: Plan, at: int, size: int) -> Cost:
    def work() -> None:
        engine(model, plan, size, NOTHING)

    with endless(model, True):
        return _timed(axis, at, len(plan), model.device, work)


def _models(count: int, device: torch.device, dtype: torch.dtype, benchmark: Benchmark, size: int) -> Cost:
    plan = _plan(benchmark, FEW, [Permutation()])

    def work() -> None:
        for _ in range(count):
            engine(synthetic.make("tiny", device, dtype), plan, size, NOTHING)

    return _timed("models", count, count * len(plan), device, work)


def _timed(axis: str, at: int, trials: int, device: torch.device, work: Callable[[], None]) -> Cost:
    with watched(device) as peak:
        began, busy = time.perf_counter(), time.process_time()
        work()
        seconds, cpu = time.perf_counter() - began, time.process_time() - busy
    return Cost(axis, at, trials, seconds, cpu, peak.bytes)


def exponents(found: Sequence[Cost]) -> dict[str, tuple[float, float]]:
    """By axis: the powers with which processor seconds and memory grow, from the first point to the last.

    >>> exponents([Cost("samples", 1, 1, 1.0, 1.0, 100), Cost("samples", 4, 4, 4.0, 4.0, 200)])
    {'samples': (1.0, 0.5)}
    """
    powers = {}
    for axis in dict.fromkeys(cost.axis for cost in found):
        own = sorted((cost for cost in found if cost.axis == axis), key=lambda cost: cost.at)
        first, last = own[0], own[-1]
        more = math.log(last.at / first.at)
        time_power = math.log(last.cpu / first.cpu) / more
        memory_power = math.log(last.memory / first.memory) / more if first.memory and last.memory else 0.0
        powers[axis] = round(time_power, 3), round(memory_power, 3)
    return powers


def table(found: Sequence[Cost]) -> list[str]:
    """The lines to print."""
    lines = [f"{'axis':<14}{'at':>7}{'trials':>8}{'seconds':>9}{'CPU s':>8}{'peak MB':>9}"]
    lines += [
        f"{c.axis:<14}{c.at:>7,}{c.trials:>8,}{c.seconds:>9.2f}{c.cpu:>8.2f}{c.memory / 1e6:>9,.0f}"
        for c in found
    ]
    for axis, (seconds, memory) in exponents(found).items():
        note = ": faster than what it grows with" if max(seconds, memory) > SUPERLINEAR else ""
        lines.append(f"{axis}: CPU time to the power of {seconds:.2f}, memory {memory:.2f}{note}")
    return lines


def rows(found: Sequence[Cost]) -> list[dict[str, Any]]:
    """As plain values."""
    return [asdict(cost) for cost in found]
