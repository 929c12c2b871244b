"""`ipllvm.compare`: two runs against each other by sample, without a model."""

from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from ipllvm.api.report import Report
from ipllvm.errors import ClaimViolated, UsageError
from ipllvm.records import Decision
from ipllvm.verdicts.failing import FAIL_ON, VIOLATED, FailRule

if TYPE_CHECKING:
    from ipllvm.gate.outcome import Change, Gate


@dataclass(frozen=True, slots=True)
class BaselineComparison:
    """What became of each claim of the baseline: `changes` have estimate, verdict and who flipped."""

    gate: "Gate"

    @property
    def changes(self) -> "tuple[Change, ...]":
        """The comparisons that could be made; a positive difference is worse."""
        return self.gate.changes

    @property
    def exit_status(self) -> int:
        """0, 1 where something is worse, 7 where a comparison is lacking, 6 where undecided fails it."""
        return self.gate.status

    @property
    def ok(self) -> bool:
        """Whether everything was compared and nothing fails the gate."""
        return self.gate.status == 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be compared, and what is worth knowing."""
        return tuple(self.gate.lines())

    def standing(self, change: "Change") -> Decision:
        """What the comparison as a whole says of a change (Holm's correction)."""
        return Decision(self.gate.standing(change))

    def raise_for_violation(self) -> None:
        """Raises ClaimViolated with the reasons where something is worse or was not compared."""
        if not self.ok:
            wrong = [c for c in self.changes if self.gate.stops(c)]
            raise ClaimViolated(
                "; ".join([f"{' '.join(c.key)}: {self.gate.reason(c)}" for c in wrong] or self.notes)
            )

    def __iter__(self) -> "Iterator[Change]":
        return iter(self.changes)


def compare(
    before: "str | PathLike[str] | Report",
    after: "str | PathLike[str] | Report",
    *,
    report_dir: "str | PathLike[str]" = "reports",
    variants: int = 1,
    fail_on: str = VIOLATED,
    undecided: str = "pass",
) -> BaselineComparison:
    """`after` against `before`: each the name of a baseline or run, a file, a folder, or a report.

    `variants` is of how many checkpoints `after` was picked as the best. `fail_on` (violated, or worse: at
    all) and `undecided` (pass, fail) say what fails it, as for `ipllvm compare`. Raises UsageError in one
    line, also where both are one run.
    """
    from ipllvm.gate import compare as comparing
    from ipllvm.gate import sides
    from ipllvm.gate.names import baseline_file
    from ipllvm.gate.reading import load

    if fail_on not in FAIL_ON or undecided not in ("pass", "fail"):
        raise UsageError("compare: fail_on is violated or worse, undecided is pass or fail")
    if isinstance(variants, bool) or not isinstance(variants, int) or variants < 1:
        raise UsageError(f"compare: variants={variants!r}: give a whole number of at least 1")
    reports, called = Path(report_dir), [_place(each) for each in (before, after)]
    found = sides.read(called, lambda name: baseline_file(name, reports, "compare"), load)
    (file, first), (_, second) = found
    rule = FailRule(fail_on, undecided == "fail")
    gate = comparing.compare(first, second, f"baseline {file.name}", variants=variants, rule=rule)
    return BaselineComparison(gate)


def _place(given: "str | PathLike[str] | Report") -> str:
    if not isinstance(given, Report):
        return str(given)
    if given.folder is None:
        raise UsageError("compare: this report lies in no folder: give the name or folder of its run")
    return str(given.folder)
