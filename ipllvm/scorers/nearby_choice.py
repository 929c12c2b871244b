"""Multiple choice with partial credit: an option beside the right one is nearly right, as for a judge.

For planted benchmarks: graded scores whose law is known, which tests of 0/1 scores would get wrong.
"""

from string import ascii_uppercase

from ipllvm.records import Sample, Score
from ipllvm.scorers import multiple_choice

CREDIT = (1.0, 0.9, 0.5, 0.0)
"""The score by distance from the right letter; 0 beyond."""


def score(text: str, sample: Sample) -> Score:
    """Credit by how far the letter that is named lies from the answer's; 0 where none is named.

    Raises ValueError where the sample's answer is not the letter of one of its choices.
    """
    read = multiple_choice.score(text, sample)
    if read.answer is None:
        return read
    away = abs(ascii_uppercase.index(read.answer) - ascii_uppercase.index(sample.answer))
    return Score(CREDIT[away] if away < len(CREDIT) else 0.0, read.answer, read.note)
