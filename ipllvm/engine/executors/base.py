"""The seam between a measurement and whoever runs it: a plan goes in, outcomes come out.

Imports no torch: where every outcome is there no model is asked.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from ipllvm.artifacts import Artifacts
from ipllvm.engine import deferred
from ipllvm.engine.plan import Plan
from ipllvm.engine.requirements import Known
from ipllvm.records import Trial

if TYPE_CHECKING:
    from ipllvm.models.base import VisionLanguageModel


@runtime_checkable
class Executor(Protocol):
    """Runs plans."""

    def run(
        self,
        model: "VisionLanguageModel",
        plan: Plan,
        batch_size: int,
        outcomes: Known,
        progress: Callable[[int], None],
        artifacts: Artifacts | None = None,
    ) -> None:
        """Put the response to every trial of `plan` that is not there into `outcomes`, batch by batch.

        `progress` gets the number of trials of the plan that are there. Raises as `ipllvm.engine.run.run`.
        """
        ...

    def measured_by(self, outcomes: Known, trials: Iterable[Trial]) -> Counter[str]:
        """Which workers measured how many of these trials for it; none where that is this process."""
        ...


class LocalExecutor:
    """Runs plans in this process."""

    def run(
        self,
        model: "VisionLanguageModel",
        plan: Plan,
        batch_size: int,
        outcomes: Known,
        progress: Callable[[int], None],
        artifacts: Artifacts | None = None,
    ) -> None:
        """See the protocol."""
        deferred.run(model, plan, batch_size, outcomes, progress, artifacts)

    def measured_by(self, outcomes: Known, trials: Iterable[Trial]) -> Counter[str]:
        """See the protocol."""
        return Counter()


LOCAL: Final = LocalExecutor()
"""What runs plans unless another is asked for."""
