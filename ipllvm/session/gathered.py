"""Every test that was collected and what was reported of it, whatever other plugins and dying workers do."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

import pytest

from ipllvm.gate.agreement import material
from ipllvm.safety.printing import visible
from ipllvm.session.outcomes import NOT_MEASURED, ROWS, SKIPPED, case, ending, outcome, reason
from ipllvm.session.progress import TOLD, told

CASES = "ipllvm_cases"
"""The attribute of a report by which a worker tells what its tests are about."""
OUTCOMES = ("passed", "failed", "skipped")
"""Of a test. Plugins that run a test again report the attempts before the last as something else."""


class Announcer:
    """In an xdist worker: tells the controller, before the first test, what each test is about."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._cases: dict[str, dict[str, Any]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Know the tests."""
        self._cases = cases(session.items)

    def pytest_runtest_logstart(self, nodeid: str, location: Any) -> None:
        """Tell them once, by pytest's own hook for reports."""
        if not self._cases:
            return
        make: Any = pytest.TestReport  # of a phase that pytest has not
        told = {TOLD: ["", False], CASES: self._cases}
        self._cases = {}
        self._config.hook.pytest_runtest_logreport(
            report=make(nodeid, location, {}, "passed", None, "progress", **told)
        )


def cases(items: Iterable[pytest.Item]) -> dict[str, dict[str, Any]]:
    """What each test of a property is about, by its id."""
    return {item.nodeid: about for item in items if (about := case(item))}


class Gathered:
    """The tests of a run and their reports, in the order in which they came."""

    def __init__(self) -> None:
        self.reports: list[pytest.TestReport] = []
        self.cases: dict[str, dict[str, Any]] = {}
        self._collected: dict[str, None] = {}

    def collected(self, ids: Iterable[str]) -> None:
        """These tests are to be run."""
        self._collected.update(dict.fromkeys(ids))

    def add(self, report: pytest.TestReport) -> bool:
        """Keep a report of a test; False for one by which a worker only says how far it is."""
        self.cases.update(getattr(report, CASES, {}))
        if told(report) is None and report.outcome in OUTCOMES:
            self.reports.append(report)
        return told(report) is None or hasattr(report, CASES)

    def rows(self, open_rows: dict[str, list[dict[str, Any]]]) -> list[tuple[str, str, dict[str, Any]]]:
        """Test, outcome and row of each result; of a claim that was measured again the last one.

        `open_rows` are those of a test that was interrupted and has reported nothing, or of one that a plugin
        called again after its report was made: they count as that report ends.
        """
        found: dict[Hashable, tuple[str, str, dict[str, Any]]] = {}
        for report in self.reports:
            for row in getattr(report, "ipllvm_rows", []):
                found[_identity(row)] = report.nodeid, outcome(report), row
        ended = {report.nodeid: outcome(report) for report in self.reports if report.when == "call"}
        for node, rows in open_rows.items():
            for row in rows:
                found[_identity(row)] = node, ended.get(node, "error"), row
        return [*found.values()]

    def lost(self, kind: str) -> Iterator[tuple[pytest.TestReport, dict[str, Any], str]]:
        """Report, case and reason of each test that gave no row and ended as `kind`."""
        found: dict[Hashable, tuple[pytest.TestReport, dict[str, Any], str]] = {}
        for report in self.reports:
            if ending(report) == kind and not getattr(report, "ipllvm_rows", []):
                about = vars(report)["ipllvm_case"]
                alone = about["law"] or kind not in (NOT_MEASURED, SKIPPED)
                same = tuple(about[name] for name in ("property", "model", "benchmark", "claim"))
                found[report.nodeid if alone else same] = report, about, reason(report)
        yield from found.values()

    def untested(self) -> Iterator[str]:
        """Why tests gave no row, a line a reason: properties, models and benchmarks of which it is so."""
        found: dict[str, dict[str, dict[str, None]]] = {}
        for _, about, why in self.lost(SKIPPED):
            for name in ("property", "model", "benchmark"):
                found.setdefault(why, {}).setdefault(name, {})[about[name]] = None
        for why, names in found.items():
            yield visible(f"not tested: {'; '.join(map(', '.join, names.values()))}: {why}", 1000)

    def never_run(self, config: pytest.Config) -> Iterator[tuple[str, dict[str, Any]]]:
        """Id and case of each test of a property that the session ended without."""
        done = {report.nodeid for report in self.reports} | config.stash.get(ROWS, {}).keys()
        for node in self._collected:
            if node not in done and node in self.cases:
                yield node, self.cases[node]


def _identity(row: Mapping[str, Any]) -> Hashable:
    """What makes a result one: the claim, the model, the data and the settings that bear on it."""
    settings = tuple(sorted((name, repr(value)) for name, value in row["settings"].items() if material(name)))
    names = row["property"], row["claim"]["name"], row["model"]["name"], row["model"]["fingerprint"]
    return *names, row["benchmark"]["name"], row["benchmark"]["digest"], row["benchmark"]["n"], settings
