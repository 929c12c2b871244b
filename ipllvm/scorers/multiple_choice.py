"""Multiple choice: which option a response names, if it names one and only one.

Letters count as whole words and only where they stand as an answer; the rules are the same for
every letter, so that "A", which is also a word, is neither easier nor harder to hit than "B". What is
declared ("the answer is C") counts before what is only mentioned on the way to it, a letter that a reply
begins with before letters in the words behind it, and what is denied ("not A", "I would not choose A", "A is
wrong") is not named. Unlike extractors in use elsewhere, nothing is guessed: no answer and
two answers are both unread, and get 0.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from string import ascii_uppercase

from ipllvm.records import Sample, Score
from ipllvm.scorers.exact_match import normalize
from ipllvm.scorers.forms import captured, plain, unretracted, unwrapped
from ipllvm.scorers.letter_forms import DECLARED, DENIED, HEDGES, LEADING, NAMED, OTHERS

_SHORT = 64
"""Characters of a reply that is remembered: most say a letter, and the same ones again and again."""
_NEXT = re.compile(r"[)\]]*\s*(?:[,/&]|\band\b|\bor\b)\s*(?:option\s+)?\(?([A-Z])\b(?!\s+[a-z])")
_MARK = re.compile(r"[.,;:!?()\[\]/&\n]|\s[-–—]\s")
_LABELS = re.compile(r"[)\]]|[.:]\s+[a-z\d]")
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
        raise ValueError(f"sample '{sample.id}': the answer {sample.answer!r} is not an option's letter")
    answer = extract(text, sample.choices)
    return Score(float(answer == sample.answer), answer)


def extract(text: str, choices: Sequence[str]) -> str | None:
    """The letter of the one option that `text` names: by letter, or by its whole text.

    >>> [extract(text, ("a cat", "a dog")) for text in ("b.", "(B) a dog", "The answer is B", "A dog.")]
    ['B', 'B', 'B', 'B']
    >>> [extract(text, ("open", "closed")) for text in ("camera", "A door", "A or B", "")]
    [None, None, None, None]
    """
    read = _extracted if len(text) <= _SHORT else _extracted.__wrapped__
    return read(text, tuple(choices))


@lru_cache(maxsize=1 << 12)
def _extracted(text: str, choices: tuple[str, ...]) -> str | None:
    text = unretracted(re.sub(r"[*`]", "", unwrapped(text)))
    options = {letter: normalize(plain(each)) for letter, each in zip(ascii_uppercase, choices, strict=False)}
    hits = _by_text(text, options)
    return _only(hits) if hits else _by_letter(text, options)


def _by_text(text: str, options: Mapping[str, str]) -> set[str]:
    """The letters of the options that the whole reply says, and of the one that it puts before their text."""
    said = {normalize(text), normalize(_SAYING.sub("", text))}
    hits = {letter for letter, option in options.items() if option.upper() not in options and option in said}
    if hits:
        return hits
    lettered = _LETTERED.match(text)
    if lettered is None or lettered[1].upper() not in options:
        return set()
    behind = {letter for letter, option in options.items() if option == normalize(lettered[2])}
    own = lettered[1].upper()
    return {own} if own in behind else behind and {own, *behind}


def _by_letter(text: str, options: Mapping[str, str]) -> str | None:
    """The letter that is declared, else named; None where a second one is."""
    for each in DENIED:
        text = each.pattern.sub(lambda found: " " * len(found[0]), text)
    cues = [found for found in captured(DECLARED, text) if found[1].upper() in options]
    declared = {letter for found in cues for letter in _with_next(found)}
    if declared:
        return _only(declared)
    named = {found[1].upper() for found in captured((*LEADING, *NAMED), text)} & set(options)
    first = any(each.pattern.match(text) for each in LEADING)
    others = {
        found[1].upper() for found in captured(OTHERS, text) if not first or _is_second(found, options)
    } & set(options)
    return _only(named) if others <= named else None


def _with_next(found: re.Match[str]) -> set[str]:
    """A letter that is declared, with the one that is joined to it ("A or B")."""
    joined = _NEXT.match(found.string, found.end())
    return {found[1].upper()} | ({joined[1]} if joined else set())


def _is_second(found: re.Match[str], options: Mapping[str, str]) -> bool:
    """Whether a letter behind a first one is an answer too: by itself, or as a label of an option."""
    before = _MARK.split(found.string[: found.start(1)])[-1].lower()
    if set(re.findall(r"[^\W_]+", before)) <= HEDGES:
        return True
    behind, option = found.string[found.end() :], options.get(found[1].upper(), "")
    words = normalize(behind.lstrip(")].: "))
    return bool(_LABELS.match(behind)) or (option != "" and words.startswith(option))


def _only(letters: set[str]) -> str | None:
    return next(iter(letters)) if len(letters) == 1 else None
