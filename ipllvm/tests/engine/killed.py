"""A plan that is run by one process after another, each killed at a random moment: run as a script.

Prints one JSON object: what the parent saw. Forks, so it imports no torch and starts no thread.
"""

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

from ipllvm.engine.store.outcomes import Store
from ipllvm.tests.engine.outcomes import batch, context, trials

PLAN = trials(40_000)
SIZE = 16
KILLS = 60
LONGEST_LIFE = 0.08


def work(folder: Path, pipe: int, limit: int) -> None:
    """Do what is missing; tell the parent of each batch before it is written and after."""
    view = Store(folder).view(context())
    todo = [trial for trial in PLAN if trial not in view][:limit]
    for start in range(0, len(todo), SIZE):
        part = todo[start : start + SIZE]
        os.write(pipe, b"-" + PLAN.index(part[0]).to_bytes(4, "little"))
        view.update(batch(part))
        os.write(pipe, b"+" + PLAN.index(part[0]).to_bytes(4, "little"))


def life(
    folder: Path, seconds: float | None, limit: int = len(PLAN), *, settled: bool = False
) -> tuple[list[int], list[int]]:
    """Fork a worker and kill it, `settled` so long after its first commit; the batches it began and those
    it had written.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        try:
            work(folder, writer, limit)
        finally:
            os._exit(0)
    os.close(writer)
    first = b"".join(os.read(reader, 5) for _ in range(2 * settled))  # a loaded machine may take its time
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reader, "rb") as pipe:
        told = first + pipe.read()
    os.waitpid(child, 0)
    marks = [(told[i : i + 1], int.from_bytes(told[i + 1 : i + 5], "little")) for i in range(0, len(told), 5)]
    return [n for mark, n in marks if mark == b"-"], [n for mark, n in marks if mark == b"+"]


def main(folder: Path, seed: int) -> dict[str, object]:
    """Kill, look, go on."""
    rng = random.Random(seed)
    begun: Counter[int] = Counter()
    lost = torn = 0
    for number in range(KILLS):
        started, written = life(folder, rng.uniform(0, LONGEST_LIFE), settled=not number)
        begun.update(started)
        view = Store(folder).view(context())
        lost += sum(PLAN[n] not in view for n in written)
        torn += len({PLAN[n + i] in view for n in started[-1:] for i in range(SIZE)}) > 1
    before = len(Store(folder).view(context()))
    started, _ = life(folder, None, limit=20 * SIZE)
    begun.update(started)
    store = Store(folder)
    view = store.view(context())
    return {
        "lost": lost,
        "torn": torn,
        "before": before,
        "after": len(view),
        "wrong": sum(view[trial] != response for trial, response in batch(list(view)).items()),
        "again": sum(begun.values()) - len(begun),
        "begun": len(begun) * SIZE,
        "warnings": store.warnings,
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
