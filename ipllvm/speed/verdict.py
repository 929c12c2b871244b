"""What a user waits for: every claim of a profile decided, beside its fixed design by plain `generate`.

One side is the shortest way that ipllvm has to the verdicts: a sequential session from nothing, which ends a
property where its claims are decided. The other is what is done without it: the same claims on the profile's
fixed number of samples, each trial by transformers' `generate` alone. Its verdicts come from the same
session without --sequential, and every claim that is decided otherwise is named.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from ipllvm.records import ClaimKey
from ipllvm.reporting import schema
from ipllvm.safety.places import VARIABLE
from ipllvm.speed.fixed_design import GenerateCost, Plain, cost, recorded
from ipllvm.speed.sessions import SessionTime, last_report, timed

NOTHING = GenerateCost(0, 0.0, 0.0, 0)
ALONE = ("-qq", "--disable-warnings", "--counterexamples=0")
"""The fixed design has the trials that decide: those of a search for the smallest counterexample are none."""


@dataclass(frozen=True, slots=True)
class PropertyTime:
    """A property in the session: its trials, its seconds, and its fixed design by plain `generate`."""

    name: str
    trials: int
    cpu: float
    fixed: GenerateCost

    @property
    def times(self) -> float:
        """How many times as much of the processors plain `generate` takes."""
        return self.fixed.cpu / self.cpu if self.cpu else 0.0


@dataclass(frozen=True, slots=True)
class Wait:
    """From nothing and once more with everything known; properties, whose processor seconds are shares of
    the session's by the clock; decisions by claim, here and at the fixed number of samples.
    """

    new: SessionTime
    known: SessionTime
    properties: tuple[PropertyTime, ...]
    decisions: Mapping[ClaimKey, str]
    fixed_decisions: Mapping[ClaimKey, str]
    plain: Plain

    @property
    def times(self) -> float:
        """How many times as long plain `generate` takes for the fixed design."""
        return self.plain.together.seconds / self.new.seconds

    @property
    def times_cpu(self) -> float:
        """How many times as much of the processors it takes, which other work on the machine changes less."""
        return self.plain.together.cpu / self.new.cpu

    @property
    def differing(self) -> dict[ClaimKey, tuple[str, str]]:
        """Claims that the two decide otherwise: here, and at the fixed number of samples."""
        both = {claim: self.fixed_decisions.get(claim, "NONE") for claim in self.decisions}
        return {c: (self.decisions[c], fixed) for c, fixed in both.items() if fixed != self.decisions[c]}

    def lines(self) -> list[str]:
        """What to print."""
        first = "none" if self.new.first is None else f"{self.new.first:.1f} s"
        whole = self.plain.together
        left = f"; {whole.untimed:,} that it can't run are left out" if whole.untimed else ""
        own = sum(each.cpu for each in self.properties)
        return [
            f"sequential, from nothing: {self.new.seconds:.1f} s ({self.new.cpu:.1f} s of processors), "
            f"first outcome after {first}",
            f"everything known: {self.known.seconds:.1f} s ({self.known.cpu:.1f} s of processors)",
            *self._table(),
            f"{'start, checks, report':<28}{'':>18}{self.new.cpu - own:>10.1f}",
            f"fixed n by plain generate, {whole.trials:,} trials one by one{left}: {whole.seconds:,.0f} s, "
            f"{self.times:.1f} times as long ({whole.cpu:,.0f} s of processors, {self.times_cpu:.1f} times)",
            f"verdicts here: {_counted(self.decisions)}; at fixed n: {_counted(self.fixed_decisions)}",
            *(
                f"  otherwise: {' '.join(claim)}: {here}, at fixed n {fixed}"
                for claim, (here, fixed) in self.differing.items()
            ),
            f"answers of generate that differ from the engine's: {self.plain.different} of "
            f"{self.plain.compared}",
        ]

    def _table(self) -> list[str]:
        head = f"{'property':<28}{'trials':>8}{'fixed n':>10}{'CPU s':>10}{'generate':>10}{'times':>7}"
        return [head] + [
            f"{each.name:<28}{each.trials:>8,}{each.fixed.trials:>10,}{each.cpu:>10.1f}"
            f"{each.fixed.cpu:>10,.0f}{each.times:>7.1f}"
            for each in self.properties
        ]

    def row(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "new": asdict(self.new), "known": asdict(self.known), "plain": asdict(self.plain),
            "properties": [{**asdict(each), "times": each.times} for each in self.properties],
            "decisions": [[*claim, found] for claim, found in self.decisions.items()],
            "fixed_decisions": [[*claim, found] for claim, found in self.fixed_decisions.items()],
            "times": self.times, "times_cpu": self.times_cpu,
        }  # fmt: skip


def measured(
    model: str,
    words: Sequence[str],
    sequential: Sequence[str],
    session: Callable[[Sequence[str], Path], object],
) -> Wait:
    """A session of `ipllvm check` with `words` and those that make it `sequential`, once more, and its fixed
    design.

    `session` runs one with these words in this process, its cache in a folder. Raises NotMeasured where a
    session ends without a report.
    """
    with TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder = Path(place)
        store, reports, fixed = folder / "store", folder / "reports", folder / "fixed"
        new = timed(model, [*words, *sequential], store, reports)
        here = schema.rows(last_report(reports))
        known = timed(model, [*words, *sequential], store, reports)
        options = [*ALONE, f"--model={model}", *words, f"--report-dir={fixed}"]
        with recorded(_property) as plans, patch.dict(os.environ, {VARIABLE: str(store)}):
            session(options, folder)
        plain, there = cost(plans), schema.rows(last_report(fixed))
        return Wait(new, known, _properties(here, new, plain), _decisions(here), _decisions(there), plain)


def _property() -> str:
    """The property whose test pytest runs now."""
    node = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition("::")[2]
    return node.partition("[")[0].removeprefix("test_")


def _properties(
    rows: Sequence[Mapping[str, Any]], new: SessionTime, plain: Plain
) -> tuple[PropertyTime, ...]:
    """Tests have one row a claim, of which the last was made at their end."""
    seconds: defaultdict[str, float] = defaultdict(float)
    trials: Counter[str] = Counter()
    for test in {row["test"] for row in rows}:
        own = [row for row in rows if row["test"] == test]
        seconds[own[0]["property"]] += max(row["seconds"] or 0.0 for row in own)
        trials[own[0]["property"]] += max(row["trials"] for row in own)
    share = new.cpu / new.seconds
    return tuple(
        PropertyTime(name, trials[name], share * seconds[name], plain.properties.get(name, NOTHING))
        for name in sorted(seconds)
    )


def _decisions(rows: Sequence[Mapping[str, Any]]) -> dict[ClaimKey, str]:
    return {
        ClaimKey(row["property"], row["claim"]["name"], row["benchmark"]["name"]): row["verdict"]["decision"]
        for row in rows
    }


def _counted(decisions: Mapping[ClaimKey, str]) -> str:
    counts = sorted(Counter(decisions.values()).items())
    return ", ".join(f"{count} {decision}" for decision, count in counts) or "none"
