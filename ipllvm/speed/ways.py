"""The way of answering the trials of a plan beside plain `generate`: the engine."""

import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager

import torch

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
