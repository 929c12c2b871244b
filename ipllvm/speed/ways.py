"""Ways of answering the trials of a plan beside plain `generate`: the engine, and its floor."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ipllvm.artifacts import Artifacts
from ipllvm.engine.packing import Tokens
from ipllvm.engine.plan import Plan
from ipllvm.engine.run import run
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.records import Response, Trial


@contextmanager
def endless(model: TransformersModel, wanted: bool) -> Iterator[None]:
    """While it lasts, no token ends an answer."""
    usual = model.stop_tokens
    if wanted:
        model.stop_tokens = frozenset()
    try:
        yield
    finally:
        model.stop_tokens = usual


def engine(
    model: TransformersModel,
    plan: Plan,
    size: int,
    artifacts: Artifacts,
    known: MutableMapping[Trial, Response] | None = None,
) -> tuple[dict[Trial, Tokens], float]:
    """The answers by the engine, and the seconds that they took; `known` are answered before."""
    outcomes: dict[Trial, Response] = dict(known or {})
    began = time.perf_counter()
    run(model, plan, size, outcomes, lambda done: None, artifacts)
    wait(model)
    seconds = time.perf_counter() - began
    broken = [response.error for response in outcomes.values() if response.error is not None]
    if broken:
        raise RuntimeError(broken[0])
    return {trial: response.tokens for trial, response in outcomes.items()}, seconds


def wait(model: TransformersModel) -> None:
    """Until the GPU is done, where there is one."""
    if model.device.type == "cuda":
        torch.cuda.synchronize(model.device)


@dataclass(slots=True)
class Products:
    """The matrix products (rows, inner, columns) of a run and how often each was made."""

    shapes: Counter[tuple[int, int, int]] = field(default_factory=Counter)

    @contextmanager
    def recorded(self, modules: Sequence[nn.Module]) -> Iterator[None]:
        """While it lasts, the shapes of all linear layers are counted."""

        def count(module: nn.Module, args: tuple[Any, ...]) -> None:
            (value, *_) = args
            columns, inner = module.weight.shape  # type: ignore[misc]
            self.shapes[value.numel() // value.shape[-1], int(inner), int(columns)] += 1

        with ExitStack() as hooks:
            for module in modules:
                hooks.enter_context(module.register_forward_pre_hook(count))
            yield

    @torch.inference_mode()
    def seconds(self, device: torch.device, dtype: torch.dtype, repeats: int = 5) -> float:
        """How long the products alone take through torch.mm: the best of some repeats of each shape."""
        total = 0.0
        for (rows, inner, columns), count in self.shapes.items():
            a = torch.randn(rows, inner, device=device, dtype=dtype)
            b = torch.randn(columns, inner, device=device, dtype=dtype).T
            total += count * min(_timed(lambda a=a, b=b: torch.mm(a, b), device) for _ in range(repeats))  # type: ignore[misc]
        return total


def _timed(work: Callable[[], Tensor], device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    began = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - began
