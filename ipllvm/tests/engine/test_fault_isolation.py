import sys
from collections.abc import Sequence

from ipllvm.engine.fault_isolation import BatchBudget, Failure, run_isolated


def test_one_bad_item_costs_only_itself() -> None:
    seen: list[int] = []

    def work(items: Sequence[int]) -> list[int]:
        if 3 in items:
            raise ValueError("three")
        seen.extend(items)
        return [10 * i for i in items]

    results = run_isolated(work, range(8), BatchBudget(8))
    assert [r for r in results if not isinstance(r, Failure)] == [0, 10, 20, 40, 50, 60, 70]
    failure = results[3]
    assert isinstance(failure, Failure)
    assert "ValueError: three" in failure.traceback
    assert sorted(seen) == [0, 1, 2, 4, 5, 6, 7], "each good item is worked on once"


def test_a_model_that_calls_exit_costs_its_item_and_ends_no_run() -> None:
    def work(items: Sequence[int]) -> Sequence[int]:
        if 2 in items:
            sys.exit("No")
        return items

    failure = run_isolated(work, range(4), BatchBudget(4))[2]
    assert isinstance(failure, Failure) and failure.traceback.endswith("SystemExit: No\n")


def test_out_of_memory_halves_the_batch_and_loses_nothing() -> None:
    sizes: list[int] = []

    def work(items: Sequence[int]) -> Sequence[int]:
        sizes.append(len(items))
        if len(items) > 2:
            raise MemoryError
        return items

    assert run_isolated(work, range(10), BatchBudget(10)) == list(range(10))
    assert max(s for s in sizes if s <= 2) == 2


def test_failures_pass_through_untouched() -> None:
    gone = Failure("earlier")
    mixed: list[int | Failure] = [1, gone, 2]

    def negated(items: Sequence[int]) -> list[int]:
        return [-i for i in items]

    assert run_isolated(negated, mixed, BatchBudget(5)) == [-1, gone, -2]
