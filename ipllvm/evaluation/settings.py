"""What of the command line bears on a measurement, and what a row says of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ipllvm.perturbations.code import apart
from ipllvm.records import Benchmark, Label

Setting = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Settings:
    """What of the command line bears on a measurement.

    `measurement` are the options that every row says as they are, `parameters` those that the property
    declares. The other fields are what the evaluation itself goes by.
    """

    draws: int = 5
    curve: int | None = None
    seed: int = 0
    batch_size: int | None = None
    report_only: bool = False
    strict_observations: bool = False
    self_check: str = "none"
    max_errors: float = 0
    answer: str = "generate"
    counterexamples: int | None = None
    sequential: str = ""
    family: int = 1
    margin_floor: bool = False
    labels: Mapping[str, Label] = field(default_factory=dict)
    measurement: Mapping[str, Setting] = field(default_factory=dict)
    parameters: Mapping[str, Setting] = field(default_factory=dict)

    def allowed_errors(self, samples: int) -> float:
        """How many of so many samples may fail: a number, or below 1 a share of them."""
        return self.max_errors if self.max_errors >= 1 else self.max_errors * samples

    def row(self, data: Benchmark, batch_size: int, perturbations: Sequence[str]) -> dict[str, Setting]:
        """The settings of a result; those of a fixed, unrepeated number of samples go without saying.

        `perturbations` are what they are known by; the code of one's own is a setting apart.
        """
        names = [apart(name) for name in dict.fromkeys(perturbations)]
        codes = "; ".join(f"{printed} {code}" for printed, code in names if code)
        return {
            **self.measurement,
            **self.parameters,
            "draws": self.draws,
            "seed": self.seed,
            "answer": self.answer,
            "batch_size": batch_size,
            "max_new_tokens": data.max_new_tokens,
            "self_check": self.self_check,
            "perturbations": "; ".join(printed for printed, _ in names),
            **({"code": codes} if codes else {}),
            **({"sequential": self.sequential} if self.sequential else {}),
            **({"family_wise": self.family} if self.family > 1 else {}),
            **({"curve_samples": self.curve} if self.curve else {}),
            **({"margin_floor": True} if self.margin_floor else {}),
            **({"max_errors": self.max_errors} if self.max_errors else {}),
        }
