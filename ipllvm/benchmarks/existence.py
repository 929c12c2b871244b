"""Questions that ask whether something is there: what a model that hallucinates says yes to."""

import re
from typing import Final

_PICTURE: Final = r"(?:the|this) (?:image|picture|photo|photograph|figure|scene)"
_ANY: Final = r"(?:an?|another|(?:any|some)(?:thing|one|body)?)"
_COUNT: Final = (
    r"(?:an?|the|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|\d+|many|several|both|"
    r"all|enough|few|multiple|over|under|about|around|as|up)"
)
_FORMS: Final = re.compile(
    rf"\bis there {_ANY}\b|\bare there (?:(?:any|some)\b|(?!{_COUNT}\b)[a-z])|"
    rf"\b(?:do|does|can|could) (?:you|we|{_PICTURE}) (?:see|contain|show|have|include|depict|feature) "
    rf"{_ANY}\b|"
    rf"\b(?:is|are) {_ANY} .*\b(?:present|visible|shown|depicted|seen|there|in {_PICTURE})\b",
    re.IGNORECASE,
)
_DENIED: Final = re.compile(
    r"\b(?:no|not|never|none|neither|nor|nothing|without|lacks?|lacking|missing|absent|absence|free of)\b|"
    r"n['’]t\b",
    re.IGNORECASE,
)
_COMPARED: Final = re.compile(
    r"\b(?:than|same|equal|more|fewer|less|only|exactly|at least|at most|as many|as much|number of|"
    r"total of)\b",
    re.IGNORECASE,
)
_OFFERED: Final = re.compile(r"\byes\W{1,3}(?:or\W+)?no\b|\bno\W{1,3}(?:or\W+)?yes\b", re.IGNORECASE)
_SENTENCE: Final = re.compile(r"[.?!\n]+")


def asks_existence(prompt: str) -> bool:
    """Whether a question asks if something is there, in so many words: it denies and compares nothing.

    >>> asks_existence("Is there a dog?"), asks_existence("Does the image contain a red circle? Yes or no.")
    (True, True)
    >>> asks_existence("Is there not a dog?"), asks_existence("Is the red bar larger than the blue bar?")
    (False, False)
    """
    return any(
        _FORMS.search(each) and not _DENIED.search(each) and not _COMPARED.search(each)
        for each in _SENTENCE.split(_OFFERED.sub(" ", prompt))
    )
