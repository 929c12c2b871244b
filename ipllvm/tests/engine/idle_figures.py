"""How long a slow device waits for pictures: `python -m ipllvm.tests.engine.idle_figures`.

Every call of the decoder and of the tower sleeps first, which leaves the cores to others, as a GPU does.
"""

import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from ipllvm.artifacts import Artifacts, saliency
from ipllvm.benchmarks import scenes
from ipllvm.engine import batch_policy
from ipllvm.engine.run import run
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.loading import load
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.records import Response, Trial
from ipllvm.speed.idle import Busy
from ipllvm.speed.workloads import Workload, workloads

SAMPLES = 32
SIZE = 16
SLOW = (0.15, 0.3)
"""Seconds that a call takes longer."""
THREADS = (0, 1, 2)


def slowed(work: Callable[..., Any], seconds: float) -> Callable[..., Any]:
    """As `work`, later."""

    def slow(*args: Any, **named: Any) -> Any:
        time.sleep(seconds)
        return work(*args, **named)

    return slow


def idle(model: VisionLanguageModel, workload: Workload, artifacts: Artifacts, seconds: float) -> float:
    """The share of a run in which the device had nothing to do."""
    outcomes: dict[Trial, Response] = {}
    kind, busy = type(model), Busy()
    with (
        patch.object(kind, "decoder", slowed(kind.decoder, seconds)),
        patch.object(kind, "encode", slowed(kind.encode, seconds)),
        busy.recorded(model),
    ):
        run(model, workload.plan, SIZE, outcomes, lambda done: None, artifacts)
    assert not any(response.error for response in outcomes.values())
    return busy.idle


def main() -> None:
    """Print the share for occlusion, in which every trial has a picture of its own."""
    model, provider = load("llava-tiny", device="cpu"), saliency.load()
    assert isinstance(model, TransformersModel)
    every = workloads(model, scenes.short(), SAMPLES, 4, provider.identity)
    (occlusion,) = [each for each in every if each.name == "occlusion"]
    for seconds in SLOW:
        for threads in THREADS:
            with patch.object(batch_policy, "feeding_threads", lambda *_, threads=threads: threads):
                found = idle(model, occlusion, Artifacts({"saliency": provider}), seconds)
            print(f"calls {seconds:g} s slower, {threads} threads: idle {found:.0%}", flush=True)


if __name__ == "__main__":
    main()
