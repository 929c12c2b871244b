"""Multiple choice: which option a response names, if it names one and only one.

Letters count as whole words and only where they stand as an answer; the rules are the same for
every letter, so that "A", which is also a word, is neither easier nor harder to hit than "B". What is
declared ("the answer is C") counts before what is only mentioned on the way to it, and what is denied
("not A", "A is wrong") is not named. Unlike extractors in use elsewhere, nothing is guessed: no answer and
two answers are both unread, and get 0.
"""

import re
from collections.abc import Sequence
from string import ascii_uppercase

from ipllvm.records import Sample, Score
from ipllvm.scorers.exact_match import normalize
from ipllvm.scorers.forms import captured, unretracted, unwrapped
from ipllvm.scorers.letter_forms import DECLARED, DENIED, LEADING, NAMED

_LISTED = re.compile(r"\b(?:or|and)\s+\(?([A-Z])\b|(?<![\w'-])([A-Z])(?=\s*(?:[.):;,/&]|$|or\b|and\b))")
_NEXT = re.compile(r"[)\]]*\s*(?:[,/&]|\band\b|\bor\b)\s*(?:option\s+)?\(?([A-Z])\b(?!\s+[a-z])")
_SAYING = re.compile(
    r"^(?:(?:the\s+)?(?:(?:final|correct|right|best)\s+)?(?:answer|option|choice)\s*(?:is|:)\s*:?\s*|(?:it|this|that|there)"
    r"(?: is|'s| are)\s+|(?:the\s+)?(?:image|picture|photo)\s+(?:shows|depicts|contains|has)\s+)",
    re.IGNORECASE,
)
_LETTERED = re.compile(
    r"^[(\[]?([a-z])(?:[)\].:、]|\s*[-–—]|\s*(?=\())\s*\(?(.*?)\)?$", re.IGNORECASE | re.DOTALL
)


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
    text = unretracted(re.sub(r"[*`]", "", unwrapped(text)))
    hits = _by_text(text, choices)
    return _only(hits) if hits else _by_letter(text, ascii_uppercase[: len(choices)])


def _by_text(text: str, choices: Sequence[str]) -> set[str]:
    """The letters of the options that the whole reply says, and of the one that it puts before their text."""
    options = {letter: normalize(choice) for letter, choice in zip(ascii_uppercase, choices, strict=False)}
    said = {normalize(text), normalize(_SAYING.sub("", text))}
    hits = {letter for letter, option in options.items() if len(option) > 1 and option in said}
    if hits:
        return hits
    lettered = _LETTERED.match(text)
    if lettered is None or lettered[1].upper() not in options:
        return set()
    behind = {letter for letter, option in options.items() if option == normalize(lettered[2])}
    own = lettered[1].upper()
    return {own} if own in behind else behind and {own, *behind}


def _by_letter(text: str, letters: str) -> str | None:
    for each in DENIED:
        text = each.pattern.sub(" ", text)
    declared = {letter for found in captured(DECLARED, text) for letter in _with_next(found, letters)}
    if declared:
        return _only(declared)
    named = {found[1].upper() for found in captured((*LEADING, *NAMED), text)} & set(letters)
    listed = {(found[1] or found[2]) for found in _LISTED.finditer(text)} & set(letters)
    return _only(named) if listed <= named else None


def _with_next(found: re.Match[str], letters: str) -> set[str]:
    """A letter that is declared, with the one that is joined to it ("A or B")."""
    joined = _NEXT.match(found.string, found.end())
    return ({found[1].upper()} | ({joined[1]} if joined else set())) & set(letters)


def _only(letters: set[str]) -> str | None:
    return next(iter(letters)) if len(letters) == 1 else None
