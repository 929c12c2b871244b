"""The number that a worked answer ends in: "The answer is N", as chain-of-thought examples put it.

The cue counts where it first stands, and only before a further question that the model may have
made up; a reply that is nothing but a number names it too.
"""

import re
from decimal import Decimal

from ipllvm.records import Sample, Score

_NUMBER = r"(-?\$?-?\d[\d,]*(?:\.\d+)?)"
_CUED = re.compile(rf"\bthe answer is:?\s{{0,9}}{_NUMBER}", re.IGNORECASE)
_ALONE = re.compile(rf"{_NUMBER}\.?")
_NEXT_QUESTION = re.compile(r"(?:^|\n)[ \t]*Q:")


def score(text: str, sample: Sample) -> Score:
    """1.0 where the response names the sample's answer, a number, else 0.0.

    Raises ValueError where the sample's answer is no number.
    """
    gold, answer = extract(sample.answer), extract(text)
    if gold is None:
        raise ValueError(f"sample '{sample.id}': the answer {sample.answer!r} is no number")
    return Score(float(answer == gold), None if answer is None else str(answer))


def extract(text: str) -> Decimal | None:
    r"""The number that the text names as its answer, without dollar signs and thousands' commas.

    >>> [str(extract(text)) for text in ("3 + 4 = 7. The answer is 7.", "the answer is $1,250.50", "-3")]
    ['7', '1250.50', '-3']
    >>> [extract(text) for text in ("3 + 4 = 7", "\nQ: 1 + 1? A: The answer is 2.", "")]
    [None, None, None]
    """
    reply = _NEXT_QUESTION.split(text, maxsplit=1)[0].strip()
    match = _CUED.search(reply) or _ALONE.fullmatch(reply)
    return Decimal(re.sub(r"[$,]", "", match[1]).replace("--", "")) if match else None
