"""What of the command line bears on a measurement, and what a row says of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from ipllvm.records import Benchmark


@dataclass(frozen=True, slots=True)
class Settings:
    """What of the command line bears on a measurement."""

    draws: int = 5
    seed: int = 0
    batch_size: int | None = None
    report_only: bool = False
    prompt: str = "checkpoint"
    scope: str = "keep_newline"
    noise: str = "paper"
    information: str = "keep"
    occlusion_budget: str = "count"
    strict_observations: bool = False
    self_check: str = "none"
    max_errors: float = 0
    answer: str = "generate"
    counterexamples: int | None = None
    sequential: str = ""
    family: int = 1
    margin_floor: bool = False

    def row(
        self, data: Benchmark, batch_size: int, perturbations: Sequence[str]
    ) -> dict[str, str | int | float | bool]:
        """The settings of a result; those of a fixed, unrepeated number of samples go without saying."""
        return {
            "draws": self.draws,
            "seed": self.seed,
            "batch_size": batch_size,
            "max_new_tokens": data.max_new_tokens,
            "answer": self.answer,
            "prompt": self.prompt,
            "scope": self.scope,
            "noise": self.noise,
            "information": self.information,
            "occlusion_budget": self.occlusion_budget,
            "self_check": self.self_check,
            "perturbations": "; ".join(dict.fromkeys(perturbations)),
            **({"sequential": self.sequential} if self.sequential else {}),
            **({"family_wise": self.family} if self.family > 1 else {}),
            **({"margin_floor": True} if self.margin_floor else {}),
        }
