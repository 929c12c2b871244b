"""Laws that held are not tried again while nothing has changed that they depend on."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ipllvm.engine.store import source_code
from ipllvm.engine.store.derived import Derived
from ipllvm.errors import ClaimViolated
from ipllvm.laws import deferred_probe
from ipllvm.laws.deferred_probe import DeferredProbe
from ipllvm.laws.probe import SAMPLES
from ipllvm.models import loading
from ipllvm.models.base import VisionLanguageModel
from ipllvm.tests.checkpoints import make
from ipllvm.tests.laws.test_probe import BENCHMARK

Tried = Callable[..., int]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> VisionLanguageModel:
    return loading.load(str(make("llava", tmp_path_factory.mktemp("probed"))), device="cpu")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(deferred_probe, "SHIPPED", (tmp_path,))
    path = tmp_path / "test_laws.py"
    path.write_text("law", "utf-8")
    return path


@pytest.fixture
def tried(model: VisionLanguageModel, tmp_path: Path, file: Path) -> Tried:
    """How often a law was tried so far, after one more request for it."""
    calls: list[str] = []

    def ask(
        name: str = "law", seed: int = 0, of: Any = model, benchmark: Any = BENCHMARK, kept: bool = True
    ) -> int:
        probe = DeferredProbe(of, benchmark, seed, Derived(tmp_path / "derived" if kept else None))
        probe.hold_once(lambda: calls.append(name), name, file)
        return len(calls)

    return ask


def test_what_held_is_not_tried_again(tried: Tried) -> None:
    assert [tried(), tried(), tried("another"), tried("another")] == [1, 1, 2, 2]


def test_what_it_depends_on_has_it_tried_again(
    tried: Tried, file: Path, model: VisionLanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [tried(), tried(seed=1)] == [1, 2]
    assert tried(benchmark=replace(BENCHMARK, digest="0" * 64)) == 3
    file.write_text("law that asks more", "utf-8")
    assert [tried(), tried()] == [4, 4]
    monkeypatch.setattr(source_code, "digest", lambda *rooms: "another engine")
    assert [tried(), tried()] == [5, 5]
    info = model.info()
    monkeypatch.setattr(model, "info", lambda: replace(info, dtype="bfloat16"))
    assert [tried(), tried()] == [6, 6]


def test_without_a_store_and_behind_an_endpoint_it_is_tried_each_time(tried: Tried) -> None:
    assert [tried(kept=False), tried(kept=False)] == [1, 2]
    served = cast("VisionLanguageModel", SimpleNamespace(sealed="asked as a whole", info=lambda: None))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DeferredProbe, "loaded", None)
        assert [tried(of=served), tried(of=served)] == [3, 4]


def test_a_law_of_somebody_elses_is_tried_each_time(
    tried: Tried, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It may be about code that no digest here knows of."""
    monkeypatch.setattr(deferred_probe, "SHIPPED", (tmp_path / "properties",))
    assert [tried(), tried()] == [1, 2]


def test_the_laws_of_the_suite_are_shipped_ones() -> None:
    assert any([*folder.glob("test_*_laws.py")] for folder in deferred_probe.SHIPPED)


def test_what_is_broken_is_tried_again(model: VisionLanguageModel, tmp_path: Path, file: Path) -> None:
    probe, calls = DeferredProbe(model, BENCHMARK, 0, Derived(tmp_path / "derived")), []

    def law() -> None:
        calls.append(1)
        raise ClaimViolated("law broken: 3")

    for _ in range(2):
        with pytest.raises(ClaimViolated, match="law broken: 3"):
            probe.hold_once(law, "law", file)
    assert len(calls) == 2


def test_it_answers_as_a_probe_does(model: VisionLanguageModel) -> None:
    probe = DeferredProbe(model, BENCHMARK, 0, Derived())
    assert len(probe.samples) == SAMPLES and probe.seed == 0
    with pytest.raises(AttributeError):
        probe.nothing  # noqa: B018


def test_the_code_that_a_law_is_about_is_there_and_enters() -> None:
    folders = [source_code.PACKAGE / room for room in deferred_probe.ROOMS]
    assert all(any(folder.rglob("*.py")) for folder in folders)


def test_no_torch_is_imported() -> None:
    line = "import sys; import ipllvm.laws.deferred_probe; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", line], check=False).returncode == 0
