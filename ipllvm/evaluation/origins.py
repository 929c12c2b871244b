"""Who measured the outcomes behind a result: other runs, and the workers of a cluster."""

from collections import Counter
from dataclasses import dataclass, field

from ipllvm.engine.executors.base import Executor
from ipllvm.engine.plan import Plan
from ipllvm.engine.requirements import Known
from ipllvm.engine.store.outcomes import OutcomeView


@dataclass(slots=True)
class Origins:
    """How many outcomes came from which earlier runs, and from which workers of this one."""

    runs: Counter[str] = field(default_factory=Counter)
    workers: Counter[str] = field(default_factory=Counter)

    def add(self, plan: Plan, outcomes: Known, executor: Executor) -> None:
        """Count those of a plan."""
        if isinstance(outcomes, OutcomeView):
            self.runs += outcomes.origins(plan.trials())
        self.workers += executor.measured_by(outcomes, plan.trials())

    def settings(self, trials: int) -> dict[str, str]:
        """What a result of so many trials says of them; nothing where this process measured all."""
        found = {}
        if self.runs:
            runs = ", ".join(f"{run} ({count:,})" for run, count in sorted(self.runs.items()))
            found["reused"] = f"{self.runs.total():,} of {trials:,} outcomes, measured by {runs}"
        if self.workers:
            found["measured_on"] = shares(self.workers)
        return found


def shares(workers: Counter[str]) -> str:
    """Who measured which share, the largest first.

    >>> shares(Counter({"A100 on a": 1, "H100 on b": 3}))
    'H100 on b (3, 75 %), A100 on a (1, 25 %)'
    """
    total = workers.total()
    return ", ".join(f"{name} ({n:,}, {100 * n / total:.0f} %)" for name, n in workers.most_common())
