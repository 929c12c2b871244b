"""The row of a report over all answers that a run and its baseline gave: no test, made at the end."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ipllvm.records import BenchmarkInfo
from ipllvm.session.comparisons import Reference
from ipllvm.verdicts.release import REGRESSION
from ipllvm.verdicts.worse import POOLED


def pooled(reference: Reference, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The row, from those that the tests gave; None where fewer than two measures were compared."""
    from ipllvm.gate import baseline
    from ipllvm.gate.compare import result
    from ipllvm.gate.pooled import all_answers
    from ipllvm.reporting import schema

    gated = [row for row in rows if row["claim"]["name"].startswith(REGRESSION)]
    if not gated:
        return None
    now = baseline.of({}, [each for row in rows for each in row["paired"]])
    names = ((row["property"], row["claim"]["name"], row["benchmark"]["name"]) for row in gated)
    if any(entry.analyses for entry in now.entries.values()):
        return None  # each comparison stopped by itself, so that all answers are no sample of a known size
    keys = [(name, claim.removeprefix(REGRESSION), data) for name, claim, data in names]
    margin = min(row["claim"]["margin"] for row in gated)
    found = all_answers(reference.baseline, now, keys, margin, f"baseline {reference.name}")
    if found is None:
        return None
    made = result(found, schema.result(dict(gated[0])))
    n, clusters = found.estimate.n, found.estimate.clusters
    about = BenchmarkInfo("all", "", "all answers that both runs gave", n, clusters, n)
    row = schema.row(replace(made, property=POOLED, benchmark=about, trials=0))
    return {**row, "paired": [], "parts": {}}
