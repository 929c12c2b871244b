"""Ways of answering the trials of a plan: transformers' plain `generate`, the engine, and its floor."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ipllvm.artifacts import Artifacts
from ipllvm.engine.encoding import encode_cases
from ipllvm.engine.fault_isolation import BatchBudget, Failure
from ipllvm.engine.packing import Tokens
from ipllvm.engine.plan import Plan, PlannedTrial
from ipllvm.engine.run import run
from ipllvm.models.transformers_model import TransformersModel
from ipllvm.records import LayerPerturbation, Response, Stage, Trial


@torch.inference_mode()
def plain(
    model: TransformersModel,
    cases: Sequence[PlannedTrial],
    limit: int,
    artifacts: Artifacts,
    *,
    stop: bool = True,
) -> list[Tokens]:
    """`generate` on some trials of one perturbation at once, all of each from the image on anew."""
    embeds = []
    for case in cases:
        (item,) = encode_cases(model, [case], BatchBudget(1), artifacts)
        if isinstance(item, Failure):
            raise RuntimeError(item.traceback)
        visual = model.pack(item.projected, item.prepared)
        if case.perturbation.stage is Stage.VISUAL_TOKENS:
            visual = case.perturbation.apply(visual, model.layout(item.prepared), case.rng())
        embeds.append(model.embed(item.prepared, visual))
    noise = cases[0].perturbation
    edit = (noise.layer, _Noisy(cases, embeds, limit)) if isinstance(noise, LayerPerturbation) else None
    return model.generate(embeds, limit, edit, stop=stop)


class _Noisy:
    """Layer noise on a left-padded batch: on all positions of the prompt, then on one a call."""

    def __init__(self, cases: Sequence[PlannedTrial], embeds: Sequence[Tensor], limit: int) -> None:
        self._noises: list[Any] = [case.perturbation for case in cases]
        self._lengths = [len(prompt) for prompt in embeds]
        self._tables = [
            torch.from_numpy(noise.table(len(prompt) + limit, prompt.shape[1], case.rng()))
            for noise, case, prompt in zip(self._noises, cases, embeds, strict=True)
        ]
        self._said = -1

    def __call__(self, hidden: Tensor) -> Tensor:
        changed = hidden.clone()
        for row, (noise, length, table) in enumerate(
            zip(self._noises, self._lengths, self._tables, strict=True)
        ):
            new = length if self._said < 0 else 1
            first = 0 if self._said < 0 else length + self._said
            changed[row, -new:] = noise.shift(hidden[row, -new:], table[first : first + new])
        self._said += 1
        return changed


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
