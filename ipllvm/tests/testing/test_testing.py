"""The shipped contract tests pass what keeps to them and name what does not."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, ClassVar

import numpy as np
import pytest

from ipllvm.errors import NotMeasured
from ipllvm.perturbations.base import Base
from ipllvm.records import Benchmark, Changes, Layout, Sample, Score
from ipllvm.registry import BENCHMARKS, PERTURBATIONS, Registry
from ipllvm.scorers.yes_no import score
from ipllvm.testing import benchmarks, check_benchmark, check_judge, check_perturbation, check_scorer
from ipllvm.tests.contracts.test_perturbations import ARTIFACTS

SAMPLE = Sample("s", "c", (), "Is it?", "yes", ("yes", "no"))


@pytest.mark.parametrize("name", ["planted-2", "word_problems"])
def test_shipped_benchmarks_pass(name: str) -> None:
    assert check_benchmark(name).name == name


def of(*samples: Sample, **changed: Any) -> Callable[..., Benchmark]:
    made = {"name": "mine", "scorer": "yes_no", "digest": "d", "source": "s", **changed}
    return lambda seed=0: Benchmark(samples=samples, **made)


@pytest.mark.parametrize(
    ("load", "reason"),
    [
        (of(SAMPLE, name="other"), "registered as mine and calls itself other"),
        (of(), "no samples"),
        (of(SAMPLE, SAMPLE), "ids repeat"),
        (of(SAMPLE, scorer="moon"), "'moon' is not registered"),
        (of(Sample("s", "c", (), " ", "yes")), "nothing is asked"),
        (of(Sample("s", "c", (), "?", "yes", ("a", "a"))), "choices repeat"),
        (of(SAMPLE, digest=""), "source or digest is empty"),
    ],
)
def test_a_benchmark_that_breaks_the_contract_is_told_why(
    monkeypatch: pytest.MonkeyPatch, load: Callable[..., Benchmark], reason: str
) -> None:
    registry = Registry("benchmark", dict.fromkeys(BENCHMARKS, ""))
    monkeypatch.setattr(registry, "load", lambda name: load)
    monkeypatch.setattr(benchmarks, "BENCHMARKS", registry)
    with pytest.raises(AssertionError, match=reason):
        check_benchmark("mine")


@pytest.mark.parametrize("name", list(PERTURBATIONS))
def test_shipped_perturbations_pass(name: str) -> None:
    found = PERTURBATIONS.load(name)()
    check_perturbation(found, ARTIFACTS.get(getattr(found, "artifact", "")))


CALLS = count()
"""State that is not the generator's: no two calls after each other are alike."""


@dataclass(frozen=True, slots=True)
class Mine(Base):
    """One fault at a time."""

    fault: str = "none"
    name: ClassVar[str] = "mine"

    @property
    def share(self) -> float:
        return 2.0 if self.fault == "share" else 1.0

    @property
    def seed_key(self) -> str:
        return "mine" if self.fault == "key" else str(self)

    def taken_apart(self, layout: Layout | None, rng: np.random.Generator) -> Changes | None:
        return Changes((1,), lambda items: Mine("dark"), "pixel") if self.fault == "parts" else None

    def apply(self, value: Any, layout: Layout | None, rng: np.random.Generator) -> Any:
        if self.fault == "random":
            return value.point(lambda pixel: pixel // 2) if rng.random() < 0.5 else value
        if self.fault == "global":
            return value.rotate(90 * next(CALLS))
        if self.fault == "inplace":
            value.putpixel((0, 0), (0, 0, 0))
        return value.point(lambda pixel: 0) if self.fault == "dark" else value


@dataclass
class Thawed(Base):
    """Not frozen."""

    fault: str = "none"
    name: ClassVar[str] = "mine"

    def apply(self, value: Any, layout: Layout | None, rng: np.random.Generator) -> Any:
        return value


@pytest.mark.parametrize(
    ("perturbation", "reason"),
    [
        (Mine("share"), "share lies in"),
        (Mine("key"), "a seed_key is for what is random"),
        (Mine("random"), "random must be True"),
        (Mine("global"), "one seed gives two results"),
        (Mine("inplace"), "changes what it is given"),
        (Mine("parts"), "the changes are not it"),
        (Thawed(), "not frozen"),
    ],
    ids=lambda value: str(value),
)
def test_a_perturbation_that_breaks_the_contract_is_told_why(
    monkeypatch: pytest.MonkeyPatch, perturbation: Base, reason: str
) -> None:
    entries = {"mine": f"{__name__}:{type(perturbation).__name__}"}
    registry = Registry("perturbation", entries)
    monkeypatch.setattr(registry, "load", lambda name: type(perturbation))
    monkeypatch.setattr("ipllvm.perturbations.parsing.PERTURBATIONS", registry)
    monkeypatch.setattr("ipllvm.testing.perturbations.PERTURBATIONS", registry)
    with pytest.raises(AssertionError, match=reason):
        check_perturbation(perturbation)


def test_one_that_is_not_registered_is_told() -> None:
    with pytest.raises(AssertionError, match="'mine' is not registered"):
        check_perturbation(Mine())


def test_a_scorer_passes_or_is_told_why() -> None:
    check_scorer(score, SAMPLE, right=("Yes.",), wrong=("no",), unread=("maybe",))
    with pytest.raises(AssertionError, match="'no' is right, it gets"):
        check_scorer(score, SAMPLE, right=("no",), wrong=())
    with pytest.raises(AssertionError, match="nothing was read and it gets points"):
        check_scorer(lambda text, sample: Score(1.0, None), SAMPLE, right=("yes",), wrong=())
    with pytest.raises(AssertionError, match="outside"):
        check_scorer(lambda text, sample: Score(2.0, text), SAMPLE, right=("yes",), wrong=())


def test_a_judge_may_fail_but_not_say_anything_but_text() -> None:
    class Judge:
        identity = "j"

        def __init__(self, said: Any) -> None:
            self.said = said

        def ask(self, prompt: str) -> str:
            if self.said is None:
                raise NotMeasured("gone")
            return self.said  # type: ignore[no-any-return]

    check_judge(Judge("yes"))
    check_judge(Judge(None))
    with pytest.raises(AssertionError, match="a reply is a text"):
        check_judge(Judge(3))
