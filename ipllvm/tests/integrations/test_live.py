"""Numbers go to the trackers that are open, with their step, and a tracker that fails ends no training."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ipllvm.integrations import live

NUMBERS = {"permutation/scenes/value": 1.5, "permutation/scenes/violated": 0.0}


class _Tracker:
    """A package of a tracker, which writes down what it is told."""

    def __init__(self, *, opened: bool = True) -> None:
        self.run = object() if opened else None
        self.told: list[tuple[str, Any]] = []

    def active_run(self) -> object | None:
        return self.run

    def log(self, numbers: dict[str, float]) -> None:
        self.told.append(("log", numbers))

    def log_metrics(self, numbers: dict[str, float], step: int) -> None:
        self.told.append(("metrics", (numbers, step)))


@pytest.fixture
def state() -> Iterator[Any]:
    yield SimpleNamespace(log_history=[], epoch=0.5, global_step=7)


def _told(names: Any, state: Any, folder: Path = Path("nowhere")) -> None:
    live.log_live(NUMBERS, SimpleNamespace(report_to=names, output_dir=str(folder)), state)  # type: ignore[arg-type]


@pytest.mark.parametrize("names", [None, [], "none", ["azure_ml"], ["wandb"]])
def test_the_history_has_them_whatever_is_open(
    monkeypatch: pytest.MonkeyPatch, names: Any, state: Any
) -> None:
    """A tracker that nobody has imported is not imported for it."""
    monkeypatch.delitem(sys.modules, "wandb", raising=False)
    _told(names, state)
    assert state.log_history == [{**NUMBERS, "epoch": 0.5, "step": 7}]
    assert "wandb" not in sys.modules


@pytest.mark.parametrize("name", ["wandb", "trackio"])
def test_the_step_is_one_of_the_numbers(monkeypatch: pytest.MonkeyPatch, name: str, state: Any) -> None:
    tracker = _Tracker()
    monkeypatch.setitem(sys.modules, name, tracker)
    _told(name, state)
    assert tracker.told == [("log", {**NUMBERS, "train/global_step": 7})]


def test_mlflow_has_the_step_beside_them(monkeypatch: pytest.MonkeyPatch, state: Any) -> None:
    tracker = _Tracker()
    monkeypatch.setitem(sys.modules, "mlflow", tracker)
    _told(["mlflow"], state)
    assert tracker.told == [("metrics", (NUMBERS, 7))]


@pytest.mark.parametrize("name", ["wandb", "mlflow"])
def test_no_run_is_opened_for_them(monkeypatch: pytest.MonkeyPatch, name: str, state: Any) -> None:
    tracker = _Tracker(opened=False)
    monkeypatch.setitem(sys.modules, name, tracker)
    _told([name], state)
    assert tracker.told == [] and len(state.log_history) == 1


def test_a_tracker_that_fails_is_warned_of_and_the_next_is_told(
    monkeypatch: pytest.MonkeyPatch, state: Any
) -> None:
    broken, fine = _Tracker(), _Tracker()

    def fail(*_: Any, **__: Any) -> None:
        raise ConnectionError("no network\nmore")

    monkeypatch.setattr(broken, "log_metrics", fail)
    monkeypatch.setitem(sys.modules, "mlflow", broken)
    monkeypatch.setitem(sys.modules, "trackio", fine)
    with pytest.warns(UserWarning, match=r"^ipllvm: mlflow took no numbers, .*no network$"):
        _told(["mlflow", "trackio"], state)
    assert len(fine.told) == 1


def test_tensorboard_has_a_run_of_its_own_in_the_folder_of_the_training(
    monkeypatch: pytest.MonkeyPatch, state: Any, tmp_path: Path
) -> None:
    wrote: list[Any] = []
    writer = SimpleNamespace(
        add_scalar=lambda *each: wrote.append(each), close=lambda: wrote.append("closed")
    )

    def opened(place: Path) -> Any:
        wrote.append(place)
        return writer

    monkeypatch.setattr(live, "summary_writer", opened)
    _told("tensorboard", state, tmp_path)
    assert wrote[0] == tmp_path / "runs" / "ipllvm" and wrote[-1] == "closed"
    assert wrote[1:-1] == [(name, value, 7) for name, value in NUMBERS.items()]
