"""The pool of Ray's actors on a pretended Ray: what it asks for, what it hears, and how its actors end."""

import os
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ipllvm.benchmarks import planted
from ipllvm.engine import run as engine
from ipllvm.engine.executors import ray_pool
from ipllvm.engine.executors.chunks import Chunk, Job
from ipllvm.engine.executors.cluster import ClusterExecutor
from ipllvm.engine.executors.dispatch import Answered, Event, Finished, Introduced, Lost, WorkerRefused
from ipllvm.engine.executors.ray_pool import IDLE_SECONDS, RayPool, connect
from ipllvm.engine.plan import Plan
from ipllvm.engine.requirements import Outcomes
from ipllvm.errors import NotMeasured, UsageError
from ipllvm.models.loading import load
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Clean
from ipllvm.tests.engine.executors.fake_ray import FakeRay, RayActorError, RayTaskError
from ipllvm.tests.engine.executors.loaders import NAME

LOAD = partial(load, NAME, device="cpu")
PLAN = Plan(planted.tens(seed=0).samples[:12], (Clean(), Permutation()), 2, 0, 4)
JOB = Job(7, replace(PLAN, samples=()), 4, PLAN.samples[:2])
CHUNK = Chunk(PLAN.samples[:2], {})


def ray(monkeypatch: pytest.MonkeyPatch, *machines: dict[str, float]) -> FakeRay:
    found = FakeRay(*(machines or ({"CPU": 1.0},)))
    monkeypatch.setitem(sys.modules, "ray", found)
    return found


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    return ray(monkeypatch)


def until(pool: RayPool, last: type[Event]) -> Sequence[Event]:
    found: list[Event] = []
    while not (found and isinstance(found[-1], last)):
        found += pool.events(1.0)
    return found


