"""The results of a gate that belong to no test: the row over all answers, and left-out comparisons."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from ipllvm.records import COMPARISON, BenchmarkInfo, ClaimKey
from ipllvm.safety.printing import visible
from ipllvm.session.comparisons import Reference, lost
from ipllvm.session.outcomes import NOT_MEASURED, OPTIONS, VIOLATED
from ipllvm.verdicts.failing import FailRule
from ipllvm.verdicts.worse import POOLED


def pooled(
    reference: Reference, rows: Sequence[Mapping[str, Any]], rule: FailRule, variants: int
) -> dict[str, Any] | None:
    """The row, from those that the tests gave; None where fewer than two measures were compared."""
    from ipllvm.gate import baseline
    from ipllvm.gate.compare import result
    from ipllvm.gate.pooled import all_answers
    from ipllvm.reporting import schema

    gated = [row for row in rows if row["claim"]["name"].startswith(COMPARISON)]
    if not gated:
        return None
    now = baseline.of({}, [each for row in rows for each in row["paired"]])
    names = ((row["property"], row["claim"]["name"], row["benchmark"]["name"]) for row in gated)
    if any(entry.analyses for entry in now.entries.values()):
        return None  # each comparison stopped by itself, so that all answers are no sample of a known size
    keys = [ClaimKey(name, claim.removeprefix(COMPARISON), data) for name, claim, data in names]
    margin = min(row["claim"]["margin"] for row in gated)
    found = all_answers(reference.baseline, now, keys, margin, f"baseline {reference.name}", rule, variants)
    if found is None:
        return None
    made = result(found, schema.result(dict(gated[0])))
    n, clusters = found.estimate.n, found.estimate.clusters
    about = BenchmarkInfo("all", "", "all answers that both runs gave", n, clusters, n)
    row = schema.row(replace(made, property=POOLED, benchmark=about, trials=0))
    return {**row, "paired": [], "parts": {}}


def failed(config: pytest.Config, row: dict[str, Any]) -> None:
    """Report the row as a test that failed, to the terminal, to JUnit and to who else listens."""
    from ipllvm.gate.pooled import KEY
    from ipllvm.reporting.junit import properties

    node, _ = lost(config.stash[OPTIONS], KEY)
    verdict = row["verdict"]
    why = visible(f"{row['claim']['text'].removesuffix('.')}: {verdict['reason']}", 1000)
    own = {"ipllvm_rows": [row], "ipllvm_finding": VIOLATED, "ipllvm_case": {}}
    _tell(config, node, why, user_properties=properties(row), **own)


def left_out(config: pytest.Config, key: ClaimKey, why: str) -> tuple[str, dict[str, Any]]:
    """Report a comparison that no test was there for as one that was not made; its id and case."""
    node, about = lost(config.stash[OPTIONS], key)
    _tell(config, node, why, ipllvm_rows=[], ipllvm_finding=NOT_MEASURED, ipllvm_case=about)
    return node, about


def _tell(config: pytest.Config, node: str, why: str, **own: Any) -> None:
    make: Any = pytest.TestReport
    place = (node.partition("::")[0], None, node.rpartition("::")[2])
    session: Any = config.pluginmanager.getplugin("session")
    if session is not None:
        session.testscollected += 1  # of which the terminal says how many were run
    config.hook.pytest_runtest_logstart(nodeid=node, location=place)
    config.hook.pytest_runtest_logreport(report=make(node, place, {}, "failed", why, "call", **own))
