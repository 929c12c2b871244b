"""Multiple choice: which replies name an option, and the traps that others fell into."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.records import Sample
from ipllvm.scorers.multiple_choice import extract, score

ANIMALS = ("a cat", "a dog", "a cow", "vitamin C")
Cases = list[tuple[str, str | None]]

LETTERS: Cases = [
    ("B", "B"),
    ("b", "B"),
    ("B.", "B"),
    ("b.", "B"),
    (" B \n", "B"),
    ("(B)", "B"),
    ("(b)", "B"),
    ("[B]", "B"),
    ("**B**", "B"),
    ('"B"', "B"),
    ("B)", "B"),
    ("B:", "B"),
    ("B. a dog", "B"),
    ("b) a dog", "B"),
    ("(B) a dog", "B"),
    ("B: it barks", "B"),
    ("B\nIt barks.", "B"),
    ("A", "A"),
    ("a.", "A"),
    ("A. a cat", "A"),
    ("D. vitamin C", "D"),
]
SENTENCES: Cases = [
    ("The answer is B", "B"),
    ("The answer is B.", "B"),
    ("the answer is (b)", "B"),
    ("The correct answer is: B", "B"),
    ("Answer: B", "B"),
    ("Answer:B", "B"),
    ("The answer is B because it barks", "B"),
    ("The answer is A because it purrs", "A"),
    ("option B", "B"),
    ("Option A is right", "A"),
    ("The answer is option B.", "B"),
    ("I would pick choice b.", "B"),
    ("Option: B", "B"),
    ("The correct option is B.", "B"),
    ("I choose B.", "B"),
    ("B, not A", "B"),
    ("The answer is C. It is like sample A, not B.", "C"),
    ("Sample A shows a cat and sample B a dog. The answer is C.", "C"),
    ("The answer is B. Wait, that is wrong. The answer is C.", "C"),
    ("The answer is **B**.", "B"),
    ("The answer is B. There is no cat in it, so A is wrong. Option C shows a cow.", "B"),
]
TEXTS: Cases = [
    ("a dog", "B"),
    ("A dog.", "B"),
    ("A cat", "A"),
    ("Vitamin C", "D"),
    ("The answer is a dog", "B"),
    ("The answer is a cat.", "A"),
]
NOTHING: Cases = [
    ("", None),
    (" \n", None),
    (".", None),
    ("camera", None),
    ("Camera ", None),
    ("A door", None),
    ("a bird on a wire", None),
    ("apple", None),
    ("abcd", None),
    ("AB", None),
    ("E", None),
    ("(E)", None),
    ("I don't know", None),
    ("The answer is a bird", None),
    ("I pick a bird", None),
    ("The best option is a bird", None),
    ("dog(s)", None),
    ("The answer is not B.", None),
    ("It is not option B", None),
    ("The answer is beyond me", None),
]
SEVERAL: Cases = [
    ("A or B", None),
    ("A and B", None),
    ("A, B", None),
    ("(A) or (B)", None),
    ("(A) and (B) are both right", None),
    ("A. or B.", None),
    ("A/B", None),
    ("The answer is A or B", None),
    ("The answer is A. No, the answer is B.", None),
    ("A. a cat\nB. a dog\nC. a cow", None),
    ("B. a cat", None),
    ("The answer is A. Wait, the answer is B.", None),
    ("A is wrong", None),
    ("A. a cat B. a dog", None),
    ("option A or option B", None),
    ("ABCD or A", None),
]


ON_ONE_LINE: Cases = [
    ("The answer is B\n\nExplanation: it barks", "B"),
    ("Answer: B\nThe dog barks.", "B"),
    ("I choose B\nThe dog.", "B"),
    ("**Answer: B**\n\n**Explanation:** A purrs.", "B"),
    ("The answer is:\n\nB\n\nIt barks at A", "B"),
    ('My answer: "B"\r\nA cat purrs.', "B"),
    ("Réponse : B\nLe chien.", "B"),
    ("The answer is 'B'.", "B"),
    ("The answer is ‘B’", "B"),
    ("The answer is B - a dog", "B"),
    ("The answer is B – it barks", "B"),
    ("The answer is B which is a dog", "B"),
    ("Ans: B", "B"),
    ("Answer - B", "B"),
    ("Probably B.", "B"),
    ("Most likely (B)", "B"),
    ("It has to be B!", "B"),
    ("I'd go for B", "B"),
    ("The answer to the question is B.", "B"),
]
NOT_CHOSEN: Cases = [
    ("I would not choose B.", None),
    ("I wouldn't pick B.", None),
    ("I don't think it's B.", None),
    ("I do not think the answer is B", None),
    ("I cannot say that it is B", None),
    ("(B) cannot be correct.", None),
    ("Option B cannot be right.", None),
    ("B might not be right", None),
    ("B (a dog) isn't it", None),
    ("It is not the case that the answer is B.", None),
    ("It's unlikely to be B", None),
    ("I doubt it is B", None),
    ("Anything but B", None),
    ("Neither A nor B", None),
    ("A, B and C are all wrong", None),
    ("The answer is B? No.", None),
    ("Is the answer B? No, the answer is C.", "C"),
    ("The sign says (c) 2019 Disney", None),
    ("The dog (a) is left", None),
    ("Panel (b) shows a dog on grass", None),
    ("the dog (b)", "B"),
    ("It is not a cat so the answer is B", "B"),
    ("I'm not sure, but I'd guess B", "B"),
    ("Although I cannot see it, the answer is B", "B"),
    ("It is not clear but the answer is B", "B"),
]
MORE_LETTERS: Cases = [
    ("B. The line passes through A.", "B"),
    ("B) Vitamins A and D.", "B"),
    ("B\n\nTriangle ABC is right-angled at A.", "B"),
    ("(B) because AB = 15 and the angle at C is 90", "B"),
    ("B: the line from A to C is long. D is far.", "B"),
    ("B. The sign says (c) Disney", None),
    ("(a) Open (b) Closed", None),
    ("(A) (very) dark (B) light (a bit)", None),
    ("A) Open B) Closed", None),
    ("B. Or C?", None),
    ("B. Maybe C.", None),
    ("B; it could be C", None),
    ("B. No, C.", None),
    ("B. C.", None),
    ("(B) (C)", None),
    ("A. cat B. dog", None),
    ("A. x\nB. y", None),
    ("B) Vitamin C.", None),
    ("The answer is B and C", None),
    ("The answer is B or E", None),
]


ALL = LETTERS + SENTENCES + TEXTS + NOTHING + SEVERAL + ON_ONE_LINE + NOT_CHOSEN + MORE_LETTERS


@pytest.mark.parametrize(("text", "letter"), ALL)
def test_extract(text: str, letter: str | None) -> None:
    assert extract(text, ANIMALS) == letter


def test_two_options_with_the_same_text_are_told_apart_by_letter_only() -> None:
    assert extract("Yes", ("Yes", "yes.")) is None
    assert extract("B. Yes", ("Yes", "yes.")) == "B"


def test_a_letter_beyond_the_choices_is_no_answer() -> None:
    assert extract("C", ("yes", "no")) is None
    assert extract("C", ("yes", "no", "maybe")) == "C"


def test_options_that_are_single_letters_are_named_by_letter() -> None:
    assert extract("A", ("B", "A")) == "A"


@pytest.mark.parametrize(
    ("text", "choices", "letter"),
    [
        ("3", ("2", "3", "4"), "B"),
        ("The answer is 3", ("2", "3", "4"), "B"),
        ("There are 3.", ("2", "3", "4"), "B"),
        ("**3**", ("2", "3", "4"), "B"),
        ("３", ("2", "3", "4"), "B"),
        ("20.", ("10", "20"), "B"),
        ("x", ("w", "x", "y"), "B"),
        ("+", ("-", "+"), "B"),
        ("1½", ("½", "1½"), "B"),
        ("c", ("c", "b", "a"), "C"),
        ("B. 2", ("2", "3", "4"), None),
        ("5", ("2", "3", "4"), None),
        ("2 or 3", ("2", "3", "4"), None),
    ],
)
def test_an_option_of_one_character_is_read_by_its_text(
    text: str, choices: tuple[str, ...], letter: str | None
) -> None:
    assert extract(text, choices) == letter


def test_score_compares_with_the_answer() -> None:
    sample = Sample("s", "s", (), "?", "B", ANIMALS)
    assert [score(text, sample).value for text in ("B", "a dog", "A", "", "B or C")] == [
        1.0,
        1.0,
        0.0,
        0.0,
        0.0,
    ]


@pytest.mark.parametrize("answer", ["E", "a dog", "", "b", "AB"])
def test_an_answer_that_is_no_letter_of_the_choices_is_an_error(answer: str) -> None:
    with pytest.raises(ValueError, match="sample 's': the answer"):
        score("B", Sample("s", "s", (), "?", answer, ANIMALS))


NUMBERS = ("one", "two", "three", "four")
REPLIES = (
    "{}",
    "({})",
    "{}.",
    "{}) {word}",
    "The answer is {}",
    "The answer is {} word",
    "option {}",
    "{} word",
)


@given(st.sampled_from(REPLIES), st.permutations(range(4)))
def test_no_letter_is_easier_to_hit_than_another(form: str, order: list[int]) -> None:
    hits = {extract(form.format("ABCD"[i], word=NUMBERS[i]), NUMBERS) == "ABCD"[i] for i in order}
    assert len(hits) == 1
