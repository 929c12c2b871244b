"""How well a driver feeds its workers: `python -m ipllvm.tests.engine.executors.figures [ray] [driver]`.

`ray`: the same plan with 1, 2, 4 and 8 actors of a local Ray cluster whose passes sleep. `driver`: simulated
workers, as many as are asked for, into a store on disk.
"""

import os
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from ipllvm.benchmarks import planted
from ipllvm.engine.context import Context
from ipllvm.engine.deferred import Identity
from ipllvm.engine.executors.cluster import ClusterExecutor
from ipllvm.engine.executors.worker import Introduction, context_of
from ipllvm.engine.plan import Plan
from ipllvm.engine.requirements import Outcomes
from ipllvm.engine.store.outcomes import Store
from ipllvm.models.loading import load
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Sample
from ipllvm.tests.engine.executors.loaders import NAME, paced
from ipllvm.tests.engine.executors.simulated import SimulatedPool

PASS_SECONDS = 0.25
SIMULATED = ((1000, 20.0), (1000, 40.0), (8, 5000.0))
"""Workers, and trials a second of each."""
SECONDS = 8
"""How long a simulation lasts where the driver keeps up."""


def efficiency(counts: tuple[int, ...] = (1, 2, 4, 8)) -> None:
    """Print the time with so many actors, each of which waits in every pass."""
    import ray

    from ipllvm.engine.executors.ray_pool import RayPool

    os.environ |= {"RAY_worker_niceness": "0"}
    plan = Plan(planted.tens(seed=0).samples[:1280], (Clean(), Permutation()), 1, 0, 1)
    model, alone = load(NAME, device="cpu"), 0.0
    for count in counts:
        ray.init(num_cpus=count, include_dashboard=False, log_to_driver=False, logging_level="error")
        lines: list[str] = []
        pool = RayPool(partial(paced, seconds=PASS_SECONDS), gpu=False, cpus=1)
        executor = ClusterExecutor(pool, lines.append)
        while len(lines) < count:  # all are to be there before the clock runs
            executor.run(model, Plan(plan.samples[:16], (Clean(),), 1, 0, 1), 8, {}, lambda done: None)
        outcomes: Outcomes = {}
        began = time.perf_counter()
        executor.run(model, plan, 8, outcomes, lambda done: None)
        seconds = time.perf_counter() - began
        alone = alone or seconds
        print(f"{count} actors: {seconds:.1f} s, efficiency {alone / (count * seconds):.1%}", flush=True)
        executor.close()
        ray.shutdown()


def simulation(workers: int, rate: float, size: int = 32) -> None:
    """Print how many outcomes a second the driver takes from so many workers, and how long these wait."""
    model = load(NAME, device="cpu")
    identity = Identity.of(model)
    about = Introduction(identity, context_of(identity), "machine", "card")
    count = max(workers * 4, round(workers * rate * SECONDS / 6))
    samples = tuple(Sample(f"sample-{n}", f"picture-{n}", (), "?", "red") for n in range(count))
    plan = Plan(samples, (Clean(), Permutation()), 5, 0, 1)
    with TemporaryDirectory() as folder:
        store = Store(Path(folder))
        outcomes = store.view(Context.of(model.info(), planted.tens(seed=0)))
        pool = SimulatedPool(about, workers, rate, size)
        executor = ClusterExecutor(pool, lambda line: None)
        began, busy = time.perf_counter(), time.process_time()
        executor.run(model, plan, size, outcomes, lambda done: None)
        seconds, busy = time.perf_counter() - began, time.process_time() - busy - pool.spent
        store.close()
    ideal = len(plan) / (workers * rate)
    print(
        f"{workers:,} workers of {rate:g} a second: {len(plan):,} outcomes in {seconds:.1f} s, "
        f"{len(plan) / seconds:,.0f} a second, {len(plan) / busy:,.0f} a second of its CPU time; "
        f"ideal {ideal:.1f} s ({ideal / seconds:.0%})",
        flush=True,
    )


if __name__ == "__main__":
    if "ray" in sys.argv:
        efficiency()
    if "driver" in sys.argv:
        for workers, rate in SIMULATED:
            simulation(workers, rate)
