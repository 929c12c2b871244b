"""What a row shows beside its numbers: examples of flipped answers, and the smallest one of a violated claim.

To draw them takes the model's processor, and to look for the smallest one its answers: what was found is kept
by content, so that a run in which everything is known needs neither.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ipllvm.artifacts import Artifacts
from ipllvm.engine.deferred import loaded
from ipllvm.engine.executors.base import LOCAL, Executor
from ipllvm.engine.store.derived import Derived
from ipllvm.engine.store.outcomes import OutcomeView
from ipllvm.evaluation import flips
from ipllvm.evaluation.flips import Trace
from ipllvm.records import Counterexample, Decision, FlipExample, Result

if TYPE_CHECKING:
    from ipllvm.models.base import VisionLanguageModel

KIND = "explanation"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Examples of flipped answers, and the smallest change that flips one, where it was looked for."""

    flips: tuple[FlipExample, ...]
    counterexample: Counterexample | None


@dataclass(frozen=True, slots=True)
class Search:
    """Where examples are looked for; `queries` are the answers that may be asked for, None for the usual."""

    model: "VisionLanguageModel"
    traces: Sequence[Trace]
    seed: int
    queries: int | None
    artifacts: Artifacts | None = None
    executor: Executor = LOCAL


def explained(result: Result, search: Search, derived: Derived) -> Result:
    """A result with examples of flipped answers and, where it is violated, the smallest one found."""
    key = _key(result, search)
    found = derived.find(KIND, key, Explanation) if key is not None else None
    if found is None:
        found = _explanation(result, search)
        if key is not None:
            derived.keep(KIND, key, found)
    return replace(result, flips=found.flips, counterexample=found.counterexample)


def refutes(result: Result) -> bool:
    """Whether a flipped answer shows why a result is VIOLATED: its claim says that little is lost."""
    claim = result.claim
    invariant = claim.kind == "requirement" or claim.direction == "at_most"
    return invariant and result.verdict.decision is Decision.VIOLATED


def _explanation(result: Result, search: Search) -> Explanation:
    if not flips.turns(search.traces, search.seed, 1):
        return Explanation((), None)
    from ipllvm.evaluation import counterexamples  # brings torch along

    model = loaded(search.model)
    examples = flips.examples(model, search.traces, search.seed, search.artifacts)
    if not refutes(result):
        return Explanation(examples, None)
    most = counterexamples.budget(search.queries, result.model.parameters)
    least = counterexamples.smallest(
        model, search.traces, search.seed, most, search.artifacts, search.executor.run
    )
    return Explanation(examples, least)


def _key(result: Result, search: Search) -> list[Any] | None:
    """What fixes the examples; None where the answers are not in the store, whose context names the model."""
    measured = [(trace, trace.outcomes) for trace in search.traces]
    views = [(trace, view) for trace, view in measured if isinstance(view, OutcomeView)]
    if len(views) < len(measured):
        return None
    digests = [[view.context.digest(), _digest(trace)] for trace, view in views]
    return [result.property, asdict(result.claim), refutes(result), search.seed, search.queries, digests]


def _digest(trace: Trace) -> str:
    """Of the trials of a measurement, their scores and what was read in each answer."""
    digest = hashlib.sha256(repr([str(each) for each in trace.plan.perturbations]).encode())
    for scores in trace.scores:
        digest.update(repr((scores.samples, scores.answers)).encode())
        digest.update(scores.values.tobytes())
    return digest.hexdigest()
