"""Who a worker says it is, what it checks once, and the batches that it answers."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from ipllvm.benchmarks import planted
from ipllvm.engine import batch_size, run, self_check
from ipllvm.engine.deferred import Identity
from ipllvm.engine.executors.chunks import Chunk, Job
from ipllvm.engine.executors.distant import WITHOUT_WEIGHTS, DistantModel
from ipllvm.engine.executors.worker import PROVEN, Introduction, ModelWorker
from ipllvm.engine.fault_isolation import BatchBudget
from ipllvm.engine.plan import Plan
from ipllvm.errors import ModelUnavailable, NotMeasured, NotTested
from ipllvm.models.loading import load
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Response
from ipllvm.tests.engine.executors.loaders import NAME

LOAD = partial(load, NAME, device="cpu")
PLAN = Plan(planted.tens(seed=0).samples[:4], (Clean(), Permutation()), 2, 0, 4)
JOB = Job(0, replace(PLAN, samples=()), 4, PLAN.samples)


def computing(load: Any = LOAD) -> ModelWorker:
    """A worker whose planted model passes for one that computes."""
    worker, model = ModelWorker(load), load()
    info = replace(model.info(), family="llava")
    vars(model)["info"] = lambda: info
    vars(worker)["_model"] = model
    return worker


@pytest.fixture(scope="module")
def about() -> Introduction:
    return ModelWorker(LOAD, "node7").introduce()


def test_a_worker_says_its_model_its_machine_and_its_node(about: Introduction) -> None:
    model = LOAD()
    assert about.identity == Identity.of(model) and about.context.model == model.fingerprint
    assert about.machine.endswith(" (node7)") and about.name == f"{about.device} on {about.machine}"
    assert not ModelWorker(LOAD).introduce().machine.endswith(")")


@pytest.mark.parametrize("field", PROVEN)
def test_every_difference_that_bears_on_answers_is_named(field: str, about: Introduction) -> None:
    own = getattr(about.context, field)
    changed: dict[str, Any] = {field: own + 1 if isinstance(own, int) else f"other {own}"}
    other = replace(about, context=replace(about.context, **changed))
    words = other.differs(about)
    assert words.startswith(f"{field} ") and ", not " in words and len(words) < 100
    assert about.differs(about) == ""


def test_what_bears_on_no_answer_is_no_difference(about: Introduction) -> None:
    assert replace(about, machine="other", device="other").differs(about) == ""


@pytest.mark.parametrize("sealed", ["is asked as a whole"])
def test_a_model_that_is_asked_as_a_whole_is_refused_in_a_line(sealed: str) -> None:
    model = SimpleNamespace(sealed=sealed, name="mine")
    with pytest.raises(ModelUnavailable) as error:
        ModelWorker(lambda: model).introduce()  # type: ignore[arg-type,return-value]
    assert str(error.value) == f"mine {sealed}: measure it without --ray"


def test_a_model_is_loaded_once_and_not_before_it_is_needed() -> None:
    count: list[int] = []

    def loading() -> Any:
        count.append(1)
        return LOAD()

    worker = ModelWorker(loading)
    assert count == []
    worker.introduce()
    worker.self_check(PLAN.samples, 4)
    list(worker.measure(JOB, Chunk(PLAN.samples, {})))
    assert count == [1]


def test_a_self_check_is_made_once_for_the_same_samples_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[int, int]] = []

    def check(model: Any, samples: Any, size: int) -> None:
        made.append((len(samples), size))

    monkeypatch.setattr(self_check, "check", check)
    worker = computing()
    for samples, size in ((2, 4), (2, 4), (3, 4), (2, 8), (3, 4)):
        said = worker.self_check(PLAN.samples[:samples], size)
        assert said == "none: no sample could be asked"
    assert made == [(2, 4), (3, 4), (2, 8)]


def test_a_self_check_that_failed_fails_again_without_being_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[int] = []

    class Refusing:
        def require(self) -> None:
            raise NotMeasured("two answers differ")

    def check(model: Any, samples: Any, size: int) -> Refusing:
        made.append(1)
        return Refusing()

    monkeypatch.setattr(self_check, "check", check)
    worker = computing()
    for _ in range(2):
        with pytest.raises(NotMeasured, match=r"^two answers differ$"):
            worker.self_check(PLAN.samples, 4)
        with pytest.raises(NotMeasured, match=r"^two answers differ$"):
            list(worker.measure(JOB, Chunk(PLAN.samples, {})))
    assert made == [1], "of the first samples of the job, in its batches, as before"
    assert list(ModelWorker(LOAD).measure(JOB, Chunk(PLAN.samples, {}))), "nothing is computed: no check"


def test_a_batch_that_was_too_large_stays_smaller_for_the_rest_of_its_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[int] = []

    def batches(model: Any, plan: Plan, room: BatchBudget, known: Any, artifacts: Any) -> Iterator[Any]:
        begun.append(room.size)
        room.size = 1
        yield dict.fromkeys(plan.trials(), Response("x"))

    monkeypatch.setattr(run, "batches", batches)
    worker = ModelWorker(LOAD)
    for job in (JOB, JOB, replace(JOB, number=1), replace(JOB, number=1)):
        list(worker.measure(job, Chunk(PLAN.samples[:1], {})))
    assert begun == [4, 1, 4, 1]


def test_what_is_known_of_a_chunk_is_not_answered_again() -> None:
    whole = {
        t: r for batch in ModelWorker(LOAD).measure(JOB, Chunk(PLAN.samples, {})) for t, r in batch.items()
    }
    assert whole.keys() == set(PLAN.trials())
    known = {trial: response for trial, response in whole.items() if trial.perturbation == str(Clean())}
    rest = [*ModelWorker(LOAD).measure(JOB, Chunk(PLAN.samples, known))]
    assert {t: r for batch in rest for t, r in batch.items()} == {
        trial: response for trial, response in whole.items() if trial not in known
    }


def test_the_batch_size_is_found_by_trying_on_this_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_size, "choose", lambda model, samples: len(samples) * 10)
    assert ModelWorker(LOAD).batch_size(PLAN.samples) == 40


def distant() -> Any:
    model = LOAD()
    return DistantModel(Identity.of(model), LOAD)


def test_a_distant_model_gives_what_takes_no_weights_as_the_model_itself() -> None:
    model, far = LOAD(), distant()
    assert far.loaded is far and far.info() == model.info()
    assert far.text([1, 2]) == model.text([1, 2]) and far.max_positions == model.max_positions
    assert {*dir(model), "layer_kinds"} >= WITHOUT_WEIGHTS


@pytest.mark.parametrize("name", ["decoder", "encode", "logits", "anything"])
def test_what_takes_the_weights_is_not_tested_in_a_line(name: str) -> None:
    far = distant()
    with pytest.raises(NotTested) as error:
        getattr(far, name)
    assert str(error.value) == (
        f"it computes with the weights of {far.name} itself ({name}), which are not read here with --ray: "
        "run it without"
    )


def test_a_distant_model_is_asked_for_no_magic() -> None:
    """Copying and pickling look for such names and take a refusal for an answer."""
    assert not hasattr(distant(), "__len__") and not hasattr(distant(), "__fspath__")
