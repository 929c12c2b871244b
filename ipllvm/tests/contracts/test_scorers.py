"""What holds for every registered scorer, whatever a model says."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.records import Sample
from ipllvm.registry import SCORERS

SAMPLES = {
    "exact_match": Sample("s", "s", (), "?", "red", ("red", "blue")),
    "numeric": Sample("s", "s", (), "?", "1250"),
    "multiple_choice": Sample("s", "s", (), "?", "B", ("red", "blue", "teal")),
    "label": Sample("s", "s", (), "?", "red", ("red", "blue")),
    "yes_no": Sample("s", "s", (), "?", "yes", ("yes", "no")),
}
PIECES = (
    "A",
    "B",
    "b",
    "1",
    "250",
    "-",
    "$",
    ",",
    "yes",
    "no",
    "red",
    "blue",
    "the answer is ",
    "option ",
    *"().:, \n\"'*",
)
replies = st.text() | st.lists(st.sampled_from(PIECES)).map("".join)


def test_every_scorer_has_a_sample_here() -> None:
    assert set(SAMPLES) == set(SCORERS)


@pytest.mark.parametrize("name", list(SCORERS))
@given(reply=replies)
def test_any_reply_gets_a_score_between_0_and_1(name: str, reply: str) -> None:
    score: Callable[[str, Sample], float] = SCORERS.load(name)
    points = score(reply, SAMPLES[name])
    assert isinstance(points, float) and 0.0 <= points <= 1.0
    assert points == score(reply, SAMPLES[name])


@pytest.mark.parametrize("name", list(SCORERS))
def test_the_answer_gets_1_and_silence_0(name: str) -> None:
    score = SCORERS.load(name)
    answer = SAMPLES[name].answer
    assert [score(text, SAMPLES[name]) for text in (answer, f" {answer}.\n", "", " \n", ".")] == [
        1,
        1,
        0,
        0,
        0,
    ]


@pytest.mark.parametrize("name", list(SCORERS))
@pytest.mark.parametrize(
    "text", ["\n" * 5000, "( " * 5000, "answer " * 5000, '"' * 5000, "A or " * 2000, "1," * 9000]
)
def test_a_hostile_reply_takes_no_time(name: str, text: str) -> None:
    from time import perf_counter

    start = perf_counter()
    SCORERS.load(name)(text, SAMPLES[name])
    assert perf_counter() - start < 2


def test_benchmarks_and_scorers_import_no_torch() -> None:
    code = (
        "import sys; from ipllvm.registry import BENCHMARKS, SCORERS\n"
        "for registry in (BENCHMARKS, SCORERS):\n    [registry.load(name) for name in registry]\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
