"""Classification by a free answer: which class names a response says.

Class names count as whole words, blind to case, punctuation and underscores; of overlapping ones only the
longest counts ("baseball bat" is no "bat"). What else a class is called counts where no other class is called
so (synonyms.py: "cell phone" is the class "mobile phone", "donut" is "donuts"). A name that is denied in its
clause ("not a bat", "it cannot really be a bat") is not said. Digits are number words: "3" is "three".
Nothing is guessed: no class and two classes are both unread, and get 0.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from ipllvm.records import Sample, Score
from ipllvm.scorers.forms import unretracted, unwrapped
from ipllvm.scorers.numbers import whole
from ipllvm.scorers.synonyms import synonyms

_WORD = re.compile(r"[^\W_]+")
_TOKEN = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+|[.!?,:;\n]")
_MARK = "|"
_DENIED = (
    r"(?<!\S)(?:not|no|neither|nor|never|cannot|hardly|rather than|instead of|[a-z]+n t)"
    r"(?: (?:a|an|the|any|be|been|really|actually|quite|look|looks|seem|seems|appear|appears|like|to|of|kind|"
    r"sort|think|believe|say|call|see|it|this|that|is|s))* "
)


def score(text: str, sample: Sample) -> Score:
    """1.0 where the response says the sample's answer and no other of its choices, else 0.0.

    Raises ValueError where the sample's answer is not among its choices.
    """
    if sample.answer not in sample.choices:
        raise ValueError(f"sample '{sample.id}': the answer {sample.answer!r} is not among its choices")
    answer = extract(text, sample.choices)
    return Score(float(answer == words(sample.answer)), answer)


def extract(text: str, labels: Sequence[str]) -> str | None:
    """The one label that `text` says, as `words` gives it; None where it says none, or several.

    >>> extract("It's a baseball bat.", ("bat", "Baseball_bat"))
    'baseball bat'
    >>> extract("Not a red circle, but a blue star!", ("red circle", "blue star"))
    'blue star'
    >>> extract("There are 3.", ("three", "four"))
    'three'
    >>> [extract(text, ("cat", "dog")) for text in ("a cat and a dog", "concatenated", "")]
    [None, None, None]
    """
    names, said = _spelt(tuple(labels))
    if not names:
        return None
    reply = _counted(_marked(unretracted(unwrapped(text))))
    hits = {each[2].replace(f" {_MARK}", "") for each in said.finditer(reply) if each[1] is None}
    counts = {word for word in reply.split() if whole(word) is not None}
    found = {names[hit] for hit in hits}
    if len(found) != 1 or (hits & counts and len(counts) > 1):  # "5 and 6" is no five
        return None
    return found.pop()


@lru_cache(maxsize=64)
def _spelt(labels: tuple[str, ...]) -> tuple[dict[str, str], re.Pattern[str]]:
    """The labels as `words` gives them, by all that they are called, and what finds any of it in a reply."""
    names = {_counted(words(label)): words(label) for label in labels if words(label)}
    others = {(_counted(words(other)), words(label)) for label in labels for other in synonyms(label)}
    times = Counter(other for other, _ in others)
    names |= {other: label for other, label in others if times[other] == 1 and other and other not in names}
    longest = sorted(names, key=len, reverse=True)
    spelt = "|".join(rf"(?: \{_MARK})? ".join(map(re.escape, name.split())) for name in longest)
    return names, re.compile(rf"({_DENIED})?(?<!\S)({spelt})(?!\S)")


def _marked(text: str) -> str:
    """As `words`, with a mark where a clause ends."""
    tokens = _TOKEN.findall(text.casefold())
    return " ".join(each if each[0].isalnum() else _MARK for each in tokens)


def _counted(text: str) -> str:
    """Words with numbers in digits."""
    numbers = ((word, whole(word)) for word in text.split())
    return " ".join(word if number is None else f"{number:f}" for word, number in numbers)


def words(text: str) -> str:
    """The words of a text in one case, apart by single spaces.

    >>> words("A380-800, Airliner_2!")
    'a380 800 airliner 2'
    """
    return " ".join(_WORD.findall(text.casefold()))
