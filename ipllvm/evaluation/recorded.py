"""Answers that were recorded elsewhere, scored by a benchmark's rule: no model is asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ipllvm.benchmarks.cells import Row
from ipllvm.benchmarks.definition import OWN_RULE, Definition
from ipllvm.benchmarks.names import REFUSE
from ipllvm.benchmarks.responses import Answer, match, require_order
from ipllvm.errors import NotMeasured, UsageError
from ipllvm.evaluation.subscores import bounds
from ipllvm.metrics.totals import Figure, GradedSample, Total
from ipllvm.records import Judge, Sample, Score
from ipllvm.registry import SCORERS, TOTALS
from ipllvm.scorers.base import AsksAhead, NeedsJudge

NOTHING = Score(0.0, None, "no answer: counted as wrong")


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """A row of the benchmark: what it is known by, and its score or why there is none."""

    id: str
    sample: Sample
    score: Score | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """All rows that a protocol takes, scored by one rule; `strays` belong to none of the file's rows."""

    definition: Definition
    protocol: str
    rule: str
    lines: tuple[ScoredRow, ...]
    answered: int
    strays: tuple[str, ...] = ()
    repeated: int = 0

    @property
    def graded(self) -> tuple[GradedSample, ...]:
        """The rows with a score."""
        return tuple(GradedSample(line.sample, line.score) for line in self.lines if line.score is not None)

    @property
    def missing(self) -> tuple[str, ...]:
        """The rows without a response."""
        return tuple(line.id for line in self.lines if line.score is None and not line.why)

    @property
    def errors(self) -> tuple[tuple[str, str], ...]:
        """Rows with a response that could not be scored, and why."""
        return tuple((line.id, line.why) for line in self.lines if line.why)

    @property
    def unread(self) -> int:
        """How many answers nothing could be read of."""
        return sum(each.score.answer is None for each in self.graded)

    def total(self) -> tuple[Figure, ...]:
        """The benchmark's figures over the rows with a score, the headline first; raises NotMeasured."""
        if not self.graded:
            raise NotMeasured(f"benchmark '{self.definition.name}': no row has a score{self._example()}")
        return self._total()(self.graded)

    def at_least(self) -> tuple[Figure, ...]:
        """The same with every row that has no score counted as wrong."""
        return self._total()([GradedSample(line.sample, line.score or NOTHING) for line in self.lines])

    def bounds(self) -> tuple[float, float] | None:
        """Where the headline may be, in percent, 5 % on each side; None where it is no mean of scores."""
        return bounds(self.definition.total_of(self.rule), self.graded)

    def by_label(self) -> dict[str, dict[str, tuple[Figure, tuple[float, float] | None]]]:
        """The headline of the rows that share a label and its bounds, by axis and label."""
        name = self.definition.total_of(self.rule)
        found: dict[str, dict[str, tuple[Figure, tuple[float, float] | None]]] = {}
        for axis in self.definition.axes:
            groups: dict[str, list[GradedSample]] = {}
            for each in self.graded:
                for label in dict.fromkeys(value for key, value in each.sample.labels if key == axis):
                    groups.setdefault(label, []).append(each)
            found[axis] = {
                label: (self._total()(group)[0], bounds(name, group)) for label, group in groups.items()
            }
        return {axis: figures for axis, figures in found.items() if figures}

    def _total(self) -> Total:
        total: Total = TOTALS.load(self.definition.total_of(self.rule))
        return total

    def _example(self) -> str:
        """Why the first row has no score, and what to do about it."""
        own = f" (or --rule={OWN_RULE})" if OWN_RULE in self.definition.rules else ""
        return f": {self.errors[0][1]}: give the responses a 'judge_reply'{own}" if self.errors else ""


def score(
    definition: Definition,
    rows: Sequence[Row],
    answers: Sequence[Answer],
    protocol: str,
    rule: str | None = None,
    duplicates: str = REFUSE,
    judge: Judge | None = None,
) -> Recorded:
    """Every row of the protocol's subset, scored by the protocol's rule or by `rule`.

    A `judge` is asked where a rule needs one and an answer brings no reply of one.

    Raises BenchmarkUnavailable for a row that can't be read, UsageError for answers that can't be told
    to rows or that belong to none of them, UnknownName.
    """
    asked = definition.protocol(protocol)
    name = rule or asked.rule
    scorer = SCORERS.load(definition.scorer(name))
    graded = scorer if judge is None or not isinstance(scorer, NeedsJudge) else scorer.by(judge)
    placed = list(definition.samples(rows, protocol))
    require_order(rows, answers)
    known = _known(definition, rows, answers)
    ids = [known[index] for index, _ in placed]
    matched = match(ids, [rows[index] for index, _ in placed], answers, duplicates, definition.plain)
    if not any(matched.answers):
        raise UsageError(
            f"none of the {len(answers):,} responses belongs to a row: the first is for {answers[0].id!r}, "
            f"the first row is known by {next(iter(ids), 'nothing')!r}"
        )
    if getattr(scorer, "averages", False):
        _check_gradings(matched.answers)
    paired = list(zip(placed, matched.answers, strict=True))
    if isinstance(graded, AsksAhead):
        graded.ask_ahead(
            (answer.response, sample)
            for (_, sample), answer in paired
            if answer is not None and answer.response is not None and answer.judge_reply is None
        )
    lines = tuple(_line(known[index], sample, answer, scorer, graded) for (index, sample), answer in paired)
    answered = sum(answer is not None and not answer.empty for answer in matched.answers)
    everywhere = set(map(definition.plain, known))
    strays = tuple(a.id for a in matched.strays if definition.plain(a.id) not in everywhere)
    return Recorded(definition, protocol, name, lines, answered, strays, matched.repeated)


def _known(definition: Definition, rows: Sequence[Row], answers: Sequence[Answer]) -> Sequence[str]:
    """What answers call each row: its place where all of them say so, else its id."""
    if all(answer.placed for answer in answers):
        return [str(index) for index in range(len(rows))]
    return definition.names(rows, {answer.id for answer in answers})


def _check_gradings(answers: Sequence[Answer | None]) -> None:
    """Raises UsageError where some answers were graded more often than others."""
    graded = [each for each in answers if each is not None and each.judge_reply is not None]
    for first, other in pairwise(graded):
        if len(other.gradings) == len(first.gradings):
            continue
        raise UsageError(
            f"line {other.line}: {max(1, len(other.gradings))} gradings of an answer, "
            f"{max(1, len(first.gradings))} on line {first.line}: give all as many"
        )


def own_reading(
    recorded: Recorded, rows: Sequence[Row], answers: Sequence[Answer], duplicates: str
) -> Recorded | None:
    """The same answers in the project's own strict reading; None where the benchmark has none."""
    if OWN_RULE not in recorded.definition.rules or recorded.rule == OWN_RULE:
        return None
    return score(recorded.definition, rows, answers, recorded.protocol, OWN_RULE, duplicates)


def _line(
    id: str, sample: Sample, answer: Answer | None, rule: Any, scorer: Callable[[str, Sample], Score]
) -> ScoredRow:
    if answer is None:
        return ScoredRow(id, sample, None)
    try:
        if answer.judge_reply is not None and hasattr(rule, "read"):
            if answer.gradings:
                return ScoredRow(id, sample, rule.read_list(answer.gradings, answer.judge_reply, sample))
            return ScoredRow(id, sample, rule.read(answer.judge_reply, sample))
        return ScoredRow(id, sample, None if answer.response is None else scorer(answer.response, sample))
    except NotMeasured as error:
        return ScoredRow(id, sample, None, str(error))
