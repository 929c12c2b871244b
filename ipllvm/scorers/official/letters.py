"""What rules for lettered options share."""

from string import ascii_uppercase

from ipllvm.records import Sample, Score


def graded(letter: str | None, sample: Sample, note: str = "") -> Score:
    """1 where the letter that was read is the sample's answer; None is a letter that was not read."""
    return Score(float(letter == sample.answer), letter, note)


def letters(sample: Sample, most: int = 26) -> str:
    """The letters of a sample's options, "ABC" for three; `most` where the sample lists none.

    >>> letters(Sample("s", "s", (), "?", "A", ("cat", "dog")))
    'AB'
    """
    return ascii_uppercase[: len(sample.choices) or most]
