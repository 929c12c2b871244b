"""Benchmarks that go wrong in known places; the tests' sessions load it with `-p`.

It also writes down which worker ran which test and loaded which model, where HAUNTED_LOG says so.
"""

import json
import os
import signal
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ipllvm.errors import BenchmarkUnavailable
from ipllvm.registry import BENCHMARKS

if TYPE_CHECKING:
    from PIL import Image

    from ipllvm.records import Benchmark, ImageSource, Sample

SIZE, FEW, PLACE = 8, 3, 5
NAMES = ("small", "few", "undecodable", "raising", "interrupted", "moon")
BENCHMARKS._entries.update({name: f"{__name__}:{name}" for name in NAMES})


@dataclass(frozen=True)
class Interrupting:
    """A picture whose decoding is cut short by Ctrl-C, but for the first times, before the run."""

    picture: "ImageSource"
    loads: list[int] = field(default_factory=list, compare=False)

    def load(self) -> "Image.Image":
        """Sends SIGINT to this process once its prompt was measured and the self-check has asked it."""
        if len(self.loads) >= 3:
            os.kill(os.getpid(), signal.SIGINT)
        self.loads.append(1)
        return self.picture.load()


def small(seed: int) -> "Benchmark":
    """Eight samples of scenes, each with a picture of its own; nothing goes wrong."""
    from ipllvm.benchmarks.scenes import short

    whole = short(seed=seed)
    firsts = {sample.cluster: sample for sample in reversed(whole.samples)}
    samples = tuple(sorted(firsts.values(), key=lambda sample: sample.id))[:SIZE]
    return replace(whole, name="small", samples=samples, max_new_tokens=4)


def few(seed: int) -> "Benchmark":
    """Fewer samples than the tests ask for."""
    fine = small(seed)
    return replace(fine, name="few", samples=fine.samples[:FEW])


def undecodable(seed: int) -> "Benchmark":
    """One picture is no picture."""
    from ipllvm.benchmarks.images import EncodedImage

    return _with("undecodable", seed, images=(EncodedImage("broken.png", b"no picture"),))


def raising(seed: int) -> "Benchmark":
    """One prompt holds the image token, which makes the model raise."""
    return _with("raising", seed, prompt="<image> what is this?")


def interrupted(seed: int) -> "Benchmark":
    """One picture interrupts the run."""
    picture = small(seed).samples[PLACE].images[0]
    return _with("interrupted", seed, images=(Interrupting(picture),))


def moon(seed: int) -> "Benchmark":
    """A benchmark whose package is not installed."""
    raise BenchmarkUnavailable("benchmark 'moon' needs the package moon: pip install moon")


def _with(name: str, seed: int, **changes: Any) -> "Benchmark":
    fine = small(seed)
    samples: list[Sample] = list(fine.samples)
    samples[PLACE] = replace(samples[PLACE], **changes)
    digest = sha256(name.encode()).hexdigest()
    return replace(fine, name=name, samples=tuple(samples), digest=digest)


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: Any) -> None:
    """Write down every load of a model."""
    if fixturedef.argname == "load_model" and "HAUNTED_LOG" in os.environ:
        _watch_loads()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Write down what ran here, on how many threads."""
    if "HAUNTED_LOG" in os.environ:
        import torch

        _log(event="ran", test=item.nodeid, threads=torch.get_num_threads())


def _watch_loads() -> None:
    from ipllvm.models import loading

    original = loading.load

    def load(name: str, **options: Any) -> Any:
        _log(event="loaded", model=Path(name).name)
        return original(name, **options)

    loading.load = load


def _log(**entry: Any) -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with Path(os.environ["HAUNTED_LOG"], f"{worker}.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"worker": worker, **entry}) + "\n")
