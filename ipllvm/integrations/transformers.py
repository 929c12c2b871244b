"""Properties while a model is trained: a callback for the Trainer of transformers.

trainer = Trainer(model, args, processing_class=processor, callbacks=[
PropertyCallback(properties="image_use", benchmarks="scenes", samples=200, every=500, against="start"),
])
"""

import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from transformers.trainer_callback import TrainerCallback, TrainerControl, TrainerState

import ipllvm
from ipllvm.api.report import Report
from ipllvm.api.session import run, spelled, texts
from ipllvm.errors import UnknownName, UsageError
from ipllvm.integrations.live import log_live
from ipllvm.records import COMPARISON
from ipllvm.reporting.measures import measures, places
from ipllvm.reporting.schema import Row
from ipllvm.stats.multiplicity import holm

if TYPE_CHECKING:
    from transformers import Trainer, TrainingArguments

START: Final = "start"
"""A baseline that is measured when training begins."""
ANY: Final = "any"
STAND_IN: Final = "planted:invariant"
"""What is collected for before training: names are the same for every model."""


class PropertyCallback(TrainerCallback):
    """Measures properties of the model while it is trained, and may stop the training.

    Each measurement is a session of `ipllvm.check` on the model in memory, which is handed back as it was,
    random states too: losses are those of a run without. It looks often, so that `alpha` is shared: with
    L looks planned, an alarm is a requirement whose p-value, after Holm's correction over the claims of
    its look, is at most alpha / L. So one false alarm in the whole training has at most the probability
    alpha (a union bound, whatever the looks have in common). Looks beyond the L planned ones, which more
    evaluations than the Trainer's steps foretell would be, measure and log but alarm no more. A step is
    looked at once, and what is evaluated outside of a training not at all. Each training begins anew.

    Numbers go to `Trainer.log` where `trainer` was set; else into `state.log_history` and to the trackers
    of `args.report_to` that are open in this process. transformers gives a callback no Trainer.

    Args:
        properties, benchmarks, samples: As in `ipllvm.check`.
        every: Steps between two looks; without it, whenever the Trainer evaluates.
        against: What to compare with: "start" for the model as training begins, or as in `ipllvm.check`.
        stop_on: Properties whose alarm ends the training; "any" for all. One that is no requirement of the
            first look is a UsageError. What a look could not measure is warned of and alarms nothing.
        alpha: Probability of a false alarm in the whole training.
        measurements: How many looks alpha is shared by; without it as many as the Trainer's steps allow.
        processor: Where the Trainer's `processing_class` is a tokenizer alone.
        **options: Further options of `ipllvm.check`; outcomes are not kept unless `no_store=False`.
    """

    trainer: "Trainer | None" = None

    def __init__(
        self,
        properties: "str | Iterable[str] | None" = None,
        benchmarks: "str | Iterable[str] | None" = None,
        *,
        samples: int | str | None = None,
        every: int | None = None,
        against: "str | PathLike[str] | Report | None" = None,
        stop_on: "str | Iterable[str]" = (),
        alpha: float = 0.05,
        measurements: int | None = None,
        processor: Any = None,
        **options: Any,
    ) -> None:
        _require_count("every", every, "a number of steps")
        _require_count("measurements", measurements, "a number")
        if not isinstance(alpha, float) or not 0 < alpha < 1:
            raise UsageError(f"alpha={alpha}: give a probability between 0 and 1")
        self.every, self.against, self.alpha, self.measurements = every, against, alpha, measurements
        self.planned: int | None = None  # set while a model is trained
        self._baseline: str | PathLike[str] | Report | None = None
        self.stop_on = set(texts("stop_on", stop_on))
        self.processor = processor
        self.options = {"properties": properties, "benchmarks": benchmarks, "samples": samples} | options
        named = {"property": properties, "benchmark": benchmarks, "samples": samples}
        further = {name: value for name, value in options.items() if name != "verbose"}
        self._words = spelled(named | further)
        self.reports: dict[int, Report] = {}
        self.alarms: dict[int, tuple[str, ...]] = {}

    def on_train_begin(
        self, args: "TrainingArguments", state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Share alpha, and measure the model as it is where that is the baseline."""
        if args.world_size > 1:
            raise UsageError(
                "PropertyCallback measures in one process: in distributed training measure the checkpoints"
            )
        if self.against == START and state.global_step:
            raise UsageError(
                f"PropertyCallback: training goes on from step {state.global_step}, which is not its start: "
                "give against=REPORT, what was measured then"
            )
        self.planned = self.measurements or self._planned(args, state)
        self.reports, self.alarms = {}, {}
        self._baseline = None if self.against == START else self.against
        if self.against == START:
            self._baseline = self._measure(state, kwargs)
        else:
            self._require_known()

    def on_train_end(
        self, args: "TrainingArguments", state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Evaluations from now on are of no training."""
        self.planned = None

    def on_step_end(
        self, args: "TrainingArguments", state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Look every so many steps."""
        if self.every is not None and state.global_step % self.every == 0:
            self._look(args, state, control, kwargs)

    def on_evaluate(
        self, args: "TrainingArguments", state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Look when the Trainer evaluates, unless `every` says when."""
        if self.every is None:
            self._look(args, state, control, kwargs)

    def _planned(self, args: "TrainingArguments", state: TrainerState) -> int:
        """How often the training will be looked at; raises UsageError where that can't be known."""
        first = int(getattr(args, "eval_on_start", False))
        if self.every is not None:
            return max(1, state.max_steps // self.every)
        if args.eval_strategy == "steps":
            return max(1, first + int(state.max_steps // state.eval_steps))
        if args.eval_strategy == "epoch" and state.num_train_epochs >= sys.maxsize:
            raise UsageError("PropertyCallback: a stream has no epochs to count: give measurements=N")
        if args.eval_strategy == "epoch":
            return max(1, first + state.num_train_epochs)
        raise UsageError("PropertyCallback: give every=STEPS, or let the Trainer evaluate (eval_strategy)")

    def _measure(self, state: TrainerState, kwargs: Mapping[str, Any]) -> Report:
        processor = self.processor or kwargs.get("processing_class")
        if not hasattr(processor, "image_processor"):
            raise UsageError(
                "PropertyCallback: the Trainer's processing_class is not a processor: give processor="
            )
        report = ipllvm.check(
            kwargs["model"],
            processor,
            against=self._baseline,
            name=f"step-{state.global_step}",
            **{"no_store": True, "report_only": True, **self.options},
        )
        self._require_stops(report)
        for lost in report.missing:
            what = f"{lost.property} on {lost.benchmark}"
            warnings.warn(f"ipllvm: {what} is not measured and can't alarm: {lost.reason}", stacklevel=2)
        return report

    def _require_known(self) -> None:
        """Raises UsageError for a property, benchmark or file that is not there: a look may be hours away."""
        run([*self._words, f"--model={STAND_IN}", "--collect-only"], Path("reports"))

    def _require_stops(self, report: Report) -> None:
        """Raises UnknownName for a property of `stop_on` that no measurement could alarm of."""
        rows = [row for row in report.data["results"] if row["claim"]["kind"] == "requirement"]
        able = {name for row in rows for name in (row["property"], row["claim"]["name"])}
        able |= {lost.property for lost in report.missing}
        for name in sorted(self.stop_on - able - {ANY}):
            if not name.startswith(COMPARISON):
                raise UnknownName("stop_on", name, able)

    def _look(
        self,
        args: "TrainingArguments",
        state: TrainerState,
        control: TrainerControl,
        kwargs: Mapping[str, Any],
    ) -> None:
        if self.planned is None or state.global_step in self.reports:
            return
        report = self._measure(state, kwargs)
        self.reports[state.global_step] = report
        numbers = {f"ipllvm/{name}": value for name, value in _numbers(report).items()}
        if self.trainer is not None:
            self.trainer.log(numbers)
        else:
            log_live(numbers, args, state)
        alarms = tuple(self._alarms(report))
        if alarms:
            named = zip(places(report.data["results"]), report.data["results"], strict=True)
            self.alarms[state.global_step] = tuple(name for name, row in named if row in alarms)
        if self.stop_on and any(self._stops(row) for row in alarms):
            control.should_training_stop = True

    def _alarms(self, report: Report) -> Iterator[Row]:
        """The requirements that are violated at the level of one look; of a gate its comparisons alone."""
        planned = self.planned or 1
        level = self.alpha / planned if len(self.reports) <= planned else 0.0
        rows = [row for row in report.data["results"] if self._counts(row)]
        for row, p in zip(rows, holm([_p_violated(row) for row in rows]), strict=True):
            if p <= level:
                yield row

    def _counts(self, row: Row) -> bool:
        """Whether a row can alarm, primary or not: the correction is over all that can."""
        compared = self.against is None or row["claim"]["name"].startswith(COMPARISON)
        return bool(row["claim"]["kind"] == "requirement" and compared)

    def _stops(self, row: Row) -> bool:
        return bool(self.stop_on & {ANY, row["property"], row["claim"]["name"]})


def _require_count(name: str, value: object, what: str) -> None:
    """Raises UsageError for what is not a whole number from 1, where it is given."""
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value >= 1 and not value % 1
    if value is not None and not whole:
        raise UsageError(f"{name}={value!r}: give {what} of at least 1, or None")


def _p_violated(row: Row) -> float:
    """The p-value of a result's own verdict; 1 where it has none, or was not measured to its end."""
    p = row["verdict"]["p_violated"]
    return 1.0 if p is None or row["partial"] else float(p)


def _numbers(report: Report) -> Mapping[str, float]:
    return measures(report.data, report.data["models"][0]["id"]) if report.data["models"] else {}
