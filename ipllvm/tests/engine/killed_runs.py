"""The engine on a planted model, run by one process after another, each killed at a random moment.

Run as a script; prints one JSON object: what the parent saw. It forks with torch imported, which is paid
for once, and keeps to one thread.
"""

import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from ipllvm.benchmarks import planted
from ipllvm.engine import run as engine
from ipllvm.engine import streaming
from ipllvm.engine.context import Context
from ipllvm.engine.plan import Plan
from ipllvm.engine.store.outcomes import Store
from ipllvm.models.loading import load
from ipllvm.perturbations.noise import LayerNoise
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.selection import Keep
from ipllvm.perturbations.substitution import Blank, Clean

KILLS = 50
SIZE = 4
DATA = planted.single()
MODEL = load("planted:exact-drop,d=0.3", device="cpu")
CONTEXT = Context.of(MODEL.info(), DATA)
PERTURBATIONS = (Clean(), Blank(), Permutation(), Keep((0, 1, 5), 4), LayerNoise(1), LayerNoise(5))
PLAN = Plan(DATA.samples[:60], PERTURBATIONS, 3, 0, DATA.max_new_tokens)
NUMBERS = {trial: number for number, trial in enumerate(PLAN.trials())}


def measure(folder: Path, journal: int) -> None:
    """Run what is missing; each batch of trials is told to `journal`, a line each, before it is computed."""
    computed, view = vars(streaming)["run_isolated"], Store(folder).view(CONTEXT)

    def run_isolated(work: Any, items: Sequence[Any], *how: Any) -> Any:
        if work.__name__ != "enter":  # the clean pass behind trials at layers answers nothing
            os.write(journal, json.dumps([NUMBERS[case.trial] for case, _ in items]).encode() + b"\n")
        return computed(work, items, *how)

    vars(streaming)["run_isolated"] = run_isolated
    engine.run(MODEL, PLAN, SIZE, view, lambda done: None)


def life(folder: Path, batches: int | None = None, seconds: float = 0.0) -> list[list[int]]:
    """Fork a process that measures, and kill it so long after it began so many batches: those it began."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            measure(folder, writer)
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as journal:
        begun = list(islice(journal, batches))
        if batches is not None:
            time.sleep(seconds)
            os.kill(child, signal.SIGKILL)
        begun += journal
    os.waitpid(child, 0)
    return [json.loads(line) for line in begun]


def main(folder: Path, seed: int) -> dict[str, object]:
    """Measure undisturbed, then kill, look, go on."""
    whole, killed = folder / "whole", folder / "killed"
    started = time.monotonic()
    count = len(life(whole))
    seconds = (time.monotonic() - started) / count
    rng, before = random.Random(seed), set[int]()
    repeated = lost = kills = 0
    for kill in range(KILLS + 1):
        last = kill == KILLS
        span = None if last else rng.randint(1, 4)
        batches = life(killed, span, rng.uniform(0, 2 * seconds))
        now = {NUMBERS[trial] for trial in Store(killed).view(CONTEXT)}
        repeated += sum(number in before for batch in batches for number in batch)
        lost += len(before - now) + sum(number not in now for batch in batches[:-1] for number in batch)
        kills += not last and len(now) < len(PLAN)
        before = now
    store, undisturbed = Store(killed), dict(Store(whole).view(CONTEXT))
    same = dict(store.view(CONTEXT)) == undisturbed
    told = {"trials": len(PLAN), "rows": len(undisturbed), "batches": count, "kills": kills, "same": same}
    return {**told, "repeated": repeated, "lost": lost, "warnings": store.warnings}


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
