"""Properties that measure nothing, for gates: what they find is up to the model's name and to --samples."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ipllvm.errors import NotMeasured
from ipllvm.gate.baseline import clean_claim
from ipllvm.records import Contrast, Result
from ipllvm.session.outcomes import OPTIONS
from ipllvm.tests.reporting.reports import BENCHMARK, MODEL, result, unmeasured

Record = Callable[[Result], None]
WORSE = {"planted:blind": 60, "planted:positional": 20, "planted:modality": 5}
"""How many clean answers a model loses, and as many others under the perturbation; others lose none."""


@pytest.fixture
def put(request: pytest.FixtureRequest, model_name: str, benchmark_name: str, record: Record) -> Record:
    """Record a result under the names of its test, with what a baseline keeps of it."""

    def record_it(found: Result) -> None:
        count = request.config.stash[OPTIONS].samples or 400
        ids = tuple(f"s{i}" for i in range(count))
        worse, place = WORSE.get(model_name, 0), np.arange(count)
        drop = Contrast(
            "performance_drop", 1.0 * (place // max(worse, 1) == 1) * (worse > 0), ids, samples=ids
        )
        clean = Contrast("clean_score", 1.0 * (place >= worse), ids, samples=ids)
        name = request.node.originalname.removeprefix("test_")
        record(
            replace(
                found,
                property=name,
                model=replace(MODEL, name=model_name),
                benchmark=replace(BENCHMARK, name=benchmark_name, n=count, clusters=count),
                paired=((found.claim, drop), (clean_claim(2.0), clean)),
            )
        )

    return record_it


@pytest.mark.requirement
def test_first(put: Record, model_name: str) -> None:
    put(result())
    assert model_name != "planted:exact-drop", "it records, and fails for another reason"


@pytest.mark.requirement
def test_second(put: Record, model_name: str) -> None:
    if model_name == "planted:failing":
        raise NotMeasured("3 of 9 samples failed")
    if model_name == "planted:lossy":
        put(unmeasured())
        raise NotMeasured("1 of 300 samples failed")
    if model_name == "planted:noisy":
        pytest.skip("this model has no text encoder")
    if model_name == "planted:one-answer":
        os.kill(os.getpid(), signal.SIGKILL)
    put(result())


@pytest.mark.observation
@pytest.mark.benchmarks("scenes")
def test_unpaired(model_name: str, benchmark_name: str, record: Record) -> None:
    found = replace(result(kind="observation"), property="unpaired")
    record(
        replace(
            found, model=replace(MODEL, name=model_name), benchmark=replace(BENCHMARK, name=benchmark_name)
        )
    )


@pytest.mark.law
def test_law(model_name: str) -> None:
    assert model_name != "planted:aligned"
