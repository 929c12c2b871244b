"""What a user waits for: every claim of a profile decided, beside the same trials by plain `generate`."""

import json
import os
import random
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from ipllvm.artifacts import Artifacts
from ipllvm.engine import deferred
from ipllvm.engine.executors.base import LocalExecutor
from ipllvm.engine.plan import Plan, PlannedTrial
from ipllvm.engine.requirements import Known
from ipllvm.engine.store.outcome_file import SUFFIX
from ipllvm.errors import NotMeasured, NotTested
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.reporting import schema
from ipllvm.safety.places import VARIABLE
from ipllvm.speed.plain import Asked, plain

LOOK = 0.02
"""Seconds between two looks at the store."""
EACH = 3
"""Trials of a kind that plain `generate` is timed on; the rest is scaled."""


@dataclass(frozen=True, slots=True)
class SessionTime:
    """A run of the properties: seconds to the first outcome in the store (None: none was written) and to the
    end, and those of processors.
    """

    first: float | None
    seconds: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Wait:
    """From nothing and once more with everything known; what was decided; plain `generate` on the same
    trials, one by one, in seconds and in those of processors, scaled from `compared` of them; `different`
    were answered otherwise.
    """

    new: SessionTime
    known: SessionTime
    decisions: dict[str, int]
    trials: int
    generate: float
    generate_cpu: float
    compared: int
    different: int
    untimed: int

    @property
    def times(self) -> float:
        """How many times as long plain `generate` takes."""
        return self.generate / self.new.seconds

    @property
    def times_cpu(self) -> float:
        """How many times as much of the processors it takes, which other work on the machine changes less."""
        return self.generate_cpu / self.new.cpu

    def lines(self) -> list[str]:
        """What to print."""
        decided = ", ".join(f"{count} {decision}" for decision, count in self.decisions.items())
        first = "none" if self.new.first is None else f"{self.new.first:.1f} s"
        left = f"; {self.untimed:,} that generate can't run are left out of it" if self.untimed else ""
        return [
            f"from nothing: {self.new.seconds:.1f} s ({self.new.cpu:.1f} s of processors), first outcome "
            f"after {first}",
            f"everything known: {self.known.seconds:.1f} s ({self.known.cpu:.1f} s of processors)",
            f"verdicts: {decided}",
            f"plain generate, the same {self.trials:,} trials one by one: {self.generate:,.0f} s, "
            f"{self.times:.1f} times as long ({self.generate_cpu:,.0f} s of processors, {self.times_cpu:.1f} "
            f"times){left}",
            f"answers that differ, and so can change a verdict: {self.different} of {self.compared}",
        ]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A plan that a session measured, with its outcomes."""

    model: Any
    plan: Plan
    outcomes: Known
    artifacts: Artifacts | None


def measured(model: str, words: Sequence[str], session: Callable[[Sequence[str], Path], object]) -> Wait:
    """A session of `ipllvm check` with further `words`, once more, and its trials by plain `generate`.

    `session` runs one with these words in this process, its cache in a folder. Raises NotMeasured where a
    session ends without a report.
    """
    with TemporaryDirectory() as place:
        folder = Path(place)
        new, again = (_session(model, words, folder) for _ in range(2))
        report = json.loads(max((folder / "reports").rglob("report.json")).read_text(encoding="utf-8"))
        options = ["-qq", f"--model={model}", *words, f"--report-dir={folder / 'again'}"]
        with _recorded() as plans, patch.dict(os.environ, {VARIABLE: str(folder / "store")}):
            session(options, folder)
        decisions = Counter(schema.result(row).verdict.decision.value for row in schema.rows(report))
        return _beside(new, again, dict(decisions), plans)


def _session(model: str, words: Sequence[str], folder: Path) -> SessionTime:
    command = [sys.executable, "-m", "ipllvm", "check", model, *words, f"--report-dir={folder / 'reports'}"]
    store = folder / "store"
    had, before = set(store.rglob(f"*{SUFFIX}*")), _spent()
    began, first = time.perf_counter(), None
    with (
        (folder / "log").open("w+b") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=_environment(store)) as running,
    ):
        while running.poll() is None:
            if first is None and set(store.rglob(f"*{SUFFIX}*")) - had:
                first = time.perf_counter() - began
            time.sleep(LOOK)
    seconds = time.perf_counter() - began
    if not list((folder / "reports").rglob("report.json")):
        printed = (folder / "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise NotMeasured(
            f"ipllvm check {model} ended without a report: {printed[-1] if printed else 'silently'}"
        )
    return SessionTime(first, seconds, _spent() - before)


def _environment(store: Path) -> dict[str, str]:
    """That of a user: what is compiled of modules is kept, as where a package is installed."""
    return {**os.environ, VARIABLE: str(store), "PYTHONDONTWRITEBYTECODE": ""}


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def _recorded() -> Iterator[list[_Asked]]:
    """While it lasts, the plans that sessions of this process measure are put into the list it yields."""
    found: list[_Asked] = []

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
        found.append(_Asked(model, plan, outcomes, artifacts))

    with patch.object(LocalExecutor, "run", run):
        yield found


def _beside(new: SessionTime, known: SessionTime, decisions: dict[str, int], plans: Sequence[_Asked]) -> Wait:
    """Plain `generate` on a few trials of each kind, scaled to all of them."""
    kinds: dict[tuple[str, str], dict[tuple[int, Any], tuple[_Asked, PlannedTrial]]] = {}
    for each in plans:
        for perturbation in each.plan.perturbations:
            kind = f"{perturbation.stage} {each.plan.max_new_tokens}", type(perturbation).__name__
            cases = each.plan.cases(each.plan.samples, perturbation)
            kinds.setdefault(kind, {}).update({(id(each.model), c.trial): (each, c) for c in cases})
    wall, cpu, compared, different, untimed = 0.0, 0.0, 0, 0, 0
    for found in kinds.values():
        some = random.Random(0).sample(list(found.values()), min(EACH, len(found)))
        try:
            took, spent, others = _timed(some)
        except NotTested:
            untimed += len(found)
            continue
        share = len(found) / len(some)
        wall, cpu = wall + took * share, cpu + spent * share
        compared, different = compared + len(some), different + others
    trials = sum(map(len, kinds.values()))
    return Wait(new, known, decisions, trials, wall, cpu, compared, different, untimed)


def _timed(some: Sequence[tuple[_Asked, PlannedTrial]]) -> tuple[float, float, int]:
    """Seconds of plain `generate` on some trials, those of processors, how many of its answers are others."""
    seconds, cpu, different = 0.0, 0.0, 0
    for each, case in some:
        model = deferred.loaded(each.model)
        if not isinstance(model, TransformersModel):
            raise NotTested(f"{model.name} is no model of transformers")
        trial = Asked.of(model, case)
        began, spent = time.perf_counter(), time.process_time()
        (said,) = plain(model, [trial], each.plan.max_new_tokens, each.artifacts or Artifacts({}))
        seconds, cpu = seconds + time.perf_counter() - began, cpu + time.process_time() - spent
        different += said != each.outcomes[case.trial].tokens
    return seconds, cpu, different
