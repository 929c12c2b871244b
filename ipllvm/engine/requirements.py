"""What has to hold before and after a plan is run: the model has the stages, and the outcomes are all there.

Imports no torch: where everything is known already no model is asked.
"""

from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING

from ipllvm.engine.plan import Plan
from ipllvm.errors import NotMeasured, NotTested
from ipllvm.records import Perturbation, Response, Trial

if TYPE_CHECKING:
    from ipllvm.models.base import VisionLanguageModel

Outcomes = dict[Trial, Response]
Known = MutableMapping[Trial, Response]


def require(model: "VisionLanguageModel", perturbations: Sequence[Perturbation]) -> None:
    """Raises NotTested where the model can't be perturbed at the stage of one of them."""
    for perturbation in perturbations:
        if perturbation.stage not in model.stages:
            what = str(perturbation.stage).replace("_", " ")
            why = f" {model.sealed}: it" if model.sealed else ""
            raise NotTested(f"{model.name}{why} has no {what} to perturb")
        if perturbation.by_place and not model.placed:
            raise NotTested(
                f"the visual tokens of {model.name} are queries, which look at the whole picture: "
                "they have no places in a grid"
            )


def complete(plan: Plan, outcomes: Mapping[Trial, Response]) -> bool:
    """Whether the response to every trial is there."""
    return all(trial in outcomes for trial in plan.trials())


def require_whole(plan: Plan, outcomes: Mapping[Trial, Response]) -> None:
    """Raises NotMeasured where outcomes that were measured are gone: nothing is left out without a word."""
    lost = sum(trial not in outcomes for trial in plan.trials())
    if lost:
        line = f"{lost} of {len(plan)} outcomes were lost while this ran: was the report folder changed?"
        raise NotMeasured(f"{line} Run again")
