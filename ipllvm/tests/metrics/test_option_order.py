from collections.abc import Callable

import numpy as np
import pytest

from ipllvm.benchmarks.option_order import cyclic
from ipllvm.benchmarks.prompts import LETTERS, multiple_choice
from ipllvm.metrics.option_order import compare
from ipllvm.metrics.performance_drop import performance_drop
from ipllvm.records import Response, Sample, Scores
from ipllvm.scorers.multiple_choice import extract

OPTIONS = ("red", "blue", "teal", "pink")
Answer = Callable[[Sample], str]


def question(number: int, size: int = 4) -> Sample:
    choices = OPTIONS[:size]
    prompt = multiple_choice("Which?", choices)
    return Sample(f"s{number}", f"c{number}", (), prompt, LETTERS[number % size], choices)


def asked(answer: Answer, *questions: Sample) -> dict[str, Scores]:
    orders = [cyclic(sample) for sample in questions]
    said = {sample.id: Response(answer(sample)) for order in orders for sample in order}
    return compare(orders, said, extract)


def means(found: dict[str, Scores]) -> dict[str, float]:
    return {name: float(scores.values.mean()) for name, scores in found.items()}


def right(sample: Sample) -> str:
    return sample.answer


def test_a_model_that_goes_by_the_options_loses_nothing() -> None:
    found = means(asked(right, *map(question, range(8))))
    for name in ("clean", "reordered", "every_order", "same_option"):
        assert found[name] == 1
    assert found["same_letter"] == 0
    assert [found[f"says_{letter}"] for letter in LETTERS[:4]] == [0.25] * 4
    assert found["says_none"] == 0


def test_a_model_that_is_sure_of_a_wrong_option_is_consistent() -> None:
    found = means(asked(lambda sample: LETTERS[sample.choices.index("pink")], question(0), question(1)))
    assert (found["clean"], found["every_order"], found["reordered"]) == (0, 0, 0)
    assert found["same_option"] == 1 and found["same_letter"] == 0


def test_a_model_that_always_says_a_is_right_by_place_only() -> None:
    found = asked(lambda sample: "A", *map(question, range(8)))
    numbers = means(found)
    assert numbers["clean"] == 0.25 and numbers["every_order"] == 0
    assert numbers["reordered"] == 0.25
    assert numbers["same_letter"] == 1 and numbers["same_option"] == 0
    assert numbers["says_A"] == 1 and numbers["says_B"] == 0
    drop = performance_drop(found["clean"], found["every_order"])
    assert drop.values.mean() == 0.25 and drop.lattice == 1


def test_letters_are_counted_where_there_are_most_options() -> None:
    found = asked(lambda sample: "A", question(0, 2), question(1, 3), question(2), question(3))
    assert found["says_A"].samples == found["says_D"].samples == ("s2", "s3")
    assert found["clean"].samples == ("s0", "s1", "s2", "s3")


def test_an_answer_that_names_no_option_is_consistent_with_nothing() -> None:
    numbers = means(asked(lambda sample: "a camera", question(0)))
    assert numbers["same_option"] == numbers["same_letter"] == numbers["clean"] == 0
    assert numbers["says_none"] == 1


def test_a_failed_order_is_an_error_and_a_missing_one_leaves_the_question_out() -> None:
    orders = [cyclic(question(number)) for number in range(3)]
    said = {sample.id: Response(sample.answer) for order in orders for sample in order}
    said["s1-order2"] = Response("", error="Traceback\nRuntimeError: boom")
    del said["s2-order3"]
    found = compare(orders, said, extract)
    for scores in found.values():
        assert scores.samples == ("s0", "s1")
        assert np.isnan(scores.values).tolist() == [[False], [True]]
        assert scores.errors == {"s1": "Traceback\nRuntimeError: boom"}


def test_nothing_measured_gives_empty_scores() -> None:
    found = compare([], {}, extract)
    assert found["clean"].samples == () and found["clean"].values.shape == (0, 1)
    named = ["clean", "reordered", "every_order", "same_option", "same_letter", "says_none"]
    assert list(found) == named, "no letter, where no question has options"


@pytest.mark.parametrize("name", ["clean", "reordered", "same_option"])
def test_scores_keep_clusters(name: str) -> None:
    assert asked(right, question(0), question(5))[name].clusters == ("c0", "c5")


def test_consistency_is_with_the_answer_to_the_first_order() -> None:
    """Right at first, then another option each time: nothing agrees with the first, two later ones agree."""
    first = question(0)
    later = {1: "teal", 2: "teal", 3: "pink"}
    orders = cyclic(first)
    options = [first.choices[0], *(later[n] for n in range(1, 4))]
    said = {s.id: Response(LETTERS[s.choices.index(o)]) for s, o in zip(orders, options, strict=True)}
    found = means(compare([orders], said, extract))
    assert (found["clean"], found["reordered"], found["same_option"]) == (1, 0, 0)
