"""Numbers as people write them, one form a row; what could be two numbers, or none, is none."""

import re
from decimal import Decimal, DivisionByZero, InvalidOperation

from ipllvm.scorers.forms import Form, form

_SIGN, _MONEY = r"[-+]?", r"(?:(?:US)?[$€£¥]|(?:USD|EUR|GBP|Rs\.?)\s*)?"
_DIGITS = (
    r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?: \d{3})+(?:[.,]\d+)?|"
    r"\d+,\d{1,2}(?![\d,])|\d+(?:\.\d+)?(?:e[-+]?\d{1,3})?|\.\d+)"
)
PLAIN = rf"{_SIGN}\s?{_MONEY}\s?{_SIGN}{_DIGITS}"
SCALES = {"dozen": 12, "hundred": 100, "thousand": 10**3, "k": 10**3, "million": 10**6, "billion": 10**9}
_CUT = r"(?!\d|[.,:]\d|\s?/\s?\d|[mMbB](?![a-z])|\s*(?:or|to)\s+[$\d]|\s?[-–]\s?\d)"
"""What may not follow: digits that belong to it, a time, a scale that could be a unit, a second bound."""
FORMS = (
    form("an equation", rf"^[^=\n]*\d[^=\n]*=\s*({PLAIN}){_CUT}(?!\s*[-+*/x×÷=])", "5 + 3 = 8", "2 * 3 = 6."),
    form(
        "a power of ten",
        rf"^({PLAIN}\s*(?:x|×|\*|·)\s*10\s*\^\s*{{?\s*-?\d{{1,3}}}}?)",
        "5 x 10^3",
        "5 × 10^{3}",
    ),
    form("a mixed fraction", rf"^({_SIGN}\d+\s+\d+/\d+)(?!\s?/|\d)", "1 1/2"),
    form("a fraction", rf"^({PLAIN}\s?/\s?\d+(?:\.\d+)?)(?!\s?/|\d)", "3/4", "1 / 2"),
    form(
        "a scale",
        rf"^({PLAIN}\s*(?:dozen|hundred|thousand|million|billion|k)\b)",
        "5 thousand",
        "2 dozen",
        "5k",
    ),
    form(
        "digits",
        rf"^({PLAIN}){_CUT}",
        "42",
        "$1,234.50",
        "1.234,50",
        "1 234",
        "1,2",
        ".5",
        "1e3",
        "-$5",
        "$-5",
        "+5",
        "€42",
        "USD 42",
        "50%",
        "7th",
        "42 apples",
        "1,000,000",
        "42, 43",
    ),
    form(
        "words",
        r"^((?:minus\s+)?(?:[a-z]+(?:[\s-]+(?:and\s+)?[a-z]+)*))",
        "forty-two",
        "one hundred and five",
    ),
)
"""In this order: the first that matches at the beginning of a text counts."""

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: number for number, word in enumerate(_ONES.split())}
_WORDS |= {word: 10 * number for number, word in enumerate(_TENS.split(), 2)}


def leading(text: str) -> Decimal | None:
    """The number that a text begins with; None where it begins with none, or where it is cut or in doubt.

    >>> [str(leading(text)) for text in ("42 apples", "3/4", "5 + 3 = 8", "forty-two", "1,234.5")]
    ['42', '0.75', '8', '42', '1234.5']
    >>> [leading(text) for text in ("12:30", "3 to 5", "apples", "5M", "1,2345")]
    [None, None, None, None, None]
    """
    for each in FORMS:
        if found := each.pattern.match(text):
            return _value(each, found[1])
    return None


def _value(kind: Form, text: str) -> Decimal | None:
    try:
        if kind.name == "words":
            return _in_words(text)
        if kind.name == "a power of ten":
            base, exponent = re.split(r"(?:x|×|\*|·)\s*10\s*\^", text, flags=re.IGNORECASE)
            return _digits(base) * Decimal(10) ** int(exponent.strip("{} "))
        if kind.name == "a mixed fraction":
            whole, part = text.split(maxsplit=1)
            above, below = map(Decimal, part.split("/"))
            return Decimal(whole) + (-1 if whole.startswith("-") else 1) * above / below
        if kind.name == "a fraction":
            above_text, below_text = text.split("/")
            return _digits(above_text) / Decimal(below_text.strip())
        if kind.name == "a scale":
            return (
                _digits(text.rstrip("abcdefghijklmnopqrstuvwxyzK"))
                * SCALES[re.findall("[a-z]+$", text.lower())[0]]
            )
        return _digits(text)
    except (InvalidOperation, DivisionByZero, ValueError):
        return None


def _digits(text: str) -> Decimal:
    """The value of digits with signs, a currency and marks between thousands."""
    digits = re.sub(
        r"[^\d.,e+-]", "", re.sub(r"USD|EUR|GBP|Rs\.?", "", text, flags=re.IGNORECASE), flags=re.IGNORECASE
    )
    sign = -1 if digits.startswith("-") or digits[:2] == "+-" else 1
    digits = digits.lstrip("+-")
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d+|\d+,\d{1,2}", digits):
        digits = digits.replace(".", "").replace(",", ".")
    return sign * Decimal(digits.replace(",", ""))


def _fits(part: int, value: int, read: bool) -> bool:
    """Whether a word may follow what was read: "forty two" and "hundred two", not "one two"."""
    return not read or part % 100 == 0 or (part % 10 == 0 and part % 100 >= 20 and value < 10)


def _in_words(text: str) -> Decimal | None:
    """The value of number words at the beginning of a text, at least one of them."""
    words = re.findall("[a-z]+", text.lower())
    sign = -1 if words[:1] == ["minus"] else 1
    total, part, read = 0, 0, False
    for word in words[1 if sign < 0 else 0 :]:
        if word in _WORDS and _fits(part, _WORDS[word], read):
            part += _WORDS[word]
        elif word == "hundred" and read:
            part *= 100
        elif word in SCALES and read:
            total, part = total + part * SCALES[word], 0
        elif word != "and" or not read:
            break
        read = True
    return Decimal(sign * (total + part)) if read else None
