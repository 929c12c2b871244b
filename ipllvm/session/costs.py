"""What a run would cost, in words: for `--plan`, and for the start of an audit."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ipllvm.reporting.text import duration

if TYPE_CHECKING:
    from ipllvm.engine.forecast import Forecast
    from ipllvm.records import ModelInfo

ENDPOINT = "endpoint"
"""The family of a model that is served."""
BESIDE = 10_000_000
"""Bytes that a run takes beside its numbers: what Python and allocators keep, as measured on eight tiny
models on a CPU."""
Costs = dict[str, tuple["ModelInfo", "Forecast", list[str]]]
"""By test: the model, what its trials amount to, and in words what their number could tell."""


def planned(costs: Costs) -> Iterator[str]:
    """What each test would run and could tell, and the cost of all."""
    if not costs:
        return
    from ipllvm.verdicts.planning import CAUGHT  # where nothing is planned nothing heavy is imported

    told: set[str] = set()
    for test, (_, cost, power_lines) in costs.items():
        yield f"{test.rpartition('::')[2]}: {cost}"
        yield from (f"  {line}" for line in power_lines if line not in told)
        told |= {line for line in power_lines if CAUGHT in line}
    yield from summary(costs)


def summary(costs: Costs) -> Iterator[str]:
    """The cost of all tests, in time at this machine's rate of matrix products as it is now."""
    import torch

    from ipllvm.engine.forecast import total
    from ipllvm.models.capacity import free_memory
    from ipllvm.models.forecast import REACHED, call_seconds, here

    own = [(info, cost) for info, cost, _ in costs.values() if info.family != ENDPOINT]
    if len(own) < len(costs):
        trials = sum(cost.trials for info, cost, _ in costs.values() if info.family == ENDPOINT)
        yield f"all of it: {trials:,} trials over the network; their time and memory are the server's"
    if not own:
        return
    device, rate = here()
    itemsize = 4 if device == "cpu" else 2
    whole, call = total(cost for _, cost in own), call_seconds(torch.device(device))
    seconds, most = (each.seconds(REACHED[device] * rate, call) for each in (whole.work, whole.most))
    longer = f" ({duration(most)} if every answer runs to its limit)" * (duration(most) != duration(seconds))
    yield f"all of it: {whole}"
    yield f"about {duration(seconds)} on {device}{longer}; what is known already is not run again"
    taken = ((c.stored or i.parameters * itemsize, c.holds * itemsize) for i, c in own)
    weights, batch = max(taken, key=sum)  # each test has the memory to itself
    yield memory(weights, batch + BESIDE * bool(batch), free_memory(torch.device(device)))


def memory(weights: int, batch: int, free: int) -> str:
    """What weights and the largest batch take, in bytes, beside what is free.

    >>> memory(18_000_000, 400_000_000, 8_000_000_000)
    'memory: 18 MB of weights, 400 MB for the largest batch, with 8.0 GB free'
    >>> memory(14_000_000_000, 20_000_000_000, 24_000_000_000)
    'memory: 14.0 GB of weights, 20.0 GB for the largest batch, with 24.0 GB free: batches get smaller'
    """
    beyond = ": the weights do not fit" if weights > free else ": batches get smaller"
    told = f"memory: {size(weights)} of weights, {size(batch)} for the largest batch, with {size(free)} free"
    return told + beyond * (weights + batch > free)


def size(count: float) -> str:
    """Bytes in a unit that leaves few digits.

    >>> size(18_400_000), size(14.2e9)
    ('18 MB', '14.2 GB')
    """
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"
