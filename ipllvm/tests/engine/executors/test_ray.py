"""On a local Ray cluster of two nodes: rows as of a local run, whatever is killed in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ipllvm.benchmarks import planted
from ipllvm.engine import run as engine
from ipllvm.engine.executors import dispatch
from ipllvm.engine.executors.cluster import ClusterExecutor
from ipllvm.engine.plan import Plan
from ipllvm.engine.requirements import Outcomes
from ipllvm.models.loading import load
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Clean
from ipllvm.tests.engine.executors.loaders import NAME, first_and_others, paced

ray = pytest.importorskip("ray", reason="Ray is not installed: make ray")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
SIZE = 4
MEMORY = 80 * 2**20
"""Bytes of a node's object store, the least that Ray takes or nearly."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes of one CPU each, on which nobody computes; the driver's own has none."""
    from ray.cluster_utils import Cluster

    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": MEMORY})
    for _ in range(2):
        made.add_node(num_cpus=1, object_store_memory=MEMORY)
    ray.init(address=made.address, log_to_driver=False, logging_level="error")
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan(planted.tens(seed=0).samples[:200], (Clean(), Permutation()), 2, 0, 4)


@pytest.fixture(scope="module")
def local(plan: Plan) -> Outcomes:
    outcomes: Outcomes = {}
    engine.run(load(NAME, device="cpu"), plan, SIZE, outcomes, lambda done: None)
    return outcomes


class Driven:
    """A run on the cluster, in the middle of which something is done once."""

    def __init__(self, plan: Plan, loading: Any, action: Any = None, both: bool = False) -> None:
        from ipllvm.engine.executors.ray_pool import RayPool

        self.lines: list[str] = []
        self.outcomes: Outcomes = {}
        self._action, self._half = action, len(plan) // 3
        self.pool = RayPool(loading)
        executor = ClusterExecutor(self.pool, self.lines.append, load(NAME, device="cpu").fingerprint)
        try:
            while both and len(self.lines) < 2:  # both nodes have introduced themselves
                executor.run(load(NAME, device="cpu"), replace(plan, draws=1), SIZE, {}, lambda done: None)
            executor.run(load(NAME, device="cpu"), plan, SIZE, self.outcomes, self._progress)
            self.by = executor.measured_by(self.outcomes, plan.trials())
        finally:
            executor.close()

    def _progress(self, done: int) -> None:
        if self._action is not None and done >= self._half:
            action, self._action = self._action, None
            action()


def test_outcomes_are_those_of_a_local_run(cluster: Any, plan: Plan, local: Outcomes) -> None:
    run = Driven(plan, partial(paced, seconds=0.01))
    assert run.outcomes == local
    assert run.by.total() == len(plan) and len(run.by) == 2, "both nodes, by name"


def test_an_actor_that_is_killed_is_replaced(
    cluster: Any, plan: Plan, local: Outcomes, tmp_path: Path
) -> None:
    def kill() -> None:
        os.kill(int(next(tmp_path.iterdir()).name), signal.SIGKILL)

    run = Driven(plan, partial(paced, seconds=0.02, folder=str(tmp_path)), kill)
    assert run.outcomes == local
    assert sum(" is lost (" in line for line in run.lines) == 1
    assert run.pool._started == 3, "another in its place, which may have come too late"


def test_a_node_that_is_lost_and_one_that_joins(
    cluster: Any, plan: Plan, local: Outcomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "POLL_SECONDS", 0.5)
    extra = cluster.add_node(num_cpus=1, object_store_memory=MEMORY)

    def lose() -> None:
        cluster.remove_node(extra, allow_graceful=False)
        cluster.add_node(num_cpus=1, object_store_memory=MEMORY)

    run = Driven(plan, partial(paced, seconds=0.1), lose)
    assert run.outcomes == local
    assert len(run.by) >= 2 and sum(" is lost (" in line for line in run.lines) == 1
    assert run.pool._started >= 4


def test_an_actor_with_other_weights_measures_nothing(
    cluster: Any, plan: Plan, local: Outcomes, tmp_path: Path
) -> None:
    run = Driven(plan, partial(first_and_others, str(tmp_path)), both=True)
    assert run.outcomes == local
    assert len(run.by) == 1 and run.by.total() == len(plan)
    refused = [line for line in run.lines if "is refused: it measures with another model" in line]
    assert refused and len(refused) + 1 == len(run.lines), "all others, on as many nodes as there are"


def test_a_full_object_store_loses_nothing(cluster: Any, plan: Plan, local: Outcomes) -> None:
    held = [ray.put(np.ones(10 * 2**20, np.uint8)) for _ in range(12)]
    run = Driven(plan, partial(paced, seconds=0.01))
    assert run.outcomes == local and len(held) == 12


CHECK = [
    sys.executable, "-m", "ipllvm", "check", NAME, "--benchmark=planted-2",
    "--property=permutation_invariance",
    "--samples=300", "--draws=2", "--device=cpu", "--batch-size=2", "--report-only",
]  # fmt: skip


def test_a_driver_that_is_killed_goes_on_from_the_store(cluster: Any, tmp_path: Path) -> None:
    words = [*CHECK, f"--ray={cluster.address}", f"--report-dir={tmp_path}"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
        until = time.monotonic() + 120
        while not [*(tmp_path / "outcomes").glob("*.sqlite")] and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.3)
        assert first.poll() is None, "it was to be in the middle"
        first.kill()
    again = subprocess.run(words, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    (file,) = tmp_path.glob("*/report.json")
    alone = subprocess.run([*CHECK, f"--report-dir={tmp_path / 'alone'}"], check=False)
    (other,) = (tmp_path / "alone").glob("*/report.json")
    assert alone.returncode == 0
    ours, theirs = (_result(each) for each in (file, other))
    reused, where = ours["settings"].pop("reused"), ours["settings"].pop("measured_on")
    assert "outcomes, measured by 20" in reused and " on " in where
    assert ours == theirs


def _result(file: Path) -> dict[str, Any]:
    """The only row, without what tells of where and how fast it was measured."""
    (row,) = json.loads(file.read_text(encoding="utf-8"))["results"]
    found: dict[str, Any] = _bare(row)
    return found


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _bare(v) for k, v in value.items() if k not in ("seconds", "replay", "test")}
    return [_bare(each) for each in value] if isinstance(value, list) else value
