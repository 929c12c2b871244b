import re

import numpy as np
import pytest

from ipllvm.benchmarks import charts, scenes
from ipllvm.sampling import generator
from ipllvm.zoo import corpus, tokenizer
from ipllvm.zoo.recipes import RECIPES


@pytest.mark.parametrize("source", ["scenes", "charts", "objects", "easyvqa"])
def test_pictures_have_captions_and_questions(source: str) -> None:
    for index in range(20):
        item = corpus.picture(source, 0, index)
        assert item.caption.endswith(".")
        assert item.questions
        assert item.load().mode == "RGB"


def test_training_pictures_are_no_test_pictures() -> None:
    for module in (scenes, charts):
        train = {module.draw(0, "train", i)[0].load().tobytes() for i in range(200)}
        test = {module.draw(0, "test", i)[0].load().tobytes() for i in range(200)}
        assert not train & test


def test_word_problems_are_right() -> None:
    for seed in range(200):
        question, answer = corpus.word_problem(np.random.default_rng(seed))
        match = re.fullmatch(r"(\d+) ([+-]) (\d+) = (\d+)\. The answer is (\d+)\.", answer)
        assert match, answer
        a, sign, b, result, said = match.groups()
        assert int(result) == int(said) == (int(a) + int(b) if sign == "+" else int(a) - int(b))
        assert a in question
        assert b in question


def test_a_letter_names_the_answer() -> None:
    scene, rng = scenes.draw(0, "train", 5)
    for question in scenes.questions(scene, rng):
        prompt, letter = corpus.render(question, generator("t"), lettered=1.0)
        assert f"\n{letter}. {question.answer}\n" in prompt


def test_documents_of_the_language_model_are_seeded() -> None:
    assert [corpus.text(0, i) for i in range(8)] == [corpus.text(0, i) for i in range(8)]
    assert corpus.text(0, 0) != corpus.text(1, 0)


def test_the_tokenizer_is_reversible_and_keeps_digits_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer, "DOCUMENTS", 200)
    words = tokenizer.train(0)
    text = "Zwölf of 1234 boxes: <tag> \u202e?"
    ids = words.encode(text, add_special_tokens=False)
    assert words.decode(ids) == text
    assert all(
        len(str(words.decode([i])).strip()) == 1 for i in words.encode("1234", add_special_tokens=False)
    )
    assert 1000 <= len(words) <= 2048


def test_recipes_name_their_parts() -> None:
    for name, recipe in RECIPES.items():
        assert recipe.name == name
        assert all(part in RECIPES for part in recipe.parts.values())
