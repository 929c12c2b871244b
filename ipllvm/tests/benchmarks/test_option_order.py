from dataclasses import replace

import pytest

from ipllvm.benchmarks import mmvp, scenes
from ipllvm.benchmarks.images import FileImage
from ipllvm.benchmarks.option_order import cyclic, reordered
from ipllvm.benchmarks.prompts import LETTERS, multiple_choice, short_answer
from ipllvm.benchmarks.rewording import wrong_answer
from ipllvm.benchmarks.subset import subset
from ipllvm.errors import NotTested, UsageError
from ipllvm.records import Sample
from ipllvm.registry import BENCHMARKS

COLORS = ("red", "blue", "teal")
SAMPLE = Sample("s1", "c1", (), multiple_choice("Which one,\nplease?", COLORS), "C", COLORS)


def test_a_question_in_all_its_orders() -> None:
    own, once, twice = cyclic(SAMPLE)
    assert own is SAMPLE
    assert once.choices == ("blue", "teal", "red") and once.answer == "B"
    assert twice.choices == ("teal", "red", "blue") and twice.answer == "A"
    assert once.prompt == multiple_choice("Which one,\nplease?", once.choices)
    assert (once.id, once.cluster, once.images) == ("s1-order1", "c1", ())


@pytest.mark.parametrize("name", ["scenes-mc", "charts-mc", "planted"])
def test_the_right_option_stands_once_at_each_letter(name: str) -> None:
    for sample in BENCHMARKS.load(name)(seed=0).samples[:40]:
        orders = cyclic(sample)
        gold = sample.choices[LETTERS.index(sample.answer)]
        assert {other.choices[LETTERS.index(other.answer)] for other in orders} == {gold}
        assert sorted(other.answer for other in orders) == list(LETTERS[: len(sample.choices)])
        assert all(sorted(other.choices) == sorted(sample.choices) for other in orders)


def test_the_other_orders_of_a_benchmark_are_data_of_their_own() -> None:
    whole = scenes.lettered()
    few = subset(whole, 10, seed=0)
    others = reordered(few)
    assert len(others.samples) == sum(len(sample.choices) - 1 for sample in few.samples)
    assert len({sample.id for sample in others.samples}) == len(others.samples)
    assert others.digest == reordered(whole).digest != whole.digest
    assert (others.scorer, others.max_new_tokens) == (whole.scorer, whole.max_new_tokens)


def test_questions_without_lettered_options_are_refused() -> None:
    plain = Sample("s2", "c2", (), short_answer("Which?"), "red", COLORS)
    with pytest.raises(UsageError, match="sample 's2': no lettered options"):
        cyclic(plain)
    with pytest.raises(UsageError, match="no lettered options"):
        cyclic(Sample("s3", "c3", (), multiple_choice("Which?", COLORS[:1]), "A", COLORS[:1]))


def test_photographs_are_reordered_alike() -> None:
    row = mmvp.StoredRow(1, "Open?", ("yes", "no"), "B", FileImage("1.jpg"))
    (own, other) = cyclic(mmvp._sample(row, original=False))
    assert own.answer == "B" and other.answer == "A"


OTHERS = (
    ("a cat", "a dog", "Both A and B"),
    ("a cat", "a dog", "None of the above"),
    ("red", "blue", "All of these"),
    ("Neither B nor C", "red", "blue"),
    ("1", "2", "A, B and C"),
    ("1", "2", "the other options"),
)
PLAIN = (
    ("above", "below"),
    ("both hands", "one hand"),
    ("all the cats", "none"),
    ("A", "B"),
    ("Only one", "Two"),
)


@pytest.mark.parametrize("choices", [*OTHERS, *PLAIN], ids="; ".join)
def test_options_that_speak_of_each_other_are_not_moved(choices: tuple[str, ...]) -> None:
    """Elsewhere they are other options, and of "all of the above" no caption names a wrong one."""
    asked = Sample("q", "q", (), multiple_choice("What is it?", choices), "A", choices)
    beside = Sample("r", "r", (), multiple_choice("What is it?", ("x", "y")), "A", ("x", "y"))
    data = replace(scenes.short(), samples=(asked, beside))
    moved = {sample.id.partition("-")[0] for sample in reordered(data).samples}
    assert moved == ({"r"} if choices in OTHERS else {"q", "r"})
    assert (wrong_answer(asked) is None) == (choices in OTHERS)
    if choices in OTHERS:
        with pytest.raises(NotTested, match="speak of each other"):
            reordered(replace(data, samples=(asked,)))
