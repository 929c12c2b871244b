"""What holds of every reading rule: wrappings change nothing, letters are alike, numbers read back."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.errors import UnknownName, UsageError
from ipllvm.records import Benchmark, Sample
from ipllvm.scorers import (
    any_answer,
    exact_match,
    label,
    mixed,
    multiple_choice,
    nearby_choice,
    numbers,
    numeric,
    yes_no,
)
from ipllvm.scorers.base import Grading
from ipllvm.scorers.forms import LONGEST, unretracted, unwrapped
from ipllvm.scorers.synonyms import synonyms

WRAPPED = (
    "{}", " {}\n", "**{}**", '"{}"', "{}.", "{}</s>", "<think>hm, no: 9? C?</think>{}", "ASSISTANT: {}",
    "> {}", "`{}`", "<answer>{}</answer>", r"\boxed{{{}}}", r"\text{{{}}}", "\ufeff{}\u200b", "{}<|im_end|>",
    "<s>{}", "“{}”",
)  # fmt: skip
"""Ways in which a model may put an answer."""
ANIMALS = ("a cat", "a dog", "a cow", "a pig")


def sample(answer: str, *choices: str, **labels: str) -> Sample:
    return Sample("s", "s", (), "?", answer, choices, labels=tuple(labels.items()))


@pytest.mark.parametrize("wrapping", WRAPPED)
@pytest.mark.parametrize(
    ("bare", "read"),
    [
        ("B", lambda text: multiple_choice.extract(text, ANIMALS)),
        ("a dog", lambda text: multiple_choice.extract(text, ANIMALS)),
        ("yes", yes_no.extract),
        ("42", numeric.extract),
        ("red", exact_match.said),
        ("red circle", lambda text: label.extract(text, ("red circle", "blue star"))),
    ],
    ids=["letter", "text", "yes", "number", "words", "class"],
)
def test_how_an_answer_is_put_changes_nothing(wrapping: str, bare: str, read: object) -> None:
    assert callable(read)
    assert read(bare) is not None and read(wrapping.format(bare)) == read(bare)


@given(st.integers(-(10**12), 10**12))
def test_a_whole_number_is_read_with_and_without_its_commas(value: int) -> None:
    for text in (f"{value}", f"{value:,}", f"{value}.0", f"{value:,}.00"):
        assert numbers.whole(text) == value
        assert numeric.extract(f"The answer is {text}.") == value
        assert exact_match.said(text) == str(value)


@given(st.decimals(-(10**6), 10**6, places=2))
def test_a_decimal_is_read_to_its_last_place(value: Decimal) -> None:
    assert numbers.whole(f"{value:f}") == value
    assert numeric.extract(f"The answer is ${abs(value):,}.") == abs(value)


@given(st.integers(0, 999))
def test_a_number_in_words_is_the_number(value: int) -> None:
    ones, tens = numbers._ONES.split(), numbers._TENS.split()
    hundred, rest = divmod(value, 100)
    low = ones[rest] if rest < 20 else tens[rest // 10 - 2] + (f"-{ones[rest % 10]}" if rest % 10 else "")
    parts = [f"{ones[hundred]} hundred"] * bool(hundred) + [low] * bool(rest or not hundred)
    assert numbers.whole(" and ".join(parts)) == numbers.whole(" ".join(parts)) == value


@given(st.integers(0, 99), st.integers(0, 99), st.sampled_from((" and ", " or ", " to ")))
def test_two_numbers_are_never_one(one: int, other: int, between: str) -> None:
    assert numbers.whole(f"{one}{between}{other}") is None
    if one != other:
        assert numeric.extract(f"The answer is {one}{between}{other}") is None


@pytest.mark.parametrize("letter", "ABCD")
@pytest.mark.parametrize(
    "form", ["{}", "({})", "{}.", "The answer is {}", "Answer: {}", "option {}", "I choose {}.", "{}) it is"]
)
def test_every_letter_is_read_as_easily_as_every_other(letter: str, form: str) -> None:
    text = form.format(letter)
    assert multiple_choice.extract(text, ANIMALS) == letter
    assert multiple_choice.score(text, sample(letter, *ANIMALS)).value == 1.0
    for other in "ABCD".replace(letter, ""):
        assert multiple_choice.score(text, sample(other, *ANIMALS)).value == 0.0


@given(st.permutations(ANIMALS), st.integers(0, 3))
def test_an_option_in_words_is_the_letter_it_stands_at(choices: list[str], place: int) -> None:
    assert multiple_choice.extract(choices[place], choices) == "ABCD"[place]
    assert multiple_choice.extract(f"It is {choices[place]}.", choices) == "ABCD"[place]


@given(st.text(max_size=12))
def test_partial_credit_is_whole_where_the_rule_of_letters_says_right(text: str) -> None:
    question = sample("B", *ANIMALS)
    plain, near = multiple_choice.score(text, question), nearby_choice.score(text, question)
    assert near.answer == plain.answer and (near.value == 1.0) is (plain.value == 1.0)
    assert near.value >= plain.value


WORDS = st.sampled_from(("red", "Blue.", "dark red", "3", "three", "yes", "no", "B", "", "the red", "12 %"))


@given(WORDS, WORDS)
def test_any_of_one_answer_is_exact_match(text: str, gold: str) -> None:
    assert any_answer.score(text, sample(gold)) == exact_match.score(text, sample(gold))
    assert mixed.score(text, sample(gold)) == any_answer.score(text, sample(gold))


@given(WORDS, WORDS)
def test_exact_match_asks_no_order(one: str, other: str) -> None:
    assert exact_match.score(one, sample(other)).value == exact_match.score(other, sample(one)).value
    assert exact_match.said(exact_match.said(one)) == exact_match.said(one)


@given(st.lists(WORDS, min_size=1, max_size=4), WORDS)
def test_accepted_answers_have_no_order(accepted: list[str], text: str) -> None:
    labels = tuple((any_answer.ACCEPTED, each) for each in accepted)
    one, other = (Sample("s", "s", (), "?", accepted[0], (), labels=each) for each in (labels, labels[::-1]))
    assert any_answer.score(text, one) == any_answer.score(text, other)
    assert any_answer.score(accepted[-1], one).value == 1.0


@settings(max_examples=60)
@given(st.permutations(("red circle", "blue star", "baseball bat", "bat", "three")), WORDS)
def test_which_class_is_said_hangs_on_no_order(labels: list[str], text: str) -> None:
    for reply in (text, f"It is a {labels[0]}.", f"not a {labels[0]} but a {labels[1]}"):
        assert label.extract(reply, labels) == label.extract(reply, sorted(labels))
    assert label.extract(f"It is a {labels[0]}.", labels) == label.words(labels[0])
    if "bat" not in labels[:2]:
        assert label.extract(f"{labels[0]} or {labels[1]}", labels) is None, "two are said"


@pytest.mark.parametrize("labels", [("bat", "bat house"), ("bat house", "bat")])
def test_of_two_classes_that_begin_alike_the_longer_is_said(labels: tuple[str, ...]) -> None:
    assert label.extract("It is a bat house.", labels) == "bat house"
    assert label.extract("It is a bat.", labels) == "bat"


@given(st.text(max_size=40))
def test_what_was_unwrapped_stays_as_it_is_and_is_no_longer(text: str) -> None:
    bare = unwrapped(text)
    assert bare == bare.strip() and len(bare) <= max(LONGEST, 20 * len(text)) + 1
    assert unretracted(unretracted(text)) == unretracted(text)
    assert unretracted(text) in text


def test_of_a_long_reply_both_ends_are_read() -> None:
    middle = "and so on " * 5000
    assert multiple_choice.extract(f"B. {middle}", ANIMALS) == "B"
    assert numeric.extract(f"{middle} The answer is 42.") == 42
    assert len(unwrapped(middle)) <= LONGEST + 1


NO_LETTER = "the answer {!r} is not an option's letter"
GOLDS = {
    "multiple_choice": (multiple_choice.score, sample("E", *ANIMALS), NO_LETTER.format("E")),
    "a lower letter": (multiple_choice.score, sample("b", *ANIMALS), NO_LETTER.format("b")),
    "no choices": (multiple_choice.score, sample("A"), NO_LETTER.format("A")),
    "nearby_choice": (nearby_choice.score, sample("E", *ANIMALS), NO_LETTER.format("E")),
    "numeric": (numeric.score, sample("many"), "the answer 'many' is not a number"),
    "two numbers": (numeric.score, sample("5 or 6"), "the answer '5 or 6' is not a number"),
    "label": (label.score, sample("green", "red", "blue"), "the answer 'green' is not among its choices"),
    "yes_no": (yes_no.score, sample("maybe"), "the answer 'maybe' is neither yes nor no"),
}


@pytest.mark.parametrize("name", GOLDS)
def test_a_sample_that_a_rule_is_not_meant_for_is_told_by_its_id(name: str) -> None:
    score, question, words = GOLDS[name]
    for reply in ("", "B", "yes", "5"):
        with pytest.raises(ValueError) as told:
            score(reply, question)
        assert str(told.value) == f"sample 's': {words}"


@pytest.mark.parametrize("name", ["strawberry", "fox", "bus", "glass", "737-800", "three", "", "kite (bird)"])
def test_no_class_is_its_own_other_name(name: str) -> None:
    others = synonyms(name)
    assert name not in others and len(set(others)) == len(others) and all(others)
    assert synonyms(name.upper()) == others


def benchmark(scorer: str, judged: str = "") -> Benchmark:
    return Benchmark("toy", (), scorer, "digest", "source", judged=judged)


class Silent:
    """A judge that is never asked."""

    identity = "silent"

    def ask(self, prompt: str) -> str:
        raise AssertionError("it is asked")


def test_what_only_a_judge_can_grade_lacks_one() -> None:
    rules, judged = Grading(), Grading(Silent)
    assert rules.lacks_judge(benchmark("judge")) and not judged.lacks_judge(benchmark("judge"))
    assert not rules.lacks_judge(benchmark("mathvista_published")), "some of its answers need none"
    assert not rules.lacks_judge(benchmark("label", judged="judge"))
    assert rules.settings(benchmark("judge")) == {} == judged.settings(benchmark("label"))
    assert set(judged.settings(benchmark("label", judged="judge"))) == {"judge", "judge_prompt"}
    assert rules.again(benchmark("label")) is None


def test_a_judge_is_loaded_once_and_only_where_it_grades() -> None:
    loads: list[int] = []

    def load() -> Silent:
        loads.append(1)
        return Silent()

    grading = Grading(load)
    grading.of(benchmark("label"))("red", sample("red", "red", "blue"))
    assert loads == []
    for _ in range(2):
        grading.of(benchmark("judge"))
        assert grading.judged_by(benchmark("judge")) == "silent"
    assert loads == [1]


def test_an_unknown_scorer_and_a_missing_judge_are_one_line() -> None:
    with pytest.raises(UnknownName, match="did you mean 'exact_match'"):
        Grading().of(benchmark("exact_mach"))
    with pytest.raises(UsageError) as told:
        _ = Grading().judge
    assert str(told.value) == "no judge is named: give --judge=NAME, or --judge=URL#MODEL for an endpoint"
