"""Multiple choice: which option a response names, if it names one and only one.

Letters count as whole words and only where they stand as an answer; the rules are the same for
every letter, so that "A", which is also a word, is neither easier nor harder to hit than "B".
Unlike extractors in use elsewhere, nothing is guessed: no answer and two answers are both unread, and get 0.
"""

import re
from collections.abc import Sequence
from string import ascii_uppercase

from ipllvm.records import Sample, Score
from ipllvm.scorers.exact_match import normalize

_MARKUP = re.compile(r"[*`]")
_CUE = r"(?:(?:final|correct|right|best)\s+)?(?:answer|option|choice)\s*(?:is|:)\s*:?\s*"
_OPEN, _ALONE = r"[(\[\"']?", r"(?=[)\]\"']?\s*(?:[.,:;!?)\]]|$|\n|because\b|since\b))"
_LEAD = re.compile(r"^[ \t]*[(\[\"']?([a-z])(?=[)\]\"']?\s*(?:[.):\]]|$))", re.IGNORECASE | re.MULTILINE)
_CUED = re.compile(rf"\b(?:{_CUE}|(?:choose|pick|select)\s+){_OPEN}([a-z])\b{_ALONE}", re.IGNORECASE)
_NAMED = re.compile(rf"(?<!not )(?<!n't )\b(?:option|choice)\s+{_OPEN}([a-z])(?![\w'-])", re.IGNORECASE)
_BRACKETED = re.compile(r"(?<!\w)[(\[]([a-z])[)\]]", re.IGNORECASE)
_LISTED = re.compile(r"\b(?:or|and|not)\s+\(?([A-Z])\b|(?<![\w'-])([A-Z])(?=\s*(?:[.):;,/&]|$|or\b|and\b))")
_TEXT_CUE = re.compile(rf"^(?:the\s+)?{_CUE}", re.IGNORECASE)


def score(text: str, sample: Sample) -> Score:
    """1.0 where the response names the sample's answer, a letter, and no other option; else 0.0.

    Raises ValueError where the sample's answer is not the letter of one of its choices.
    """
    if sample.answer not in tuple(ascii_uppercase[: len(sample.choices)]):
        raise ValueError(f"sample '{sample.id}': the answer {sample.answer!r} is no option's letter")
    answer = extract(text, sample.choices)
    return Score(float(answer == sample.answer), answer)


def extract(text: str, choices: Sequence[str]) -> str | None:
    """The letter of the one option that `text` names: by letter, or by its whole text.

    >>> [extract(text, ("a cat", "a dog")) for text in ("b.", "(B) a dog", "The answer is B", "A dog.")]
    ['B', 'B', 'B', 'B']
    >>> [extract(text, ("open", "closed")) for text in ("camera", "A door", "A or B", "")]
    [None, None, None, None]
    """
    text = _MARKUP.sub("", text).strip()
    letter = _by_text(text, choices)
    return letter if letter is not None else _by_letter(text, ascii_uppercase[: len(choices)])


def _by_text(text: str, choices: Sequence[str]) -> str | None:
    said = {normalize(text), normalize(_TEXT_CUE.sub("", text))}
    hits = []
    for letter, choice in zip(ascii_uppercase, choices, strict=False):
        option = normalize(choice)
        forms = {f"{letter.lower()}{mark} {option}" for mark in (".", ")", ":")}
        forms |= {f"({letter.lower()}) {option}"} | ({option} if len(option) > 1 else set())
        if said & forms:
            hits.append(letter)
    return hits[0] if len(hits) == 1 else None


def _by_letter(text: str, letters: str) -> str | None:
    patterns = (_LEAD, _CUED, _NAMED, _BRACKETED)
    named = {match[1].upper() for pattern in patterns for match in pattern.finditer(text)}
    named &= set(letters)
    listed = {(match[1] or match[2]) for match in _LISTED.finditer(text)} & set(letters)
    return named.pop() if len(named) == 1 and listed <= named else None
