"""Prompt texts of the two answer formats that LLaVA models are trained on.

Source: the formats that LLaVA's evaluation guide (docs/Evaluation.md) prescribes for short
answers and for multiple choice.
"""

from collections.abc import Sequence

LETTERS = "ABCDEFGH"
SHORT = "Answer the question using a single word or phrase."
LETTER = "Answer with the option's letter from the given choices directly."


def short_answer(question: str) -> str:
    """The question, then the request for a short answer.

    >>> print(short_answer("How many bars are there?"))
    How many bars are there?
    Answer the question using a single word or phrase.
    """
    return f"{question}\n{SHORT}"


def multiple_choice(question: str, choices: Sequence[str]) -> str:
    """The question, lettered options one a line, then the request for a letter.

    >>> print(multiple_choice("Which?", ["red", "blue"]))
    Which?
    A. red
    B. blue
    Answer with the option's letter from the given choices directly.
    """
    lines = [f"{letter}. {choice}" for letter, choice in zip(LETTERS, choices, strict=False)]
    return "\n".join([question, *lines, LETTER])
