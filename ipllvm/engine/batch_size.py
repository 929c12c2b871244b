"""How many samples to answer together, found by trying: the most that fit is not always the fastest.

On a CPU the activations of a small batch stay in the cache; on a GPU a large one keeps it busy.
"""

import time
from collections.abc import Sequence
from itertools import cycle, islice

import torch
from jaxtyping import Float
from torch import Tensor

from ipllvm.engine.decoding import prefill
from ipllvm.engine.encoding import encode_cases
from ipllvm.engine.fault_isolation import BatchBudget, Failure
from ipllvm.engine.packing import PackedPrompt
from ipllvm.engine.plan import FIRST, Plan
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.forecast import known_rate, trial_seconds
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Sample

SECONDS = 1.5
"""What the trying may cost, beyond the batch that is being tried."""
PAYS = 0.97
"""A larger batch pays where a prompt takes at most this share of its time in a smaller one."""
DEAR = 8
"""Prompts that are dear on a CPU fill it in small batches; those of larger ones leave its caches. With 120 M
parameters and 640 positions 48 trials took 53 CPU seconds in batches of 32, 48 in batches of 4.
"""
NEARLY = 1.05
"""Of sizes that take so many times the least time a prompt, the largest decodes in the fewest steps."""
PASSES = 4
ENOUGH = 0.05
"""Seconds of passes of one size after which there is no third: long ones vary less than short ones."""
PATIENCE = 2
"""After so many sizes that do not pay no larger one is tried."""


def choose(
    model: VisionLanguageModel, samples: Sequence[Sample], sizes: dict[tuple[str, int], int] | None = None
) -> int:
    """The batch size for these samples, between 1 and what the model says would fit.

    It changes the speed only. A model that is not of transformers, or so large that trying is dear on
    this device, gets what fits, on a CPU no more than `DEAR`. `sizes` keeps what was found for prompts that
    are about as long, by fingerprint and doubling of the length: it is read and written.
    """
    most = model.batch_size()
    if not isinstance(model, TransformersModel) or not samples:
        return most
    prompts = _prompts(model, samples[:FIRST])
    if not prompts:
        return most
    if _seconds_of_one(model, prompts[0]) > SECONDS / 8:
        return min(most, DEAR) if model.device.type == "cpu" else most
    sizes = {} if sizes is None else sizes
    alike = model.info().fingerprint, max(map(len, prompts)).bit_length()
    if alike not in sizes:
        sizes[alike] = fastest(model, prompts, most)
    return sizes[alike]


@torch.inference_mode()
def fastest(
    model: VisionLanguageModel, prompts: Sequence[Float[Tensor, "_positions hidden"]], most: int
) -> int:
    """Doubled while it pays, fits and is cheap to try; the largest that is nearly as fast as any."""
    found: dict[int, float] = {}
    least, size, wasted = float("inf"), 1, 0
    began = time.perf_counter()
    while size <= most and wasted < PATIENCE and time.perf_counter() - began < SECONDS:
        try:
            each = _seconds(model, list(islice(cycle(prompts), size))) / size
        except (torch.OutOfMemoryError, MemoryError):
            break
        wasted = 0 if each < PAYS * least else wasted + 1
        found[size], least = each, min(each, least)
        size *= 2
    return max((size for size, each in found.items() if each <= NEARLY * least), default=1)


def _seconds(model: VisionLanguageModel, batch: Sequence[Tensor]) -> float:
    """The best of a few passes, the first of which warms up; one where it is long.

    What else the machine does only ever adds to a pass.
    """
    taken: list[float] = []
    while len(taken) < PASSES:
        began = time.perf_counter()
        spoken = prefill(model, [PackedPrompt(embeds) for embeds in batch]).spoken
        model.logits(spoken).argmax(-1).tolist()  # waits for a GPU
        taken.append(time.perf_counter() - began)
        if taken[-1] > SECONDS / 8 or (len(taken) > 1 and sum(taken) > ENOUGH):
            break
    return min(taken)


@torch.inference_mode()
def _prompts(model: VisionLanguageModel, samples: Sequence[Sample]) -> list[Tensor]:
    cases = Plan(tuple(samples), (Clean(),), 1, 0, 1).cases(samples, Clean())
    return [
        seen.embeds(model)
        for seen in encode_cases(model, cases, BatchBudget(1))
        if not isinstance(seen, Failure)
    ]


def _seconds_of_one(model: VisionLanguageModel, prompt: Tensor) -> float:
    """About how long one prompt takes, by the rate of matrix products."""
    return trial_seconds(model.info().parameters, len(prompt), known_rate(model.device, model.dtype))
