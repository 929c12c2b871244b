"""What a scorer is, and which one grades a benchmark: rules, or a judge where one is named."""

from collections.abc import Callable, Iterable
from functools import cache, cached_property
from typing import Any, Protocol, runtime_checkable

from ipllvm.errors import UsageError
from ipllvm.records import Benchmark, Judge, Sample, Score
from ipllvm.registry import SCORERS


@runtime_checkable
class Scorer(Protocol):
    """Grades one response.

    The same text and sample give the same Score. Raises ValueError for a sample that it is not meant for,
    and NotMeasured where no score can be given, such as where a judge does not reply: that is an error of
    the sample, never a zero.
    """

    def __call__(self, text: str, sample: Sample, /) -> Score:
        """The score of the response `text` to `sample`, its value in [0, 1]."""
        ...


@runtime_checkable
class AsksAhead(Protocol):
    """A scorer that would rather know a whole run's responses before it grades the first one."""

    def ask_ahead(self, responses: Iterable[tuple[str, Sample]]) -> None:
        """Get ready to grade these; what goes wrong is raised when the response is graded."""
        ...


@runtime_checkable
class NeedsJudge(Protocol):
    """What the registry holds of a scorer that a judge is part of."""

    def by(self, judge: Judge, replicate: int = 0) -> Scorer:
        """The scorer, with the judge that it asks; `replicate` above 0 asks all anew."""
        ...


class Grading:
    """Which scorer grades a benchmark in a run; the one place where scorers are looked up.

    `judge` loads the judge of the run, when it is first needed; None where rules grade. A `replicate` above 0
    asks it anew, to see how much it differs from itself.
    """

    def __init__(self, judge: Callable[[], Judge] | None = None, replicate: int = 0) -> None:
        self._load = judge
        self._replicate = replicate
        self._made = cache(self._make)

    def name(self, data: Benchmark) -> str:
        """The name of the scorer that grades `data`."""
        return data.judged if self._load is not None and data.judged else data.scorer

    def of(self, data: Benchmark) -> Scorer:
        """The scorer that grades `data`; raises UnknownName, and UsageError where it lacks a judge."""
        return self._made(self.name(data))

    def lacks_judge(self, data: Benchmark) -> bool:
        """Whether only a judge can grade `data`, and the run has none."""
        rule: Any = SCORERS.load(self.name(data))
        return self._load is None and isinstance(rule, NeedsJudge) and not getattr(rule, "alone", False)

    def judged_by(self, data: Benchmark) -> str:
        """The identity of the judge that grades `data`, "rules" where none does."""
        return "rules" if self.rule(data) is None else self.judge.identity

    def settings(self, data: Benchmark) -> dict[str, str]:
        """What a report says of the judge of `data`: who, with whose prompt, and what it did so far.

        Empty where rules grade.
        """
        rule = self.rule(data)
        if rule is None:
            return {}
        prompt, counts = getattr(rule, "prompt", "its own"), getattr(self.judge, "counts", None)
        calls = {} if counts is None else {"judge_calls": str(counts)}
        return {"judge": self.judge.identity, "judge_prompt": str(prompt), **calls}

    @cached_property
    def judge(self) -> Judge:
        """The judge of the run; raises UsageError where none is named."""
        if self._load is None:
            raise UsageError("no judge is named: give --judge=NAME, or --judge=URL#MODEL for an endpoint")
        return self._load()

    def rule(self, data: Benchmark) -> NeedsJudge | None:
        """The rule of a judge that grades `data`; None where rules do."""
        found: Any = SCORERS.load(self.name(data))
        return found if isinstance(found, NeedsJudge) and self._load is not None else None

    def again(self, data: Benchmark) -> Scorer | None:
        """The judge of `data`, asked anew; None where rules grade."""
        rule = self.rule(data)
        return None if rule is None else rule.by(self.judge, self._replicate + 1)

    def _make(self, name: str) -> Scorer:
        found: Any = SCORERS.load(name)
        alone = self._load is None and getattr(found, "alone", False)
        if alone or not isinstance(found, NeedsJudge):
            made: Scorer = found
            return made
        return found.by(self.judge, self._replicate) if self._replicate else found.by(self.judge)
