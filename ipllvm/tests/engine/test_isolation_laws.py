"""Laws of batches: every item once, in order, within its room; and what fails costs itself alone."""

from collections.abc import Sequence
from itertools import chain, pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.engine import batch_size
from ipllvm.engine.fault_isolation import SLACK, BatchBudget, Failure, run_isolated, whole
from ipllvm.errors import UsageError

ITEMS = st.lists(st.integers(0, 9), max_size=40)
SIZES = st.integers(1, 12)


def sharing(item: int, before: int | None) -> float:
    """Whatever is like the one before it takes a quarter of its room."""
    return 0.25 if item == before else 1.0


@settings(deadline=None, max_examples=60)
@given(ITEMS, SIZES)
def test_batches_are_the_items_in_their_order_within_the_room(items: list[int], size: int) -> None:
    for cost in (whole, sharing):
        batches = [list(batch) for batch in BatchBudget(size).batches(items, cost)]
        assert list(chain.from_iterable(batches)) == items and all(batches)
        for batch in batches:
            befores = [None, *batch[:-1]]
            taken = sum(cost(item, before) for item, before in zip(batch, befores, strict=True))
            assert taken <= size * SLACK
            assert size > 1 or len(batch) == 1, "a size of 1 is one at a time"


@settings(deadline=None, max_examples=60)
@given(ITEMS, st.integers(2, 12))
def test_no_batch_ends_between_items_that_share_if_it_can(items: list[int], size: int) -> None:
    batches = [list(batch) for batch in BatchBudget(size).batches(items, sharing)]
    for batch, following in pairwise(batches):
        if batch[-1] == following[0]:
            assert len(set(batch)) == 1, "a single run that does not fit into one batch"


def test_the_room_that_shrinks_while_batches_are_made_counts_for_the_next() -> None:
    room, sizes = BatchBudget(8), list[int]()
    for batch in room.batches(list(range(14))):
        sizes.append(len(batch))
        room.size = 3
    assert sizes == [8, 3, 3]


@pytest.mark.parametrize(
    ("items", "size", "after"), [([1, 2, 3, 4], 9, 2), ([1, 2, 3], 9, 2), ([1], 9, 1), ([1, 2], 1, 1)]
)
def test_it_shrinks_to_half_of_what_did_not_fit_and_never_grows(
    items: list[int], size: int, after: int
) -> None:
    room = BatchBudget(size)
    room.shrink(items)
    assert room.size == after


def test_items_that_share_shrink_by_what_they_take() -> None:
    room = BatchBudget(8)
    room.shrink([5] * 9, sharing)  # 1 + 8 / 4
    assert room.size == 2


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 99), max_size=30), st.sets(st.integers(0, 99), max_size=5), SIZES)
def test_every_item_that_is_sound_has_its_value_and_the_others_their_traceback(
    items: list[int], bad: set[int], size: int
) -> None:
    def work(batch: Sequence[int]) -> list[int]:
        for item in batch:
            if item in bad:
                raise ValueError(f"item {item}")
        return [item * 2 for item in batch]

    found = run_isolated(work, items, BatchBudget(size))
    assert len(found) == len(items)
    for item, value in zip(items, found, strict=True):
        if item in bad:
            assert isinstance(value, Failure) and f"ValueError: item {item}" in value.traceback
        else:
            assert value == item * 2


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 99), min_size=1, max_size=30), SIZES, st.integers(1, 12))
def test_where_memory_runs_out_all_is_answered_in_smaller_batches(
    items: list[int], size: int, fits: int
) -> None:
    room, widths = BatchBudget(size), list[int]()

    def work(batch: Sequence[int]) -> list[int]:
        widths.append(len(batch))
        if len(batch) > fits:
            raise (torch.OutOfMemoryError if len(batch) % 2 else MemoryError)("no room")
        return list(batch)

    assert run_isolated(work, items, room) == items
    assert 1 <= room.size <= size
    if max(widths) > fits:
        assert room.size < size and sum(width > fits for width in widths) <= 5, "it is remembered"


def test_what_has_no_room_alone_is_a_failure_and_the_rest_is_answered() -> None:
    def work(batch: Sequence[str]) -> list[str]:
        if "large" in batch:
            raise MemoryError("too large alone")
        return [each.upper() for each in batch]

    first, second, third = run_isolated(work, ["a", "large", "b"], BatchBudget(3))
    assert (first, third) == ("A", "B")
    assert isinstance(second, Failure) and second.traceback.endswith("MemoryError: too large alone\n")


def test_failures_of_before_keep_their_places_and_are_not_asked() -> None:
    asked: list[int] = []

    def work(batch: Sequence[int]) -> list[int]:
        asked.extend(batch)
        return list(batch)

    one, other = Failure("one"), Failure("other")
    mixed: list[int | Failure] = [one, 1, other, 2, one]
    assert run_isolated(work, mixed, BatchBudget(9)) == mixed
    assert asked == [1, 2]
    assert run_isolated(work, [], BatchBudget(9)) == [] and run_isolated(work, [one], BatchBudget(1)) == [one]


@pytest.mark.parametrize("error", [UsageError("the command"), KeyboardInterrupt()])
def test_what_is_nobodys_fault_is_raised_at_once(error: BaseException) -> None:
    asked: list[int] = []

    def work(batch: Sequence[int]) -> list[int]:
        asked.append(len(batch))
        raise error

    with pytest.raises(type(error)):
        run_isolated(work, [1, 2, 3, 4], BatchBudget(4))
    assert asked == [4]


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, MemoryError])
@pytest.mark.parametrize("fits", [0, 1, 5])
def test_trying_sizes_ends_where_memory_does(
    error: type[Exception], fits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a CPU it is Python's own error that says so."""

    def seconds(model: object, batch: Sequence[object]) -> float:
        if len(batch) > fits:
            raise error("no room")
        return 1.0

    monkeypatch.setattr(batch_size, "_seconds", seconds)
    prompts = [torch.zeros(3, 4)]
    assert batch_size.fastest(None, prompts, 64) == {0: 1, 1: 1, 5: 4}[fits]  # type: ignore[arg-type]
