"""Questions of several forms in one file: each is graded as its own form asks."""

from string import ascii_uppercase

from ipllvm.records import Sample, Score
from ipllvm.scorers import any_answer, multiple_choice, yes_no

YES_NO = ("yes", "no")


def score(text: str, sample: Sample) -> Score:
    """Letters where the sample has choices, yes or no where these are its choices, else any accepted answer.

    >>> lettered = Sample("a", "a", (), "?", "B", ("a cat", "a dog"))
    >>> [score("B.", each).value for each in (lettered, Sample("b", "b", (), "?", "b"))]
    [1.0, 1.0]
    """
    if sample.choices == YES_NO and sample.answer in YES_NO:
        return yes_no.score(text, sample)
    if sample.answer in tuple(ascii_uppercase[: len(sample.choices)]):
        return multiple_choice.score(text, sample)
    return any_answer.score(text, sample)
