"""The driver's logic, without a cluster: a pool in this process whose workers are lost, late or wrong."""

import errno
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from ipllvm.benchmarks import planted
from ipllvm.engine import run as engine
from ipllvm.engine.context import Context
from ipllvm.engine.deferred import Identity
from ipllvm.engine.executors import cluster, dispatch
from ipllvm.engine.executors.cluster import ClusterExecutor
from ipllvm.engine.executors.worker import ModelWorker, context_of
from ipllvm.engine.plan import FIRST, Plan
from ipllvm.engine.requirements import Outcomes
from ipllvm.errors import ModelUnavailable, NotMeasured, StoreFull, UsageError
from ipllvm.models.base import VisionLanguageModel
from ipllvm.models.loading import load
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Response, Sample, Trial
from ipllvm.tests.engine.executors.in_process import Desk, InProcessPool
from ipllvm.tests.engine.executors.loaders import NAME, OTHER

LOAD = partial(load, NAME, device="cpu")
OTHERS = partial(load, OTHER, device="cpu")
SIZE = 4


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan(planted.tens(seed=0).samples[:48], (Clean(), Permutation()), 2, 0, 4)


@pytest.fixture(scope="module")
def local(plan: Plan) -> Outcomes:
    outcomes: Outcomes = {}
    engine.run(LOAD(), plan, SIZE, outcomes, lambda done: None)
    return outcomes


@pytest.fixture
def lines() -> list[str]:
    return []


def measure(pool: InProcessPool, plan: Plan, lines: list[str], outcomes: Outcomes | None = None) -> Outcomes:
    found: Outcomes = {} if outcomes is None else outcomes
    told: list[int] = []
    ClusterExecutor(pool, lines.append).run(LOAD(), plan, SIZE, found, told.append)
    assert told == sorted(told) and told[-1] == len(plan)
    return found


@pytest.mark.parametrize("workers", [1, 3])
def test_outcomes_are_those_of_a_local_run(
    plan: Plan, local: Outcomes, lines: list[str], workers: int
) -> None:
    pool = InProcessPool(LOAD, room=workers)
    assert measure(pool, plan, lines) == local
    asked = [sample.id for _, chunk in pool.given for sample in chunk.samples]
    assert sorted(asked) == sorted(sample.id for sample in plan.samples), "each once"
    assert len({worker for worker, _ in pool.given}) == workers
    assert len(lines) == workers and all("measures" in line for line in lines)


def once(action: Callable[[InProcessPool, int], None], after: int) -> Callable[..., None]:
    """What happens once, before a step, when so many chunks were given."""
    left = [action]

    def before_step(pool: InProcessPool, number: int, desk: Desk) -> None:
        if left and desk.answers is not None and len(pool.given) > after:
            left.pop()(pool, number)

    return before_step