@pytest.mark.parametrize(
    ("machines", "settings", "room", "asked"),
    [
        ([{"CPU": 4.0}], {}, 1, {"num_cpus": 4.0}),
        ([{"CPU": 8.0}, {"CPU": 4.0}], {}, 3, {"num_cpus": 4.0}),
        ([{"CPU": 8.0}, {"CPU": 4.0}], {"cpus": 3}, 3, {"num_cpus": 3.0}),
        ([{"CPU": 8.0, "GPU": 2.0}, {"CPU": 4.0}], {}, 2, {"num_gpus": 1.0, "num_cpus": 0.0}),
        ([{"CPU": 8.0, "GPU": 2.0}, {"CPU": 4.0}], {"gpu": False}, 3, {"num_cpus": 4.0}),
        ([{"CPU": 8.0, "GPU": 2.0}], {"cpus": 2}, 4, {"num_cpus": 2.0}),
        ([{"CPU": 0.0}, {"CPU": 2.0}], {}, 1, {"num_cpus": 2.0}),
        ([{"GPU": 1.0}], {}, 1, {"num_gpus": 1.0, "num_cpus": 0.0}),
    ],
)
def test_there_is_a_worker_a_gpu_or_one_for_the_cpus_of_the_smallest_machine(
    machines: Any, settings: Any, room: int, asked: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = ray(monkeypatch, *machines)
    pool = RayPool(LOAD, **settings)
    assert pool.capacity() == room
    pool.start()
    assert fake.actors[0].options == {"max_restarts": 0, "max_task_retries": 0, **asked}


@pytest.mark.parametrize(
    ("machines", "gpu"), [([], True), ([{}], True), ([{"CPU": 0.5}], True), ([{"GPU": 2.0}], False)]
)
def test_a_cluster_without_a_cpu_or_gpu_to_use_has_no_room(
    machines: Any, gpu: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for a machine gets one when it joins; it is no error."""
    fake = ray(monkeypatch)
    fake.machines = [{"Alive": True, "Resources": machine} for machine in machines]
    pool = RayPool(LOAD, gpu=gpu)
    assert pool.capacity() == 0
    fake.machines = [{"Alive": True, "Resources": {"CPU": 2.0}}]
    assert pool.capacity() == 1


def test_a_machine_that_is_gone_has_no_room_and_what_an_actor_takes_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake = ray(monkeypatch, {"CPU": 8.0}, {"CPU": 4.0})
    pool = RayPool(LOAD)
    assert pool.capacity() == 3
    fake.machines[1]["Alive"] = False
    assert pool.capacity() == 2
    fake.machines += [{"Alive": True, "Resources": {"CPU": 3.0}}]
    assert pool.capacity() == 2, "too small for an actor as they are"


def test_a_worker_introduces_itself_answers_and_is_done(fake: FakeRay) -> None:
    pool = RayPool(LOAD)
    worker = pool.start()
    (hello,) = pool.events(1.0)
    assert isinstance(hello, Introduced) and hello.worker == worker == 1
    assert hello.about.machine.endswith(" (abcdef)"), "the node, by the first of its letters"
    pool.give(worker, JOB, CHUNK)
    *answers, done = until(pool, Finished)
    assert all(isinstance(each, Answered) and each.job == 7 for each in answers)
    found: Outcomes = {}
    for each in answers:
        assert isinstance(each, Answered)
        found |= each.outcomes
    assert found.keys() == set(replace(PLAN, samples=CHUNK.samples).trials())
    assert done == Finished(1, 7)


def test_a_job_is_sent_once_however_many_chunks_it_has(fake: FakeRay) -> None:
    pool = RayPool(LOAD)
    first, second = pool.start(), pool.start()
    for worker in (first, second, first):
        pool.give(worker, JOB, CHUNK)
    assert fake.puts == 1
    pool.give(first, replace(JOB, number=8), CHUNK)
    assert fake.puts == 2
    pool.give(99, JOB, CHUNK)  # it is gone: nothing is asked, and nobody waits for it
    assert fake.puts == 3 and [actor.asked.count("measure") for actor in fake.actors] == [3, 1]


def test_what_can_not_be_sent_is_a_line(fake: FakeRay) -> None:
    pool = RayPool(LOAD)
    worker = pool.start()
    with pytest.raises(UsageError, match=r"^--ray: what is measured can't be sent to a worker: .*lambda"):
        pool.give(worker, replace(JOB, artifacts=lambda: None), CHUNK)  # type: ignore[arg-type]


def test_nothing_is_waited_for_longer_than_a_moment_where_nobody_was_asked(
    fake: FakeRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(ray_pool, "time", SimpleNamespace(sleep=slept.append))
    pool = RayPool(LOAD)
    assert pool.events(2.0) == [] == pool.events(0.01)
    assert slept == [IDLE_SECONDS, 0.01] and fake.waits == []


def test_all_that_is_ready_comes_at_once(fake: FakeRay) -> None:
    pool = RayPool(LOAD)
    workers = [pool.start() for _ in range(3)]
    assert [event.worker for event in pool.events(1.5)] == workers
    assert fake.waits == [(3, 1, 1.5), (3, 3, 0)]


def refusing() -> Any:
    raise UsageError("no such model")


def breaking() -> Any:
    raise OSError("first line\nsecond line")


def test_an_error_of_ours_is_a_refusal_and_the_worker_stays(fake: FakeRay) -> None:
    pool = RayPool(refusing)
    worker = pool.start()
    (event,) = pool.events(1.0)
    assert isinstance(event, WorkerRefused) and str(event.error) == "no such model"
    assert not fake.actors[0].death and pool.events(0.0) == []
    pool.give(worker, JOB, CHUNK)
    assert "measure" in fake.actors[0].asked


def test_any_other_error_ends_the_worker_with_its_first_line(fake: FakeRay) -> None:
    pool = RayPool(breaking)
    pool.start()
    (event,) = pool.events(1.0)
    assert isinstance(event, Lost) and event.why == "first line"
    assert fake.actors[0].death


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("The actor is gone.\n  Its process has DIED: no memory\nadvice", "Its process has DIED: no memory"),
        ("\n  gone \n more", "gone"), ("", "RayActorError"), ("x" * 500, "x" * 160),
    ],
)  # fmt: skip
def test_the_reason_of_a_death_is_the_line_that_says_so(said: str, why: str, fake: FakeRay) -> None:
    assert ray_pool._reason(RayActorError(said)) == why
    if said:
        pool = RayPool(LOAD)
        pool.start()
        fake.actors[0].death = said
        assert pool.events(1.0) == [Lost(1, why)]


def test_a_worker_that_dies_in_the_middle_is_lost_once_with_all_it_was_asked(fake: FakeRay) -> None:
    pool = RayPool(LOAD)
    worker = pool.start()
    until(pool, Introduced)
    for _ in range(2):
        pool.give(worker, JOB, CHUNK)
    until(pool, Answered)
    fake.actors[0].death = "it died"
    assert pool.events(1.0) == [Lost(1, "it died")]
    assert pool.events(0.0) == []
    with pytest.raises(ConnectionError, match="it is gone"):
        pool.ask(worker, "batch_size", PLAN.samples)


def test_what_a_method_gives_and_raises_comes_through(fake: FakeRay, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = RayPool(LOAD)
    worker = pool.start()
    assert pool.ask(worker, "self_check", PLAN.samples[:2], 2) == "none: nothing is computed"

    def off(*_: object) -> str:
        raise NotMeasured("off")

    monkeypatch.setattr(ray_pool.RayWorker, "self_check", off)
    with pytest.raises(NotMeasured, match=r"^off$"):
        pool.ask(worker, "self_check", PLAN.samples[:2], 2)
    fake.actors[0].death = "it died\nof something"
    with pytest.raises(ConnectionError, match="it died"):
        pool.ask(worker, "self_check", PLAN.samples[:2], 2)
    with pytest.raises(ConnectionError, match="it is gone"):
        pool.ask(worker, "self_check", PLAN.samples[:2], 2)


def test_a_worker_that_never_says_what_it_was_asked_is_ended(fake: FakeRay) -> None:
    pool = RayPool(LOAD)
    first, second = pool.start(), pool.start()
    fake.slow = True
    with pytest.raises(ConnectionError, match="nothing within 3600 s"):
        pool.ask(first, "batch_size", PLAN.samples)
    for _ in range(2):
        pool.end(second)
    assert all(actor.death for actor in fake.actors) and pool.events(0.0) == []


def test_closing_ends_every_actor_and_forgets_what_was_asked(fake: FakeRay) -> None:
    pool = RayPool(LOAD)
    for _ in range(2):
        pool.give(pool.start(), JOB, CHUNK)
    pool.close()
    assert all(actor.death for actor in fake.actors) and pool.events(0.0) == []
    pool.close()


def test_a_run_on_actors_is_the_run_here(fake: FakeRay) -> None:
    fake.machines = [{"Alive": True, "Resources": {"CPU": 1.0}}] * 3
    local, found, lines = Outcomes(), Outcomes(), list[str]()
    engine.run(LOAD(), PLAN, 4, local, lambda done: None)
    ClusterExecutor(RayPool(LOAD), lines.append).run(LOAD(), PLAN, 4, found, lambda done: None)
    assert found == local and len(lines) == 3


def joinable(
    monkeypatch: pytest.MonkeyPatch, *, there: bool = False, error: str = ""
) -> list[dict[str, Any]]:
    """A Ray that can be joined, or not; how it was asked to."""
    asked: list[dict[str, Any]] = []

    def init(**settings: Any) -> None:
        asked.append(settings)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if error:
            raise ConnectionError(error)

    module = SimpleNamespace(is_initialized=lambda: there, init=init)
    monkeypatch.setitem(sys.modules, "ray", module)
    for name in ("RAY_USAGE_STATS_ENABLED", "RAY_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RAY_TMPDIR", "no such folder")
    return asked


def test_a_cluster_is_joined_quietly_and_without_its_handler_of_signals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, before = joinable(monkeypatch), signal.getsignal(signal.SIGTERM)
    assert connect("auto") is True
    assert asked == [{"address": "auto", "log_to_driver": False, "logging_level": "error"}]
    assert signal.getsignal(signal.SIGTERM) == before
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0", "Ray would report to its makers"


def test_who_has_joined_already_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = joinable(monkeypatch, there=True)
    assert connect("auto") is False and asked == []


def test_a_cluster_that_can_not_be_joined_is_a_line_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    joinable(monkeypatch, error="no such session\nand much more")
    before = signal.getsignal(signal.SIGTERM)
    with socket.create_server(("127.0.0.1", 0)) as head:
        place = f"127.0.0.1:{head.getsockname()[1]}"
        with pytest.raises(UsageError) as caught:
            connect(place)
    assert str(caught.value) == (
        f"--ray={place}: no cluster can be joined (no such session): ray start --head begins one, "
        "RAY_AUTH_MODE=token joins one that asks for a token, --ray=local does without"
    )
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("told_by", ["option", "RAY_ADDRESS", "the file of a head that was killed"])
def test_where_no_head_listens_ray_does_not_try_for_minutes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told_by: str
) -> None:
    asked = joinable(monkeypatch)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        if told_by == "RAY_ADDRESS":
            monkeypatch.setenv(told_by, place)
        elif told_by != "option":
            (tmp_path / "ray").mkdir()
            (tmp_path / "ray" / "ray_current_cluster").write_text(f"{place}\n")
            monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
        with pytest.raises(UsageError, match=r"no cluster can be joined \(.*refused\): ray start"):
            connect(place if told_by == "option" else "auto")
    assert asked == []


def test_an_error_of_a_method_is_its_cause(fake: FakeRay) -> None:
    """Ray wraps what a worker raises; whoever asked is told what it was."""
    pool = RayPool(LOAD)
    worker = pool.start()
    with pytest.raises(AttributeError, match="no_such_method") as caught:
        pool.ask(worker, "no_such_method")
    assert isinstance(caught.value.__cause__, RayTaskError)
