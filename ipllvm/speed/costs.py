"""What grows with what: seconds of permutation and patch-information trials by draws, samples, groups."""

from collections.abc import Mapping
from dataclasses import dataclass

from ipllvm.engine.plan import Plan
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.selection import Keep
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Benchmark, Perturbation
from ipllvm.speed.measure import Bench
from ipllvm.speed.ways import engine

DRAWS = (1, 2, 5, 10)
SHARES = (0.25, 0.5, 1.0)
GRIDS = (1, 2, 4)
LIKE = {"draws": "permutation", "samples": "permutation", "groups": "patch information"}
"""The workload that an axis has more or less of."""
FEW = 4
"""Samples that draws and groups are counted on, at least: a quarter of all."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """Seconds of the engine, and those that plain `generate` would take at its best batched rate."""

    axis: str
    at: int
    trials: int
    engine: float
    generate: float


def costs(bench: Bench, benchmark: Benchmark, samples: int, rates: Mapping[str, float]) -> list[Scaling]:
    """Along three axes; `rates` are how many trials of a workload plain `generate` does a second."""
    few = max(FEW, samples // 4)
    plans = [("draws", draws, _plan(benchmark, few, [Permutation()], draws)) for draws in DRAWS]
    for share in SHARES:
        count = max(FEW, round(share * samples))
        plans.append(("samples", count, _plan(benchmark, count, [Permutation()], 2)))
    for grid in GRIDS:
        groups: list[Perturbation] = [Keep((group,), grid) for group in range(grid**2)]
        plans.append(("groups", grid**2, _plan(benchmark, few, groups, 1)))
    found = []
    for axis, at, plan in plans:
        _, seconds = engine(bench.model, plan, bench.size, bench.artifacts)
        found.append(Scaling(axis, at, len(plan), seconds, len(plan) / rates[LIKE[axis]]))
    return found


def _plan(benchmark: Benchmark, count: int, perturbations: list[Perturbation], draws: int) -> Plan:
    samples = benchmark.samples[:count]
    return Plan(samples, (Clean(), *perturbations), draws, 0, benchmark.max_new_tokens)
