"""Many outcomes: written, found again and made into a report, each by a process of its own.

`python -m ipllvm.tests.engine.million 1000000` prints rows a second, seconds and memory as JSON.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from ipllvm import claims
from ipllvm.benchmarks import planted
from ipllvm.engine.context import Context
from ipllvm.engine.plan import Plan
from ipllvm.engine.store.outcomes import Store
from ipllvm.evaluation.evaluation import Evaluation, Settings
from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.models.loading import load
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Blank, Clean
from ipllvm.records import Response, Result, Trial
from ipllvm.reporting import report, schema

BATCH = 32
DRAWS = 198
MODEL = "planted:invariant"


def plan_of(count: int) -> Plan:
    """About `count` trials of the permutation property: 198 draws a sample, more where samples run out."""
    whole = planted.tens()
    samples = whole.samples[: max(1, count // (DRAWS + 2))]
    return Plan(
        samples, (Clean(), Blank(), Permutation()), count // len(samples) - 2, 0, whole.max_new_tokens
    )


def answers(plan: Plan) -> Iterator[tuple[Trial, Response]]:
    """Right on the clean picture, A on a blank one, wrong in one draw of eight."""
    for perturbation in plan.perturbations:
        for case in plan.cases(plan.samples, perturbation):
            right = perturbation == Clean() or (perturbation != Blank() and case.trial.draw % 8)
            yield case.trial, Response(case.sample.answer if right else "A", (68, 1))


def write(folder: Path, count: int) -> dict[str, float]:
    """In batches of 32; rows a second, and what one takes on the disk."""
    plan, view = plan_of(count), Store(folder / "outcomes").view(_context(count))
    rows, spent, cpu = answers(plan), 0.0, 0.0
    while batch := dict(islice(rows, BATCH)):
        began, busy = time.perf_counter(), time.process_time()
        view.update(batch)
        spent += time.perf_counter() - began
        cpu += time.process_time() - busy
    kept = sum(path.stat().st_size for path in (folder / "outcomes").rglob("*") if path.is_file())
    rates = {"rows_per_s": len(plan) / spent, "rows_per_cpu_s": len(plan) / cpu}
    return {"rows": len(plan), **rates, "bytes_a_row": kept / len(plan)}


def read(folder: Path, count: int) -> dict[str, float]:
    """Open, measure nothing anew, decide, and write report.json and its views."""
    began, busy = time.perf_counter(), time.process_time()
    store, started = Store(folder / "outcomes"), datetime.now(UTC)
    known = len(store.view(_context(count)))
    opened = time.perf_counter() - began
    results = _results(store, plan_of(count))
    rows = [report.entry(schema.row(result), "test_permutation", "passed", "") for result in results]
    run = report.Run("a", started, datetime.now(UTC), "million", 0, 0)
    report.write(report.build(rows, run), folder)
    (result,) = results
    clean = result.estimates["clean"].value or 0.0
    told = {"known": known, "trials": result.trials, "clean": clean}
    seconds, cpu = time.perf_counter() - began, time.process_time() - busy
    return {**told, "open_s": opened, "report_s": seconds, "report_cpu_s": cpu}


def _results(store: Store, plan: Plan) -> list[Result]:
    rows: list[Result] = []
    whole = planted.tens()
    data = replace(whole, samples=plan.samples)
    settings = Settings(draws=plan.draws, report_only=True, counterexamples=0)
    told: Any = lambda done, total: None  # noqa: E731
    known, total = claims.load(), len(whole.samples)
    model = load(MODEL, device="cpu")
    asked = Evaluation("permutation", model, data, total, known, settings, rows.append, told, store.view)
    clean, blank, permuted = asked.run(Blank(), Permutation())
    shown = {"clean": clean, "blank": blank, "permuted": permuted}
    drop = performance_drop(clean, permuted)
    asked.check("permutation", drop, Shown(shown), something_to_lose=gain(clean, blank))
    return rows


def _context(count: int) -> Context:
    model = load(MODEL, device="cpu")
    whole = planted.tens()
    return Context.of(model.info(), replace(whole, samples=plan_of(count).samples))


def main(count: int) -> dict[str, float]:
    """Both, by processes of their own."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for what in ("write", "read"):
            command = [sys.executable, "-m", __spec__.name, str(count), what, folder]
            told = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
            found |= json.loads(told.splitlines()[-1])
    return found


if __name__ == "__main__":
    if len(sys.argv) < 4:
        print(json.dumps(main(int(sys.argv[1])), indent=1))
    else:
        made = {"write": write, "read": read}[sys.argv[2]](Path(sys.argv[3]), int(sys.argv[1]))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({**made, f"{sys.argv[2]}_bytes": peak}))