def test_a_lost_worker_is_replaced_and_its_chunks_are_given_again(
    plan: Plan, local: Outcomes, lines: list[str]
) -> None:
    pool = InProcessPool(LOAD, before_step=once(InProcessPool.kill, 2))
    assert measure(pool, plan, lines) == local
    assert any("is lost (killed)" in line for line in lines)
    assert len({worker for worker, _ in pool.given}) == 3, "another came in its place"


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock of which each look is a minute."""
    looks = count(0, 60)
    monkeypatch.setattr(dispatch, "time", SimpleNamespace(monotonic=lambda: float(next(looks))))


@pytest.mark.usefixtures("hours")
def test_what_a_worker_holds_that_hangs_without_dying_is_given_to_others(
    plan: Plan, local: Outcomes, lines: list[str]
) -> None:
    pool = InProcessPool(LOAD, before_step=once(lambda pool, number: pool.hung.add(number), 4))
    assert measure(pool, plan, lines) == local
    (told,) = [line for line in lines if "is lost" in line]
    assert "said nothing for" in told and " min, and no answer before took longer than" in told
    assert not pool.hung & set(pool.desks), "it is ended, and its place is another's"


@pytest.mark.usefixtures("hours")
def test_where_nobody_has_answered_yet_a_silent_worker_is_told_before_it_is_ended(
    plan: Plan, local: Outcomes, lines: list[str]
) -> None:
    def slow(pool: InProcessPool, number: int, desk: Desk) -> None:
        pool.hung = {1} if pool.given and not any("may hang" in line for line in lines) else set()

    assert measure(InProcessPool(LOAD, room=1, before_step=slow), plan, lines) == local
    (told,) = [line for line in lines if "has said nothing for" in line]
    assert told.endswith(" min: it may hang, and is ended after 60 min")
    assert not any("is lost" in line for line in lines)


@pytest.mark.usefixtures("hours")
def test_an_only_worker_that_hangs_in_its_first_chunk_is_replaced(
    plan: Plan, local: Outcomes, lines: list[str]
) -> None:
    def hang(pool: InProcessPool, number: int, desk: Desk) -> None:
        pool.hung = {1} if pool.given else set()

    assert measure(InProcessPool(LOAD, room=1, before_step=hang), plan, lines) == local
    (told,) = [line for line in lines if "is lost" in line]
    assert " min, and nobody has answered yet)" in told


@pytest.mark.usefixtures("hours")
def test_where_every_worker_hangs_in_its_first_chunk_the_run_ends(plan: Plan, lines: list[str]) -> None:
    def hang(pool: InProcessPool, number: int, desk: Desk) -> None:
        pool.hung |= {number} if desk.held else set()

    with pytest.raises(NotMeasured, match=r"^6 workers hung one after another: .* nobody has answered yet$"):
        measure(InProcessPool(LOAD, room=1, before_step=hang), plan, lines)
    assert sum("is lost" in line for line in lines) == 5


def test_a_machine_that_joins_gets_work(
    plan: Plan, local: Outcomes, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "POLL_SECONDS", 0)

    def join(pool: InProcessPool, number: int) -> None:
        pool.room = 3

    pool = InProcessPool(LOAD, room=1, before_step=once(join, 0))
    assert measure(pool, plan, lines) == local
    assert len({worker for worker, _ in pool.given}) == 3


def test_a_worker_with_other_weights_measures_nothing(plan: Plan, local: Outcomes, lines: list[str]) -> None:
    pool = InProcessPool(LOAD, OTHERS, room=2)
    assert measure(pool, plan, lines) == local
    assert {worker for worker, _ in pool.given} == {1}
    assert sum("is refused: it measures with another model" in line for line in lines) == 1
    assert len(pool.desks) == 2, "it keeps its place, or another would be put there again and again"


def test_the_driver_s_own_fingerprint_counts_where_it_is_known(plan: Plan, lines: list[str]) -> None:
    executor = ClusterExecutor(InProcessPool(OTHERS), lines.append, LOAD().fingerprint)
    with pytest.raises(ModelUnavailable, match="another model"):
        executor.run(LOAD(), plan, SIZE, {}, lambda done: None)


@pytest.mark.parametrize("field", ["torch", "transformers", "images", "engine"])
def test_a_worker_with_other_packages_than_the_driver_s_is_refused(
    plan: Plan, lines: list[str], monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    plain = Desk.step

    def step(self: Desk, number: int) -> dispatch.Event | None:
        event = plain(self, number)
        if not isinstance(event, dispatch.Introduced):
            return event
        other: dict[str, Any] = {field: 0 if field == "engine" else "0.1"}
        context = replace(event.about.context, **other)
        return dispatch.Introduced(number, replace(event.about, context=context))

    monkeypatch.setattr(Desk, "step", step)
    with pytest.raises(ModelUnavailable, match=f"another {field} 0"):
        measure(InProcessPool(LOAD), plan, lines)


def test_a_model_that_no_worker_can_load_is_the_error_of_its_loading(plan: Plan, lines: list[str]) -> None:
    with pytest.raises(UsageError, match="must be a number"):
        measure(InProcessPool(partial(load, "planted:exact-drop,d=x")), plan, lines)


def _dies() -> VisionLanguageModel:
    raise OSError(errno.ENOMEM, "no memory")


def test_workers_that_end_before_they_are_ready_end_the_run(plan: Plan, lines: list[str]) -> None:
    with pytest.raises(NotMeasured, match=r"3 workers in a row .*no memory"):
        measure(InProcessPool(_dies, room=1), plan, lines)


def test_nobody_to_measure_ends_the_run(plan: Plan, lines: list[str]) -> None:
    executor = dispatch.Dispatcher(InProcessPool(LOAD, room=0), lines.append, patience=0)
    with pytest.raises(NotMeasured, match="no worker was ready"):
        executor.first()


@pytest.mark.usefixtures("hours")
def test_who_waits_for_a_free_device_is_told_once(lines: list[str]) -> None:
    with pytest.raises(NotMeasured, match="no worker was ready for 900 s"):
        dispatch.Dispatcher(InProcessPool(LOAD, room=0), lines.append).first()
    assert lines == ["no worker is ready after 120 s: they load the model, or wait for a free device"]


def test_a_failed_self_check_refuses_the_worker_alone(plan: Plan, local: Outcomes, lines: list[str]) -> None:
    def unfit(pool: InProcessPool, number: int, desk: Desk) -> None:
        if number == 1:
            vars(desk.worker)["self_check"] = _refuses

    pool = InProcessPool(LOAD, before_step=unfit)
    assert measure(pool, plan, lines) == local
    assert any("is refused: self-check: off" in line for line in lines)


def test_a_worker_that_is_unfit_for_a_benchmark_measures_the_next(
    plan: Plan, local: Outcomes, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    another, usual = planted.single(), ModelWorker.self_check
    benchmark = replace(another, samples=plan.samples)

    def self_check(self: ModelWorker, samples: tuple[Sample, ...], size: int) -> str:
        if self._node == "node1" and samples == another.samples[:FIRST]:
            raise NotMeasured("self-check: off")
        return usual(self, samples, size)

    monkeypatch.setattr(ModelWorker, "self_check", self_check)
    pool = InProcessPool(LOAD)
    executor = ClusterExecutor(pool, lines.append)
    executor.self_check(LOAD(), another, SIZE)
    executor.run(LOAD(), replace(plan, samples=another.samples[:24]), SIZE, {}, lambda done: None)
    assert {worker for worker, _ in pool.given} == {2}
    outcomes: Outcomes = {}
    executor.self_check(LOAD(), benchmark, SIZE)
    executor.run(LOAD(), plan, SIZE, outcomes, lambda done: None)
    assert outcomes == local
    assert {worker for worker, _ in pool.given} == {1, 2}
    assert sum("is refused: self-check: off" in line for line in lines) == 1


def _refuses(*_: object) -> str:
    raise NotMeasured("self-check: off")


def test_where_every_worker_is_refused_nobody_is_waited_for(plan: Plan, lines: list[str]) -> None:
    executor = ClusterExecutor(InProcessPool(OTHERS), lines.append, LOAD().fingerprint)
    for _ in range(2):  # the second measurement of the run as the first
        with pytest.raises((ModelUnavailable, NotMeasured), match="it measures with another model"):
            executor.run(LOAD(), plan, 4, Outcomes(), lambda done: None)


def test_an_interrupted_run_goes_on_where_it_ended(plan: Plan, local: Outcomes, lines: list[str]) -> None:
    outcomes: Outcomes = {}

    def stop(pool: InProcessPool, number: int) -> None:
        raise KeyboardInterrupt

    pool = InProcessPool(LOAD, before_step=once(stop, 4))
    executor = ClusterExecutor(pool, lines.append)
    with pytest.raises(KeyboardInterrupt):
        executor.run(LOAD(), plan, SIZE, outcomes, lambda done: None)
    before = len(outcomes)
    assert 0 < before < len(plan)
    executor.run(LOAD(), plan, SIZE, outcomes, lambda done: None)  # with the same workers, which held chunks
    assert outcomes == local
    again = InProcessPool(LOAD)
    assert measure(again, plan, lines, outcomes) == local
    assert again.given == [], "nothing is missing: no worker is asked for anything"


class Full(dict[Trial, Response]):
    """A store that has no room for more than a few batches."""

    def update(self, *others: Outcomes) -> None:  # type: ignore[override]
        if len(self) > 40:
            raise StoreFull("the disk is full")
        super().update(*others)


def test_a_full_disk_of_the_driver_ends_the_run_with_what_was_written(plan: Plan, lines: list[str]) -> None:
    outcomes = Full()
    with pytest.raises(StoreFull):
        measure(InProcessPool(LOAD), plan, lines, outcomes)
    assert len(outcomes) > 40


def test_who_measured_how_many_is_remembered(plan: Plan, lines: list[str]) -> None:
    executor, outcomes = ClusterExecutor(InProcessPool(LOAD), lines.append), Outcomes()
    first = replace(plan, perturbations=plan.perturbations[:1])
    executor.run(LOAD(), first, SIZE, outcomes, lambda done: None)
    executor.run(LOAD(), plan, SIZE, outcomes, lambda done: None)
    found = executor.measured_by(outcomes, plan.trials())
    assert found.total() == len(plan) and len(found) == 2
    assert {name.rpartition(" (")[2] for name in found} == {"node1)", "node2)"}
    assert executor.measured_by({}, plan.trials()).total() == 0, "of another model on another benchmark"


def test_the_driver_learns_the_identity_without_weights() -> None:
    executor = ClusterExecutor(InProcessPool(LOAD), lambda line: None)
    assert executor.introduction().identity == Identity.of(LOAD())


def test_packages_are_looked_up_once_however_many_workers_join(
    plan: Plan, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver of a thousand reads no thousand files of metadata while they wait."""
    asked: list[Identity] = []

    def counted(who: Identity) -> Context:
        asked.append(who)
        return context_of(who)

    monkeypatch.setattr(cluster, "context_of", counted)
    measure(InProcessPool(LOAD, room=8), plan, lines)
    assert len(lines) == 8 and len(asked) == 1
