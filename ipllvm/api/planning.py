"""`ipllvm.plan`: what a run would do and cost, before any weight is read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from ipllvm.api.session import names, one_at_a_time, run, spelled
from ipllvm.errors import NotMeasured


@dataclass(frozen=True, slots=True)
class PlannedTest:
    """What one test would run: trials, passes and tokens of the decoder, pictures, and what it can tell."""

    test: str
    trials: int
    passes: float
    tokens: int
    pictures: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forecasts:
    """What a run would cost, test by test; `lines` is what `ipllvm plan` prints."""

    tests: tuple[PlannedTest, ...]
    lines: tuple[str, ...]

    @property
    def trials(self) -> int:
        """Trials of all tests."""
        return sum(each.trials for each in self.tests)

    def __iter__(self) -> Iterator[PlannedTest]:
        return iter(self.tests)

    def __str__(self) -> str:
        return "\n".join(self.lines)


@one_at_a_time
def plan(
    model: str = "llava-tiny",
    *,
    properties: "str | Iterable[str] | None" = None,
    benchmarks: "str | Iterable[str] | None" = None,
    samples: int | str | None = None,
    claims: "str | PathLike[str] | None" = None,
    **options: Any,
) -> Forecasts:
    """What `ipllvm.check` would run on a model that is named, without reading its weights.

    Arguments are those of `check`. Raises UsageError for what can't be asked, and NotMeasured where no test
    could be planned; of some that could not `lines` tell.
    """
    from ipllvm.session.costs import planned

    wanted = {"property": properties, "benchmark": benchmarks, "samples": samples, "claims": claims}
    words = [*spelled({**wanted, **options}), *(f"--model={each}" for each in names(model)), "--plan"]
    witness = run(words, Path("reports"))
    costs, why = witness.costs, witness.refused()
    if why and not costs:
        raise NotMeasured(why[0])
    tests = tuple(
        PlannedTest(
            test.rpartition("::")[2], found.trials, found.passes, found.tokens, found.pictures, tuple(notes)
        )
        for test, (_, found, notes) in costs.items()
    )
    return Forecasts(tests, (*planned(costs), *why))
