"""How batches are made, in numbers: when prompts share a row, when a prefix is used, how much is in flight.

None of these changes an answer. The order of trials in a batch is batching.py's, their number batch_size.py's
and fault_isolation.py's; packing.py, prefix.py, run.py and encoding.py only carry out what stands here, and
forecast.py counts by it.
"""

from typing import Final

SAVED_BY_SHARING: Final = 0.12
"""Rows are shared where that saves at least this share of the positions: a mask costs attention more."""
LONGEST_SHARED_ROW: Final = 2
"""A shared row is at most so many times as long as the longest prompt."""
PREFIX_SHARE: Final = 0.12
"""A prefix is used where it is at least this share of the longest prompt.

With keys and values to begin from, attention needs a mask. Measured with llava-tiny on two cores, a prefill
that begins behind 35 of 120 positions takes 0.68 of its time, behind 4 of 89 about 0.95, behind 35 of 635
1.07.
"""
TRIALS_A_BEGINNING: Final = 8
"""So many trials that change visual tokens of a sample are worth a pass over its picture."""
BEGINNINGS_BYTES: Final = 2**30
"""Room for the keys and values of clean pictures that trials go on from."""
BATCHES_IN_FLIGHT: Final = 2
"""Batches of samples whose trials are batched together, so that those whose prompts share rows are full."""
SHORT_ANSWER: Final = 32
"""Tokens up to which fewer answers wait for others than a batch has: an interrupt loses no more of them."""
POOLED_ROWS: Final = 128
"""Answers that go on together, at most, where they take little memory."""
POOLED_BYTES: Final = 512 * 2**20
"""Room for the keys and values of answers that go on, beyond those of one batch."""
PICTURES_AHEAD: Final = 64
"""Pictures that are processed before the device is ready for them, at most."""
FEEDING_THREADS: Final = 4
"""Threads that process pictures, at most: what they do in Python itself runs in one at a time."""
DRAWN_BY_THREADS: Final = 2**22
"""Random numbers of a batch that are worth threads: a core draws some 300 million a second. A layer of a 7B
model has 2.6 million a trial, which a GPU answers in less time than one core draws them."""
ENCODED_BYTES: Final = 128 * 2**20
"""Room for pictures that were projected and may be asked about again."""


def sharing_pays(positions: float, apart: float, masked: bool = False) -> bool:
    """Whether rows of so many positions are better than `apart` of them, each prompt in a row of its own.

    `masked`: there is a mask anyway, so that every position that is saved is a gain.

    >>> sharing_pays(88, 100), sharing_pays(89, 100), sharing_pays(100, 100, masked=True)
    (True, False, True)
    """
    return positions <= (1 - (0 if masked else SAVED_BY_SHARING)) * apart


def prefix_pays(length: int, longest: int) -> bool:
    """Whether it pays to begin behind so many positions, where the longest prompt has `longest`.

    >>> prefix_pays(12, 100), prefix_pays(11, 100), prefix_pays(0, 0)
    (True, False, False)
    """
    return length > 0 and length >= PREFIX_SHARE * longest


def beginnings_pay(trials: float, held: int) -> bool:
    """Whether clean pictures are worth a pass of their own: for so many trials a sample, in so many bytes.

    >>> beginnings_pay(160, 2**20), beginnings_pay(5, 2**20), beginnings_pay(160, 2**31)
    (True, False, False)
    """
    return trials >= TRIALS_A_BEGINNING and held <= BEGINNINGS_BYTES


def small_rows(bytes_a_row: float) -> int:
    """How many answers take little memory together.

    >>> small_rows(2**20), small_rows(2**26), small_rows(2**30)
    (128, 8, 0)
    """
    return int(min(POOLED_ROWS, POOLED_BYTES // max(1, bytes_a_row)))


def feeding_threads(device: str, cores: int) -> int:
    """How many threads process pictures ahead: none where they would take the time of the model itself.

    >>> feeding_threads("cpu", 16), feeding_threads("cuda", 16), feeding_threads("cuda", 2)
    (0, 4, 1)
    """
    return 0 if device == "cpu" else max(1, min(FEEDING_THREADS, cores - 1))


def drawing_threads(numbers: int, draws: int, cores: int) -> int:
    """How many threads make the random tables of a batch: one where there are few numbers.

    >>> drawing_threads(2**24, 32, 16), drawing_threads(2**24, 4, 16), drawing_threads(2**16, 32, 16)
    (16, 4, 1)
    """
    return max(1, min(draws, cores)) if numbers >= DRAWN_BY_THREADS else 1
