"""Time a workload four ways, compare the answers, and say what was found."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Any

from ipllvm.artifacts import Artifacts
from ipllvm.engine.packing import Tokens
from ipllvm.engine.plan import PlannedTrial
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.records import Response, Trial
from ipllvm.speed.idle import Busy
from ipllvm.speed.memory import watched
from ipllvm.speed.plain import Asked, plain
from ipllvm.speed.products import Products
from ipllvm.speed.synthetic import foretold
from ipllvm.speed.ways import endless, engine, wait
from ipllvm.speed.workloads import Workload

SIZES = (8, 16, 32)
SMALL = 4
"""The first batch size of `generate` where time is short."""
SAMPLE = 24
"""Trials that plain `generate` is timed on, one by one; the rest is scaled."""
LEAST = 2
"""Of these, where time is short."""
ALONE, BATCHED, ENGINE = 0.2, 0.3, 0.1
"""Shares of a workload's seconds: for `generate` one by one, in batches, and for a run of the engine."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Trials a second of plain `generate` one by one and in batches (`size` the best), of the engine,
    and of the engine's own matrix products alone, attention's among them (`floor`) or those of linear layers
    only (`linear`); `compared` answers of `generate` of which `different`
    are others; `memory` is the peak while the engine ran, in bytes (ipllvm/speed/memory.py), `idle` the share
    of its time in which no stage of the model ran.

    The floor is what the engine makes of the trials, not the least that could be: work that it need not
    do counts in both.
    """

    name: str
    trials: int
    alone: float
    batched: float
    size: int
    engine: float
    floor: float
    linear: float
    acceptance: float
    compared: int
    different: int
    memory: int
    idle: float

    def row(self) -> dict[str, Any]:
        """As plain values, with the ratios."""
        ratios = {
            "times_alone": self.engine / self.alone,
            "times_batched": self.engine / self.batched,
            "of_floor": self.engine / self.floor,
            "of_linear": self.engine / self.linear,
        }
        return asdict(self) | ratios


@dataclass(frozen=True, slots=True)
class PlainRate:
    """Plain `generate` on a workload: trials a second one by one, in batches of `size`, and the answers."""

    alone: float
    size: int
    batched: float
    answers: dict[Trial, Tokens]


@dataclass(frozen=True, slots=True)
class Bench:
    """What a workload is timed with; it may take about so many `seconds`, any number where that is None.

    Of `random` weights long answers are made such that drafts can be right (synthetic.py).
    """

    model: TransformersModel
    artifacts: Artifacts
    size: int
    seconds: float | None = None
    random: bool = False
    _rates: dict[str, PlainRate] = field(default_factory=dict)
    _ones: dict[str, float] = field(default_factory=dict)
    _answers: dict[str, dict[Trial, Tokens]] = field(default_factory=dict)

    def time(self, workload: Workload) -> Timing:
        """Time one workload; a first round of each way warms it up."""
        drafted = workload.acceptance is not None
        with (
            endless(self.model, drafted),
            foretold(self.model) if drafted and self.random else nullcontext(),
        ):
            return self._time(workload)

    def _time(self, workload: Workload) -> Timing:
        seconds = self._seconds_of_one(workload) if self.seconds else 0.0
        if self.seconds:
            workload = self._cut(workload, self.seconds, seconds)
        plan, known = workload.plan, self._drafts(workload)
        cases = [c for p in plan.perturbations for c in plan.cases(plan.samples, p) if c.trial not in known]
        baseline = self._baseline(workload, cases, seconds)
        products = Products()
        with products.recorded(self.model.linears()), watched(self.model.device) as peak:
            engine(self.model, plan, self.size, self.artifacts, known)
        busy = Busy()
        with busy.recorded(self.model):
            found, took = min(
                (engine(self.model, plan, self.size, self.artifacts, known) for _ in range(2)),
                key=lambda r: r[1],
            )
        linear = products.linear_seconds(self.model.device, self.model.dtype)
        attention = products.attention_seconds(self.model.device, self.model.dtype)
        return Timing(
            name=workload.name,
            trials=len(cases),
            alone=baseline.alone,
            batched=baseline.batched,
            size=baseline.size,
            engine=len(cases) / took,
            floor=len(cases) / (linear + attention),
            linear=len(cases) / linear,
            acceptance=_acceptance(found, known, plan.trial(plan.samples[0], plan.perturbations[0], 0)),
            compared=len(baseline.answers),
            different=sum(found[trial] != answer for trial, answer in baseline.answers.items()),
            memory=peak.bytes,
            idle=busy.idle,
        )

    def _cut(self, workload: Workload, seconds: float, each: float) -> Workload:
        """As much of it as the engine answers in its share of the time, by how long it takes for a part.

        What trials share is shared by more of them where there are more.
        """
        part = workload.cut(max(3 * LEAST, int(ENGINE * seconds / each)))
        took = min(engine(self.model, part.plan, self.size, self.artifacts)[1] for _ in range(2))
        return workload.cut(max(3 * LEAST, int(len(part.plan) * ENGINE * seconds / took)))

    def generate(self, workload: Workload) -> float:
        """Trials a second of plain `generate` in batches of its best size."""
        cases = [
            c for p in workload.plan.perturbations for c in workload.plan.cases(workload.plan.samples, p)
        ]
        return self._best(workload, cases)[1]

    def _baseline(self, workload: Workload, cases: Sequence[PlannedTrial], seconds: float) -> PlainRate:
        """Plain `generate`, timed once for workloads that differ in their drafts only."""
        key = _named(workload)
        if key not in self._rates:
            most = max(LEAST, int(ALONE * self.seconds / seconds)) if self.seconds else SAMPLE
            chosen = random.Random(0).sample(cases, min(SAMPLE, most, len(cases)))
            if not self.seconds:  # else it is warm
                self._plain(workload, chosen[:2], 1)
            alone, answers = self._plain(workload, chosen, 1)
            size, batched, more = self._best(workload, cases)
            self._rates[key] = PlainRate(alone, size, batched, answers | more)
        return self._rates[key]

    def _seconds_of_one(self, workload: Workload) -> float:
        """How long plain `generate` takes for one perturbed trial, the second time."""
        plan, key = workload.plan, _named(workload)
        if key not in self._ones:
            case = plan.cases(plan.samples[:1], plan.perturbations[-1])[:1]
            self._plain(workload, case, 1)
            self._ones[key] = 1 / self._plain(workload, case, 1)[0]
        return self._ones[key]

    def _plain(
        self, workload: Workload, cases: Sequence[PlannedTrial], size: int
    ) -> tuple[float, dict[Trial, Tokens]]:
        """Trials a second by plain `generate` in batches of `size`, and the answers."""
        answers: dict[Trial, Tokens] = {}
        stop, limit = workload.acceptance is None, workload.plan.max_new_tokens
        batches = [[Asked.of(self.model, case) for case in batch] for batch in _batches(cases, size)]
        began = time.perf_counter()
        for batch in batches:
            said = plain(self.model, batch, limit, self.artifacts, stop=stop)
            answers |= zip((each.case.trial for each in batch), said, strict=True)
        wait(self.model)
        return len(cases) / (time.perf_counter() - began), answers

    def _best(
        self, workload: Workload, cases: Sequence[PlannedTrial]
    ) -> tuple[int, float, dict[Trial, Tokens]]:
        """The best batch size for plain `generate`, its rate, and the answers; with few `seconds` larger ones
        while there is time.
        """
        found, began = [], time.perf_counter()
        for size in (SMALL, *SIZES) if self.seconds else SIZES:
            some = cases[-size:] if self.seconds else cases[-4 * size :]
            found.append((size, *self._plain(workload, some, size)))
            if self.seconds and (
                size >= len(cases) or time.perf_counter() - began > BATCHED * self.seconds / 2
            ):
                break
        return max(found, key=lambda each: each[1])

    def _drafts(self, workload: Workload) -> dict[Trial, Response]:
        """Clean answers made up so that the wanted share of each is accepted as a draft."""
        if workload.acceptance is None:
            return {}
        plan, key = workload.plan, _named(workload)
        if key not in self._answers:
            self._answers[key], _ = engine(self.model, plan, self.size, self.artifacts)
        answers = self._answers[key]
        clean, perturbed = plan.perturbations
        return {
            plan.trial(s, clean, 0): Response("", workload.draft(answers[plan.trial(s, perturbed, 0)]))
            for s in plan.samples
        }


def _named(workload: Workload) -> str:
    """What workloads have in common that differ in their drafts only."""
    plan = workload.plan
    return f"{plan.perturbations} {[s.id for s in plan.samples]} {plan.draws} {plan.max_new_tokens}"


def _batches(cases: Sequence[PlannedTrial], size: int) -> Iterator[list[PlannedTrial]]:
    """Trials that one call of `generate` can answer: of one layer, if they enter at one."""
    for _, group in groupby(cases, key=lambda case: getattr(case.perturbation, "layer", None)):
        same = list(group)
        yield from (same[i : i + size] for i in range(0, len(same), size))


def _acceptance(found: dict[Trial, Tokens], known: dict[Trial, Response], clean: Trial) -> float:
    """Share of the tokens of perturbed answers that were accepted from the clean answer."""
    drafts = {t.sample: tokens for t, tokens in found.items() if t.perturbation == clean.perturbation}
    drafts |= {trial.sample: response.tokens for trial, response in known.items()}
    others = {trial: answer for trial, answer in found.items() if trial.perturbation != clean.perturbation}
    accepted = sum(_agreement(drafts[trial.sample], answer) for trial, answer in others.items())
    return accepted / max(1, sum(map(len, others.values())))


def _agreement(draft: Tokens, answer: Tokens) -> int:
    """How many tokens are the same before the first that differs."""
    pairs = enumerate(zip(draft, answer, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(draft), len(answer)))


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The lines to print."""
    columns: dict[str, Callable[[dict[str, Any]], str]] = {
        **({"model": lambda r: r["model"]} if rows and "model" in rows[0] else {}),
        "workload": lambda r: r["name"],
        "trials": lambda r: f"{r['trials']:,}",
        "generate/s": lambda r: f"{r['alone']:.1f}",
        "batched/s": lambda r: f"{r['batched']:.1f} ({r['size']})",
        "engine/s": lambda r: f"{r['engine']:.1f}",
        "x alone": lambda r: f"{r['times_alone']:.1f}",
        "x batched": lambda r: f"{r['times_batched']:.1f}",
        "of floor": lambda r: f"{r['of_floor']:.0%}",
        "without attention": lambda r: f"{r['of_linear']:.0%}",
        "idle": lambda r: f"{r['idle']:.0%}",
        "peak MB": lambda r: f"{r['memory'] / 1e6:,.0f}" if r["memory"] else "unknown",
        "accepted": lambda r: f"{r['acceptance']:.0%}",
        "differ": lambda r: f"{r['different']} of {r['compared']}",
    }
    cells = [list(columns), *([show(row) for show in columns.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells]
