"""Contexts, trials and responses for the tests of the store; imports no torch."""

from dataclasses import replace
from typing import Any

from ipllvm.engine.context import Context
from ipllvm.records import Response, Trial

BASE = Context(
    model="a" * 64,
    device="cpu",
    dtype="float32",
    attention="sdpa",
    torch="2.13.0",
    transformers="5.23.0",
    benchmark="b" * 64,
    prompt="checkpoint",
    answer="generate",
    max_new_tokens=16,
    engine=1,
    images="pillow 13.0.0",
    model_name="llava-tiny",
    benchmark_name="scenes",
)


def context(**changes: Any) -> Context:
    return replace(BASE, **changes)


def trials(n: int, perturbation: str = "permute(visual_tokens)", draws: int = 5) -> list[Trial]:
    return [Trial(f"sample-{i // draws}", perturbation, i % draws, seed=7) for i in range(n)]


def response(trial: Trial) -> Response:
    """An answer that belongs to one trial only."""
    number = sum(map(ord, trial.sample)) * 5 + trial.draw
    return Response(f"{trial.sample} {trial.draw}", (number, 2, 151_643))


def batch(wanted: list[Trial]) -> dict[Trial, Response]:
    return {trial: response(trial) for trial in wanted}
