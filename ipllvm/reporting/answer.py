"""What a run came to, worked out once: page, terminal, API, CI and exit status read it here."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ipllvm.records import COMPARISON
from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.wording import WORST_FIRST, count_of, standing
from ipllvm.verdicts.failing import NOT_MEASURED, FailRule

_OWN: Final = {"VIOLATED": "violated", "UNDECIDED": "undecided", "HOLDS": "holding"}


def decides(row: Row, rule: FailRule) -> bool:
    """Whether a result can stop a release: of a gate the comparisons, else the requirements.

    Findings do too where the run was told so (--strict-observations).
    """
    return rule.decides(row["claim"]["kind"], _compared(row))


def fails(row: Row, rule: FailRule) -> bool:
    """Whether a result stops a release: it is violated, or worse at all where that is to fail a gate."""
    return decides(row, rule) and rule.fails(standing(row), _worse(row))


def stops(row: Row, rule: FailRule) -> bool:
    """Whether a result stands in the way: it fails the run, or is not shown where that fails it."""
    return decides(row, rule) and rule.stops(standing(row), _worse(row))


def run_of(row: Row, report: Report) -> Row:
    """The run that a result is of: in reports that were put together each has its own."""
    found: Row = row.get("run") or report["run"]
    return found


def answer_of(report: Report) -> "ReportAnswer":
    """What the run of a report came to; in reports that were put together each run has its own rules."""
    rows = [(row, FailRule.of(run_of(row, report).get("options") or {})) for row in report["results"]]
    return ReportAnswer(
        deciding=tuple(row for row, rule in rows if decides(row, rule)),
        failing=tuple(row for row, rule in rows if fails(row, rule)),
        stopping=tuple(row for row, rule in rows if stops(row, rule)),
        beside=tuple(row for row, rule in rows if not decides(row, rule)),
        unmeasured=tuple(row for row, _ in rows if standing(row) == NOT_MEASURED),
        without_result=tuple(report["not_measured"]),
        broken=tuple(report["failed"]),
        laws=len(report["passed_laws"]),
        partial=report["run"]["partial"],
    )


@dataclass(frozen=True, slots=True)
class ReportAnswer:
    """What a run came to.

    `deciding` are the results that can stop a release, `failing` those that do, `stopping` besides those that
    are not shown where that fails the run, `beside` all that can stop nothing. Of
    those `unmeasured` more samples failed than may. `without_result` and `broken` are the report's tests that
    gave no number and that failed; so many `laws` hold.
    """

    deciding: tuple[Row, ...]
    failing: tuple[Row, ...]
    stopping: tuple[Row, ...]
    beside: tuple[Row, ...]
    unmeasured: tuple[Row, ...]
    without_result: tuple[Row, ...]
    broken: tuple[Row, ...]
    laws: int
    partial: bool

    def decides(self, row: Row) -> bool:
        """Whether a result of this report can stop a release."""
        return any(row is each for each in self.deciding)

    def fails(self, row: Row) -> bool:
        """Whether a result of this report does."""
        return any(row is each for each in self.failing)

    def stops(self, row: Row) -> bool:
        """Whether a result of this report stands in the way."""
        return any(row is each for each in self.stopping)

    @property
    def whole(self) -> bool:
        """Whether everything was measured."""
        return not (self.unmeasured or self.without_result or self.partial)

    @property
    def ok(self) -> bool:
        """Whether nothing fails the run and all of it was measured."""
        return self.whole and not (self.failing or self.broken)

    @property
    def release(self) -> tuple[str, str]:
        """The answer to "may it be released?": a word for its colour and one for the reader.

        `bad` where something stands in the way, `open` where something is not known, else `good`; `none`
        where no requirement was measured.
        """
        found = {standing(row) for row in self.deciding}
        if self.failing or self.broken:
            return "bad", "No"
        if "WORSE" in found:
            return "open", "Worse than the baseline"
        if not self.whole or "UNDECIDED" in found:
            return "open", "Not answered yet"
        return ("good", "Nothing measured stands in the way") if self.deciding else ("none", "Not asked")

    @property
    def headline(self) -> tuple[str, str]:
        """The answer in a few words, and the rest of its sentence."""
        laws = sum(row["law"] for row in self.broken)
        others = len(self.broken) - laws
        broken = [f"{count_of(laws, 'law')} broken"] if laws else []
        broken += [f"{count_of(others, 'test')} failed"] if others else []
        found = self._counts()
        answer, rest = _sentence(found, len(self.unmeasured) + len(self.without_result))
        parts = [*broken, *([answer] if answer else []), *rest]
        parts += [f"{count_of(self.laws, 'law')} {_hold(self.laws)}"] if self.laws else []
        parts = parts or ["No requirement was measured"]
        parts += self._aside()
        parts += ["stopped early: what was measured by then"] if self.partial else []
        leading = max(1, len(broken) + bool(found["VIOLATED"]))
        return ", ".join(parts[:leading]), "; ".join(parts[leading:])

    def _counts(self) -> Counter[str]:
        """How many of the deciding results stand how; what fails the run within its margin is WORSE."""
        found = Counter(map(standing, self.deciding))
        within = sum(standing(row) == "HOLDS" for row in self.failing)
        return found - Counter(HOLDS=within) + Counter(WORSE=within)

    def _aside(self) -> list[str]:
        """What fails nothing: of a gate the model's own claims, and the paper's findings."""
        rest = [row for row in self.beside if standing(row) != NOT_MEASURED]
        own = Counter(standing(row) for row in rest if row["claim"]["kind"] == "requirement")
        listed = ", ".join(f"{own[name]} {verb}" for name, verb in _OWN.items() if own[name])
        observed = sum(row["claim"]["kind"] == "observation" for row in rest)
        return [
            *([f"the model's own claims, which fail nothing here: {listed}"] if own else []),
            *([count_of(observed, "observation")] if observed else []),
        ]


def _worse(row: Row) -> bool:
    """Whether a result is shown to be worse than its baseline at all, at the level of its family."""
    level = row["claim"]["alpha"] * (row["settings"].get("family_wise") or 1)
    return bool((row.get("standing") or {}).get("p_worse", 1.0) <= level)


def _compared(row: Row) -> bool:
    return str(row["claim"]["name"]).startswith(COMPARISON)


def _hold(n: int) -> str:
    return "holds" if n == 1 else "hold"


def _sentence(asked: Mapping[str, int], lost: int) -> tuple[str, list[str]]:
    """What is to be said first of so many requirements that stand so, and what after it."""
    violated, worse, undecided, holds = (asked[name] for name in ("VIOLATED", "WORSE", "UNDECIDED", "HOLDS"))
    requirements = count_of(sum(asked[name] for name in WORST_FIRST if name != NOT_MEASURED), "requirement")
    missing = f"{count_of(lost, 'test')} could not be measured"
    words = [f"{worse} worse than the baseline"] if worse else []
    words += [f"{undecided} undecided"] if undecided else []
    words += [f"{holds} {_hold(holds)}"] if holds else []
    if violated:
        return f"{violated} of {requirements} violated", words + ([missing] if lost else [])
    if lost:
        return f"{missing}, no requirement violated", words
    if worse:
        return f"{worse} of {requirements} worse than the baseline, none violated", words[1:]
    if undecided:
        return f"{undecided} of {requirements} undecided, none violated", words[1:]
    if holds:
        return f"{holds} of {requirements} {_hold(holds)}", []
    return "", []
