"""What holds for every registered scorer, whatever a model says."""

import subprocess
import sys
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.records import Benchmark, Sample, Score
from ipllvm.registry import SCORERS
from ipllvm.scorers.base import Grading, Scorer
from ipllvm.scorers.exact_match import normalize

SAMPLES = {
    "exact_match": Sample("s", "s", (), "?", "red", ("red", "blue")),
    "numeric": Sample("s", "s", (), "?", "1250"),
    "multiple_choice": Sample("s", "s", (), "?", "B", ("red", "blue", "teal")),
    "nearby_choice": Sample("s", "s", (), "?", "B", ("red", "blue", "teal", "pink", "gray", "gold")),
    "label": Sample("s", "s", (), "?", "red", ("red", "blue")),
    "yes_no": Sample("s", "s", (), "?", "yes", ("yes", "no")),
    "judge": Sample("s", "s", (), "?", "red"),
    "label_judge": Sample("s", "s", (), "?", "red"),
    "any_answer": Sample("s", "s", (), "?", "red", labels=(("accepted", "red"), ("accepted", "scarlet"))),
    "mixed": Sample("s", "s", (), "?", "red", labels=(("accepted", "red"), ("accepted", "scarlet"))),
}
OWN = [name for name in SCORERS if ".official." not in f"{SCORERS.load(name).__module__}."]
"""The project's own; official rules do as their scripts do, and have test_official.py."""
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


@dataclass
class Fair:
    """A judge by the rule of exact match."""

    identity: str = "fair"

    def ask(self, prompt: str) -> str:
        if "Label: " in prompt:
            gold, _, said = prompt.partition("Label: ")[2].partition(", Prediction: ")
        else:
            gold, _, said = prompt.partition("Reference answer: ")[2].partition("\nPrediction: ")
            said = said.rpartition("\nIs this")[0]
        return "Yes" if normalize(gold) == normalize(said) else "No"


def scorer(name: str) -> Scorer:
    return Grading(Fair).of(Benchmark("toy", (), name, "digest", "source"))


def test_every_scorer_has_a_sample_here() -> None:
    assert set(SAMPLES) == set(OWN)


@pytest.mark.parametrize("name", OWN)
@given(reply=replies)
def test_any_reply_gets_a_score_between_0_and_1(name: str, reply: str) -> None:
    score = scorer(name)
    found = score(reply, SAMPLES[name])
    assert isinstance(found, Score) and isinstance(found.value, float) and 0.0 <= found.value <= 1.0
    assert found == score(reply, SAMPLES[name])


@pytest.mark.parametrize("name", OWN)
@given(reply=replies)
def test_what_is_right_was_read(name: str, reply: str) -> None:
    found = scorer(name)(reply, SAMPLES[name])
    assert found.answer is not None or found.value == 0
    assert found.answer is None or isinstance(found.answer, str)


@pytest.mark.parametrize("name", OWN)
def test_the_answer_gets_1_and_silence_0(name: str) -> None:
    score, answer = scorer(name), SAMPLES[name].answer
    said = (answer, f" {answer}.\n", "", " \n", ".")
    assert [score(text, SAMPLES[name]).value for text in said] == [1, 1, 0, 0, 0]


@pytest.mark.parametrize("name", sorted(set(OWN) - {"judge", "label_judge"}))
def test_silence_is_unread_and_another_answer_is_wrong(name: str) -> None:
    score, sample = scorer(name), SAMPLES[name]
    others = {"multiple_choice": "C", "nearby_choice": "F", "yes_no": "no", "numeric": "7"}
    assert [score(text, sample).answer for text in ("", " \n")] == [None, None]
    wrong = score(others.get(name, "blue"), sample)
    assert (wrong.value, wrong.answer) == (0.0, others.get(name, "blue"))


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize(
    "text", ["\n" * 5000, "( " * 5000, "answer " * 5000, '"' * 5000, "A or " * 2000, "1," * 9000]
)
def test_a_hostile_reply_takes_no_time(name: str, text: str) -> None:
    from time import perf_counter

    start = perf_counter()
    scorer(name)(text, SAMPLES[name])
    assert perf_counter() - start < 2


def test_benchmarks_and_scorers_import_no_torch() -> None:
    code = (
        "import sys; from ipllvm.registry import BENCHMARKS, SCORERS\n"
        "for registry in (BENCHMARKS, SCORERS):\n    [registry.load(name) for name in registry]\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
