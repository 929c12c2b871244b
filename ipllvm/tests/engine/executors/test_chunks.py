"""Whole pictures, each once; what a lost worker leaves comes again, and a picture that kills is found."""

from hypothesis import given
from hypothesis import strategies as st

from ipllvm.engine.executors.chunks import ALONE, ChunkQueue
from ipllvm.engine.plan import Plan
from ipllvm.engine.requirements import Outcomes
from ipllvm.perturbations.permutation import Permutation
from ipllvm.perturbations.substitution import Clean
from ipllvm.records import Response, Sample


def plan_of(clusters: list[int]) -> Plan:
    rows = tuple(Sample(str(n), str(cluster), (), "?", "yes") for n, cluster in enumerate(clusters))
    return Plan(rows, (Clean(), Permutation()), 2, 0, 5)


@given(st.lists(st.integers(0, 12), max_size=40), st.integers(1, 9), st.integers(1, 8), st.integers(0, 120))
def test_every_missing_picture_is_dealt_once_and_whole(
    clusters: list[int], size: int, workers: int, known: int
) -> None:
    plan = plan_of(clusters)
    outcomes: Outcomes = {trial: Response("x") for trial in [*plan.trials()][:known]}
    queue = ChunkQueue(plan, outcomes, size)
    chunks = []
    while (chunk := queue.take(workers)) is not None:
        chunks.append(chunk)
    dealt = [sample.id for chunk in chunks for sample in chunk.samples]
    lacking = {trial.sample for trial in plan.trials() if trial not in outcomes}
    assert sorted(dealt) == sorted(lacking), "nothing twice, nothing that is there"
    where = [{sample.cluster for sample in chunk.samples} for chunk in chunks]
    assert sum(map(len, where)) == len(set().union(*where)), "no picture is cut in two"
    for chunk in chunks:
        own = {sample.id for sample in chunk.samples}
        assert chunk.before == {t: r for t, r in outcomes.items() if t.sample in own}
    assert len(queue) == 0


def test_the_last_chunks_are_smaller_so_that_all_end_together() -> None:
    queue = ChunkQueue(plan_of([*range(400)]), {}, 16)
    sizes = []
    while (chunk := queue.take(8)) is not None:
        sizes.append(len(chunk.samples))
    assert sizes == sorted(sizes, reverse=True) and sizes[-1] <= 4
    assert 2 * 16 >= sizes[0] > 8


def test_what_was_answered_before_a_worker_was_lost_is_not_asked_again() -> None:
    plan, outcomes = plan_of([0, 0, 1, 2]), Outcomes()
    queue = ChunkQueue(plan, outcomes, 16)
    chunk = queue.take(1)
    assert chunk is not None and len(chunk.samples) == 4
    outcomes |= {trial: Response("x") for trial in plan.trials() if trial.sample in "012"}
    assert queue.again(chunk) == {}
    left = queue.take(1)
    assert left is not None and [sample.id for sample in left.samples] == ["3"]


def test_a_picture_that_kills_its_worker_fails_and_costs_no_other() -> None:
    plan, outcomes = plan_of([*range(64)]), Outcomes()
    queue = ChunkQueue(plan, outcomes, 32)
    killed, failed = 0, Outcomes()
    while (chunk := queue.take(1)) is not None:
        if any(sample.id == "37" for sample in chunk.samples):
            killed += 1
            failed |= queue.again(chunk)
        else:
            own = {sample.id for sample in chunk.samples}
            outcomes |= {trial: Response("x") for trial in plan.trials() if trial.sample in own}
    assert {trial.sample for trial in failed} == {"37"} and len(failed) == 3
    assert all("workers were lost" in str(response.error) for response in failed.values())
    assert outcomes.keys() | failed.keys() == set(plan.trials())
    assert ALONE <= killed <= 5


def test_what_a_refused_worker_held_is_no_picture_s_fault() -> None:
    queue = ChunkQueue(plan_of([0]), {}, 8)
    for _ in range(5):
        chunk = queue.take(1)
        assert chunk is not None and queue.again(chunk, lost=False) == {}
