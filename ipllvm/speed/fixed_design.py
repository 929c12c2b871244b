"""The same claims at a fixed number of samples: the trials, and plain `generate` on them one by one."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from ipllvm.artifacts import Artifacts
from ipllvm.engine import deferred
from ipllvm.engine.executors.base import LocalExecutor
from ipllvm.engine.plan import Plan, PlannedTrial
from ipllvm.engine.requirements import Known
from ipllvm.errors import NotTested
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.speed.plain import Asked, plain

EACH = 6
"""Trials of a kind that plain `generate` is timed on; the rest is scaled."""
Kind = tuple[str, int, str]
"""Stage, most new tokens and type of a perturbation: what a trial costs by."""


@dataclass(frozen=True, slots=True)
class RecordedPlan:
    """A plan that a session measured for a property, with its outcomes."""

    property: str
    model: Any
    plan: Plan
    outcomes: Known
    artifacts: Artifacts | None


@dataclass(frozen=True, slots=True)
class GenerateCost:
    """Trials of plain `generate`, their seconds and those of processors, and how many it can't run."""

    trials: int
    seconds: float
    cpu: float
    untimed: int


@dataclass(frozen=True, slots=True)
class Plain:
    """What plain `generate` takes, by property and each trial once; answers compared, and how many differ."""

    properties: Mapping[str, GenerateCost]
    together: GenerateCost
    compared: int
    different: int


@dataclass(frozen=True, slots=True)
class _Rate:
    """Seconds a trial of a kind, None where `generate` can't run it; answers compared, and others."""

    seconds: float | None
    cpu: float
    compared: int = 0
    different: int = 0


@contextmanager
def recorded(under_way: Callable[[], str]) -> Iterator[list[RecordedPlan]]:
    """While it lasts, the plans that sessions of this process measure are put into the list it yields;
    `under_way` is which property measures.
    """
    found: list[RecordedPlan] = []

    def run(
        _: LocalExecutor,
        model: Any,
        plan: Plan,
        size: int,
        outcomes: Known,
        printed: Any,
        artifacts: Artifacts | None = None,
    ) -> None:
        deferred.run(model, plan, size, outcomes, printed, artifacts)
        found.append(RecordedPlan(under_way(), model, plan, outcomes, artifacts))

    with patch.object(LocalExecutor, "run", run):
        yield found


def cost(plans: Sequence[RecordedPlan]) -> Plain:
    """Plain `generate` on a few trials of each kind, scaled to all of them."""
    kinds: dict[Kind, dict[object, tuple[RecordedPlan, PlannedTrial]]] = {}
    owners: dict[str, dict[object, Kind]] = {}
    for each in plans:
        for kind, name, case in _cases(each):
            kinds.setdefault(kind, {})[name] = each, case
            owners.setdefault(each.property, {})[name] = kind
    rates = {kind: _rate(list(found.values())) for kind, found in kinds.items()}
    return Plain(
        {name: _sum(found.values(), rates) for name, found in owners.items()},
        _sum((kind for kind, found in kinds.items() for _ in found), rates),
        sum(rate.compared for rate in rates.values()),
        sum(rate.different for rate in rates.values()),
    )


def _cases(each: RecordedPlan) -> Iterator[tuple[Kind, object, PlannedTrial]]:
    for perturbation in each.plan.perturbations:
        kind = str(perturbation.stage), each.plan.max_new_tokens, type(perturbation).__name__
        for case in each.plan.cases(each.plan.samples, perturbation):
            yield kind, (id(each.model), case.sample.prompt, case.trial), case


def _sum(kinds: Iterable[Kind], rates: Mapping[Kind, _Rate]) -> GenerateCost:
    trials, seconds, cpu, untimed = 0, 0.0, 0.0, 0
    for kind in kinds:
        rate, trials = rates[kind], trials + 1
        untimed += rate.seconds is None
        seconds, cpu = seconds + (rate.seconds or 0.0), cpu + rate.cpu
    return GenerateCost(trials, seconds, cpu, untimed)


def _rate(found: Sequence[tuple[RecordedPlan, PlannedTrial]]) -> _Rate:
    some = random.Random(0).sample(found, min(EACH, len(found)))
    try:
        seconds, cpu, different = _timed(some)
    except NotTested:
        return _Rate(None, 0.0)
    return _Rate(seconds / len(some), cpu / len(some), len(some), different)


def _timed(some: Sequence[tuple[RecordedPlan, PlannedTrial]]) -> tuple[float, float, int]:
    """Seconds of plain `generate` on some trials, those of processors, how many of its answers are others."""
    seconds, cpu, different = 0.0, 0.0, 0
    for each, case in some:
        model = deferred.loaded(each.model)
        if not isinstance(model, TransformersModel):
            raise NotTested(f"{model.name} is not a transformers model")
        trial = Asked.of(model, case)
        began, spent = time.perf_counter(), time.process_time()
        (said,) = plain(model, [trial], each.plan.max_new_tokens, each.artifacts or Artifacts({}))
        seconds, cpu = seconds + time.perf_counter() - began, cpu + time.process_time() - spent
        different += said != each.outcomes[case.trial].tokens
    return seconds, cpu, different
