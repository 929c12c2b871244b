"""Options that speak of other options: they mean something else where these stand elsewhere."""

import re
from collections.abc import Sequence
from typing import Final

_OPTION = r"(?:options?|choices?|answers?)"
_LETTER = r"\(?[A-H]\)?"
_SEVERAL = r"(?i:all|none|both|neither|either|any|some|one|two|three)"
OF_OTHERS: Final = re.compile(
    rf"\b{_SEVERAL}(?i: of)?(?i: the)? (?i:above|below|these|those|them|others?|{_OPTION}|other {_OPTION})\b"
    rf"|\b(?i:both|neither|either|only) {_LETTER}(?!\w)"
    rf"|^{_LETTER}(?:, ?{_LETTER})*,? (?i:and|or|nor|&) {_LETTER}\.?$"
    rf"|\b(?i:other|previous|preceding|following) {_OPTION}\b"
)


def speak_of_each_other(options: Sequence[str]) -> bool:
    """Whether one of some options names others, by letters or all together.

    >>> speak_of_each_other(["red", "blue", "Both A and B"]), speak_of_each_other(["none of the above"])
    (True, True)
    >>> speak_of_each_other(["above the table", "below", "both hands"]), speak_of_each_other(["A", "B"])
    (False, False)
    """
    return any(OF_OTHERS.search(option.strip()) for option in options)
