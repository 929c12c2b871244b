"""A limit on memory: what takes too much is told, what does not is left alone, and the limit goes again."""

import resource
import threading

import pytest

from ipllvm.safety.memory import memory_within

ROOM = 256 << 20


def test_what_takes_more_is_told_in_words() -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    with pytest.raises(ValueError, match="to fill it takes more than 256 MiB of memory"):  # noqa: SIM117
        with memory_within(ROOM, "to fill it"):
            bytearray(2 * ROOM)
    assert resource.getrlimit(resource.RLIMIT_AS) == before
    assert len(bytearray(2 * ROOM)) == 2 * ROOM


def test_what_takes_less_is_left_alone_and_other_errors_are_what_they_were() -> None:
    with memory_within(ROOM, "x"):
        assert len(bytearray(ROOM // 4)) == ROOM // 4
    with pytest.raises(KeyError, match="own"), memory_within(ROOM, "x"):
        raise KeyError("own")


def test_a_lower_limit_of_the_user_stays() -> None:
    code, hard = resource.getrlimit(resource.RLIMIT_AS)
    low = 1 << 45
    resource.setrlimit(resource.RLIMIT_AS, (low, hard))
    try:
        with memory_within(1 << 46, "x"):
            assert resource.getrlimit(resource.RLIMIT_AS) == (low, hard)
        assert resource.getrlimit(resource.RLIMIT_AS) == (low, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (code, hard))


def test_other_threads_set_no_limit_for_all() -> None:
    seen = []

    def work() -> None:
        with memory_within(ROOM, "x"):
            seen.append(resource.getrlimit(resource.RLIMIT_AS))

    before = resource.getrlimit(resource.RLIMIT_AS)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
