"""Classification by a free answer: which class names a response says.

Class names count as whole words, blind to case, punctuation and underscores; of overlapping ones
only the longest counts ("baseball bat" is no "bat"). A name after "not" or "no" is not said.
Nothing is guessed: no class and two classes are both unread, and get 0.
"""

import re
from collections.abc import Sequence

from ipllvm.records import Sample, Score

_WORD = re.compile(r"[^\W_]+")
_DENIED = r"(?<!\S)(?:not|no|isn t|aren t|wasn t)(?: (?:a|an|the|any))? "


def score(text: str, sample: Sample) -> Score:
    """1.0 where the response says the sample's answer and no other of its choices, else 0.0.

    Raises ValueError where the sample's answer is none of its choices.
    """
    if sample.answer not in sample.choices:
        raise ValueError(f"sample '{sample.id}': the answer {sample.answer!r} is none of its choices")
    answer = extract(text, sample.choices)
    return Score(float(answer == words(sample.answer)), answer)


def extract(text: str, labels: Sequence[str]) -> str | None:
    """The one label that `text` says, as `words` gives it; None where it says none, or several.

    >>> extract("It's a baseball bat.", ("bat", "Baseball_bat"))
    'baseball bat'
    >>> extract("Not a red circle, but a blue star!", ("red circle", "blue star"))
    'blue star'
    >>> [extract(text, ("cat", "dog")) for text in ("a cat and a dog", "concatenated", "")]
    [None, None, None]
    """
    known = sorted({words(label) for label in labels} - {""}, key=len, reverse=True)
    if not known:
        return None
    pattern = rf"({_DENIED})?(?<!\S)({'|'.join(map(re.escape, known))})(?!\S)"
    said = {match[2] for match in re.finditer(pattern, words(text)) if match[1] is None}
    return said.pop() if len(said) == 1 else None


def words(text: str) -> str:
    """The words of a text in one case, apart by single spaces.

    >>> words("A380-800, Airliner_2!")
    'a380 800 airliner 2'
    """
    return " ".join(_WORD.findall(text.casefold()))
