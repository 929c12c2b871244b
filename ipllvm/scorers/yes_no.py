"""Yes or no, read from whole words at the place where an answer stands.

MME's reference evaluation looks for "yes", then "no", anywhere in the first four characters, so
that "Not sure" is a "no"; here only the words count, and "Not sure" is no answer.
"""

import re

from ipllvm.records import Sample, Score

_WORDS = {"yes": "yes", "y": "yes", "no": "no", "n": "no"}
_FIRST = re.compile(
    r"^\W*(?:the\s+answer\s+is\W+|answer\s*:\W*)?(yes|no)\b(?!\s*(?:/|or\b|and\b))", re.IGNORECASE
)


def score(text: str, sample: Sample) -> Score:
    """1.0 where the response says the sample's answer, else 0.0.

    Raises ValueError where the sample's answer is neither "yes" nor "no".
    """
    gold, answer = extract(sample.answer), extract(text)
    if gold is None:
        raise ValueError(f"sample '{sample.id}': the answer {sample.answer!r} is neither yes nor no")
    return Score(float(answer == gold), answer)


def extract(text: str) -> str | None:
    """What the text begins with, "yes" or "no", or None; a lone letter y or n will do.

    >>> [extract(text) for text in ("Yes.", "No, it isn't", "N", "The answer is yes.")]
    ['yes', 'no', 'no', 'yes']
    >>> [extract(text) for text in ("Not sure", "I know", "yes or no", "")]
    [None, None, None, None]
    """
    whole = _WORDS.get(text.strip(" \t\r\n.!\"'").lower())
    if whole is not None:
        return whole
    match = _FIRST.match(text)
    return match[1].lower() if match else None
