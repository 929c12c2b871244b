"""The trials that are timed, as plans: what the paper's properties ask of a model."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ipllvm.engine.packing import Tokens
from ipllvm.engine.plan import Plan
from ipllvm.models.base import VisionLanguageModel
from ipllvm.perturbations.noise import GroupNoise, LayerNoise, amplitudes
from ipllvm.perturbations.occlusion import RandomDrop, SalientDrop
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.selection import Keep
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Benchmark, Perturbation

LONG = 128
K = 10
RATIOS = tuple(tenth / 10 for tenth in range(1, 10))
ACCEPTANCES = (1.0, 0.9, 0.5)
FEWEST = 2
"""Samples of a workload."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A plan with a name; `acceptance` is the share of each draft that is made to be accepted."""

    name: str
    plan: Plan
    acceptance: float | None = None

    def cut(self, trials: int) -> "Workload":
        """About so many trials at most: of fewer samples, two at least, and perturbations at equal distances.

        What trials of one sample share is shared by fewer of them: the engine looks slower, not faster.
        """
        clean, *others = self.plan.perturbations
        each = self.plan.draws * len(others)
        kept = others[:: -(-FEWEST * each // trials)]
        samples = self.plan.samples[: max(FEWEST, trials // each)]
        return replace(self, plan=replace(self.plan.part(samples), perturbations=(clean, *kept)))

    def draft(self, answer: Tokens) -> Tokens:
        """A draft of which exactly that share of `answer` is right, the next token wrong."""
        right = round((self.acceptance or 0) * len(answer))
        if right >= len(answer):
            return answer
        return (*answer[:right], answer[right] + 1 if answer[right] == 0 else answer[right] - 1)


def workloads(
    model: VisionLanguageModel, benchmark: Benchmark, samples: int, grid: int, maps: str
) -> list[Workload]:
    """Every kind of trial on `samples` samples (fewer where a sample has many trials)."""

    def plan(share: float, draws: int, perturbations: list[Perturbation], limit: int = 0) -> Plan:
        chosen = benchmark.samples[: max(2, round(share * samples))]
        return Plan(chosen, (Clean(), *perturbations), draws, 0, limit or benchmark.max_new_tokens)

    strengths = amplitudes(K, 0)
    drops: list[Callable[[float], Perturbation]] = [
        RandomDrop,
        lambda ratio: SalientDrop(ratio, provider=maps),
        lambda ratio: SalientDrop(ratio, lowest=True, provider=maps),
    ]
    layers = [LayerNoise(layer, "keskar", a) for layer in range(model.layers()) for a in strengths]
    tokens = [GroupNoise(group, grid, "keskar", a) for group in range(grid**2) for a in strengths]
    return [
        Workload("permutation", plan(1, 5, [Permutation()])),
        Workload("patch information", plan(1, 1, [Keep((group,), grid) for group in range(grid**2)])),
        Workload("layer importance", plan(0.25, 1, list(layers))),
        Workload("token-group importance", plan(0.1, 1, list(tokens))),
        Workload("occlusion", plan(0.25, 1, [drop(ratio) for drop in drops for ratio in RATIOS])),
        *(
            Workload(f"long answers at {share:g}", plan(0.5, 1, [Permutation()], LONG), share)
            for share in ACCEPTANCES
        ),
    ]
