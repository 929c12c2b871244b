"""Before a run of a model that is asked as a whole: does it answer alike when it is asked alike?

The first samples are asked twice, and once with their pictures encoded otherwise without loss. A model that
answers the first two alike and the third otherwise looks at more than the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ipllvm.engine.encoding import questions
from ipllvm.engine.fault_isolation import Failure
from ipllvm.engine.plan import FIRST, Plan
from ipllvm.errors import FAULTS, NotMeasured, NotTested, first_line
from ipllvm.models.whole import WholeModel
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Sample

LIMIT = 16
"""Tokens of an answer."""


@dataclass(frozen=True, slots=True)
class WholeCheck:
    """How many of the samples were answered otherwise when asked again, and with pictures encoded anew.

    `unanswered` are further ones that were not answered each time, which say nothing; `steady` says that the
    model answers alike by construction.
    """

    samples: int
    again: int
    encoded: int
    unanswered: int = 0
    steady: bool = False

    def __str__(self) -> str:
        without = f" ({self.unanswered} more were not answered each time)" * bool(self.unanswered)
        return (
            f"self-check on {self.samples} sample{'s' * (self.samples != 1)}{without}: "
            f"asked again {self.again} answers differ, with pictures encoded otherwise without loss "
            f"{self.encoded}"
        )

    def require(self) -> None:
        """Raises NotMeasured where answers depend on how a picture is encoded, and on nothing else, and where
        a steady model's depend on nothing that it was asked.
        """
        if self.again and self.steady:
            raise NotMeasured(f"{self}: its code answers the same question otherwise each time")
        if self.encoded and not self.again:
            raise NotMeasured(f"{self}: it looks at more than the pixels of a picture")


def check(model: WholeModel, samples: Sequence[Sample]) -> WholeCheck | None:
    """Ask the first samples in three ways; None where none can be asked. Raises NotMeasured."""
    plan = Plan(tuple(samples[:FIRST]), (Clean(),), 1, 0, LIMIT)
    prepared = questions(plan.cases(plan.samples, Clean()))
    pairs = [each for each in prepared if not isinstance(each, Failure)]
    if not pairs:
        return None
    try:
        first, again, anew = (ask(pairs, LIMIT) for ask in (model.answers, model.answers, model.reencoded))
    except NotTested:
        raise
    except FAULTS as error:
        raise NotMeasured(f"self-check: {first_line(error)}") from error
    triples = list(zip(first, again, anew, strict=True))
    answered = [each for each in triples if all(response.error is None for response in each)]
    if not answered:
        why = next(response.error for each in triples for response in each if response.error)
        raise NotMeasured(f"self-check: none of {len(triples)} samples was answered each time: {why}")
    otherwise, encoded = (sum(each[0].text != each[way].text for each in answered) for way in (1, 2))
    return WholeCheck(len(answered), otherwise, encoded, len(triples) - len(answered), model.steady)
