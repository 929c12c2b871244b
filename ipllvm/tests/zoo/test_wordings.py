"""Training questions in other words: the question, its options and its answer stay what they are."""

import re
from typing import Any

import numpy as np
import pytest

from ipllvm.benchmarks import prompts, rewording
from ipllvm.benchmarks.questions import Question
from ipllvm.sampling import generator
from ipllvm.zoo import corpus, wordings
from ipllvm.zoo.recipes import Phase

ASKED = Question("colour", "What colour is it?", "teal", ("red", "teal", "blue", "pink", "gold"))
YES = Question("is", "Is it red?", "yes", ("yes", "no"))
DRAWS = 60


def phase(rephrased: float = 1.0, lettered: float = 0.5) -> Phase:
    return Phase("p", 1, 1, 1.0, {}, rephrased=rephrased, lettered=lettered)


def drawn(make: Any, question: Question, **shares: float) -> list[Any]:
    return [make(question, generator("worded", n), phase(**shares)) for n in range(DRAWS)]


def options(prompt: str) -> dict[str, str]:
    """The options that a prompt lists, by letter, however they are marked."""
    marked = re.findall(r"(?:^|[\s(])\(?([A-H])(?:\. |\) |: )(.+?)(?=\n|$| \(?[B-H](?:\. |\) |: ))", prompt)
    return dict(marked)


@pytest.mark.parametrize("question", [ASKED, YES])
@pytest.mark.parametrize("lettered", [0.0, 0.5, 1.0])
def test_a_phase_that_rewords_nothing_asks_as_the_benchmarks_do(question: Question, lettered: float) -> None:
    own, plain = generator("x"), generator("x")
    for _ in range(DRAWS):
        asked = wordings.render(question, own, phase(0.0, lettered))
        assert asked == corpus.render(question, plain, lettered)


def test_a_share_of_the_questions_is_reworded() -> None:
    usual = prompts.short_answer(ASKED.text)
    found = drawn(wordings.render, ASKED, rephrased=0.5, lettered=0.0)
    assert 0.2 * DRAWS < sum(prompt == usual for prompt, _ in found) < 0.9 * DRAWS


def test_a_short_answer_is_asked_for_before_behind_or_not_at_all() -> None:
    found = {prompt for prompt, answer in drawn(wordings.render, ASKED, lettered=0.0) if answer == "teal"}
    allowed = {ASKED.text}
    for words in wordings.SHORTLY:
        allowed |= {f"{words}\n{ASKED.text}", f"{ASKED.text}\n{words}"}
    assert found <= allowed and len(found) > 5 and ASKED.text in found


@pytest.mark.parametrize("question", [ASKED, YES])
def test_a_letter_is_that_of_the_right_option(question: Question) -> None:
    marks = set()
    for prompt, letter in drawn(wordings.render, question, lettered=1.0):
        listed = options(prompt)
        assert listed[letter].strip() == question.answer, prompt
        assert len(set(listed.values())) == len(listed) == min(4, len(question.candidates))
        assert {each.strip() for each in listed.values()} <= {*question.candidates}
        assert prompt.count(question.text) == 1
        marks.add(re.sub(r"[A-Za-z ]", "", prompt.partition(question.answer)[0])[-3:])
    assert len(marks) > 3, "several ways to mark them"


@pytest.mark.parametrize("lettered", [0.0, 1.0])
def test_both_wordings_of_a_question_have_one_answer(lettered: float) -> None:
    bare = 0
    for usual, other, answer in drawn(wordings.both, ASKED, lettered=lettered):
        assert usual.endswith(prompts.LETTER if lettered else prompts.SHORT)
        bare += other == rewording.bare(usual)
        if lettered:
            assert options(usual)[answer] == "teal" == options(other)[answer].strip()
            assert list(options(usual).items()) == [(a, o.strip()) for a, o in options(other).items()]
        else:
            assert answer == "teal" and ASKED.text in other
    assert wordings.PLAIN * DRAWS * 0.7 < bare <= DRAWS


def test_a_caption_is_asked_for_in_several_words_where_a_phase_rewords() -> None:
    asked = {wordings.caption_prompt(generator("c", n), phase()) for n in range(DRAWS)}
    assert asked == {*wordings.CAPTIONS}
    assert {wordings.caption_prompt(generator("c", n), phase(0.0)) for n in range(5)} == {
        corpus.CAPTION_PROMPT
    }


def test_words_of_training_are_not_those_that_a_property_measures_with() -> None:
    sample = prompts.multiple_choice(ASKED.text, ["red", "teal"])
    trained = {
        prompt
        for n in range(DRAWS)
        for prompt in (wordings._listed(ASKED.text, ["red", "teal"], generator(n)),)
    }
    measured = {rewording.first(sample)}
    assert not trained & measured


def test_the_same_draw_asks_the_same() -> None:
    first, second = (wordings.both(ASKED, np.random.default_rng(5), phase()) for _ in range(2))
    assert first == second
