"""What plans say against what runs take: `python -m ipllvm.tests.engine.plan_figures KIND...`.

A kind is a random tiny checkpoint of `ipllvm.tests.tiny`, or an embedded model. Time is the CPU's of the
thread that runs the model, memory with what a run takes beside its numbers, of a run of its own: the thread
that watches it makes a tiny model 1.4 times as slow.
"""

import gc
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from ipllvm.benchmarks import scenes
from ipllvm.engine.forecast import cost
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import Outcomes, run
from ipllvm.models.allocation import give_back
from ipllvm.models.forecast import REACHED, call_seconds, here
from ipllvm.models.loading import load, sketch
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.shuffle import PatchShuffle
from ipllvm.perturbations.substitution import Clean
from ipllvm.session.costs import BESIDE
from ipllvm.speed.memory import resident, watched
from ipllvm.tests.tiny import KINDS, make

SAMPLES, SIZE, LIMIT = 32, 32, 16
CPU = torch.device("cpu")


def line(kind: str, folder: Path) -> str:
    """Planned and taken, of one kind."""
    name = str(make(kind, folder / kind)) if kind in KINDS else kind
    plan = Plan(scenes.short().samples[:SAMPLES], (Clean(), Permutation(), PatchShuffle(2)), 2, 0, LIMIT)
    found = cost(sketch(name), plan, SIZE)
    rate, call = REACHED["cpu"] * here()[1], call_seconds(CPU)
    short, most = (work.seconds(rate, call) for work in (found.work, found.most))
    planned = (4 * found.holds + BESIDE) / 1e6
    model, outcomes = load(name, device="cpu"), Outcomes()
    run(model, Plan(plan.samples[:2], (Clean(),), 1, 0, LIMIT), 2, {}, lambda done: None)
    gc.collect()
    give_back()
    before = resident()
    with watched(CPU) as peak:
        run(model, plan, SIZE, {}, lambda done: None)
    taken, began = (peak.bytes - before) / 1e6, time.thread_time()
    run(model, plan, SIZE, outcomes, lambda done: None)
    seconds = time.thread_time() - began
    tokens = sum(len(response.tokens) for response in outcomes.values()) / len(outcomes)
    return (
        f"{kind}: planned {short:.2f} s, {most:.2f} where answers run to their limit of {LIMIT}; taken "
        f"{seconds:.2f} with {tokens:.1f} tokens an answer; {planned:.0f} MB planned, {taken:.0f} taken"
    )


if __name__ == "__main__":
    with TemporaryDirectory() as place:
        for each in sys.argv[1:]:
            print(line(each, Path(place)), flush=True)
