"""What a plan says of a run: trials, time and memory, put together over tests and models."""

from dataclasses import replace
from typing import Any

import pytest

from ipllvm.engine.forecast import Effort, Forecast
from ipllvm.records import ModelInfo
from ipllvm.session import costs
from ipllvm.session.costs import BESIDE, ENDPOINT, Costs, memory, planned, size, summary
from ipllvm.verdicts.planning import CAUGHT

INFO = ModelInfo("m", "llava", "f", "cpu", "float32", "sdpa", "checkpoint", parameters=1_000_000)
SERVED = replace(INFO, family=ENDPOINT)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 1000 operations a second, with 8 GB free, whose calls take no time."""
    monkeypatch.setattr("ipllvm.models.forecast.here", lambda: ("cpu", 1000.0))
    monkeypatch.setattr("ipllvm.models.forecast.REACHED", {"cpu": 1.0})
    monkeypatch.setattr("ipllvm.models.forecast.call_seconds", lambda device: 0.0)
    monkeypatch.setattr("ipllvm.models.capacity.free_memory", lambda device: 8_000_000_000)


def cost(trials: int = 10, holds: int = 0, work: float = 0.0, most: float = 0.0, **more: Any) -> Forecast:
    """A forecast whose work takes so many seconds."""
    seconds = Effort(prepared=work), Effort(prepared=max(work, most))
    return Forecast(trials, holds=holds, work=seconds[0], most=seconds[1], **more)


def told(found: Costs) -> str:
    return "\n".join(summary(found))


def test_nothing_costs_nothing() -> None:
    assert list(planned({})) == []
    assert list(summary({})) == []


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 MB"), (499_999, "0 MB"), (1_500_000, "2 MB"), (999_999_999, "1,000 MB"), (1e9, "1.0 GB"),
        (1.25e12, "1,250.0 GB"),
    ],
)  # fmt: skip
def test_bytes_have_a_unit_that_leaves_few_digits(count: float, expected: str) -> None:
    assert size(count) == expected


@pytest.mark.parametrize(
    ("weights", "batch", "free", "ending"),
    [
        (10, 10, 20, ""),
        (10, 11, 20, ": batches get smaller"),
        (20, 0, 20, ""),
        (21, 0, 20, ": the weights do not fit"),
        (0, 0, 0, ""),
    ],
)
def test_memory_that_does_not_do_says_what_follows(weights: int, batch: int, free: int, ending: str) -> None:
    giga = 10**9
    line = memory(weights * giga, batch * giga, free * giga)
    assert line.partition(" free")[2] == ending


def test_every_test_is_a_line_and_what_all_share_is_told_once() -> None:
    shared = f"a loss of 5 points {CAUGHT} 80 %"
    lines = list(
        planned(
            {
                "p.py::test_a[m]": (INFO, cost(3), [shared, "own"]),
                "p.py::test_b[m]": (INFO, cost(4), [shared, "own"]),
            }
        )
    )
    assert lines[0].startswith("test_a[m]: 3 trials") and lines[1:3] == [f"  {shared}", "  own"]
    assert lines[3].startswith("test_b[m]: 4 trials") and lines[4] == "  own"
    assert lines.count(f"  {shared}") == 1


def test_trials_and_times_add_up() -> None:
    found = told({"a": (INFO, cost(3, work=60), []), "b": (INFO, cost(4, work=120), [])})
    assert "all of it: 7 trials" in found
    assert "about 3 min on cpu; what is known already is not run again" in found


def test_longer_answers_are_told_where_they_take_longer() -> None:
    same = told({"a": (INFO, cost(work=60, most=60), [])})
    longer = told({"a": (INFO, cost(work=60, most=600), [])})
    assert "if every answer" not in same and "(10 min if every answer runs to its limit)" in longer


def test_a_server_has_time_and_memory_of_its_own() -> None:
    only = list(summary({"a": (SERVED, cost(1200), []), "b": (SERVED, cost(34), [])}))
    assert only == [
        "all of it: 1,234 trials over the network; their time and memory are the server's",
    ]
    both = told({"a": (SERVED, cost(1200), []), "b": (INFO, cost(34), [])})
    assert "1,200 trials over the network" in both and "all of it: 34 trials" in both


def test_the_memory_is_that_of_the_test_that_takes_most() -> None:
    small, large = replace(INFO, parameters=9_000_000), replace(INFO, parameters=10_000_000)
    found = told({"a": (large, cost(holds=1), []), "b": (small, cost(holds=100_000_000), [])})
    assert f"memory: 36 MB of weights, {size(400_000_000 + BESIDE)} for the largest batch" in found
    same = told({"a": (INFO, cost(holds=10**6), []), "b": (INFO, cost(holds=10**8), [])})
    assert "memory: 4 MB of weights, 410 MB for the largest batch" in same


def test_quantised_weights_take_what_they_take_on_the_disk() -> None:
    assert "memory: 25 MB of weights, 0 MB" in told({"a": (INFO, cost(stored=25_000_000), [])})


def test_without_a_batch_nothing_stands_beside_the_weights() -> None:
    assert costs.BESIDE > 0
    assert "4 MB of weights, 0 MB for the largest batch" in told({"a": (INFO, cost(holds=0), [])})
