"""Numbers as people write them, one form a row; what could be two numbers, or none, is none.

One reader serves all: `leading` is the number that a text begins with, `whole` the number that it is.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, DivisionByZero, InvalidOperation

from ipllvm.scorers.forms import Form

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: number for number, word in enumerate(_ONES.split())}
_WORDS |= {word: 10 * number for number, word in enumerate(_TENS.split(), 2)}
SCALES = {
    "dozen": 12,
    "hundred": 100,
    "thousand": 10**3,
    "k": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}
_ANY_WORD, _ANY_SCALE = rf"(?:{'|'.join(_WORDS)})\b", rf"(?:{'|'.join(SCALES)})s?\b"

_SIGN, _MONEY = r"[-+]?", r"(?:(?:US)?[$€£¥]|(?:USD|EUR|GBP|Rs\.?)\s*)?"
_DIGITS = (
    r"(?:\d{1,3}(?:[,'_]\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?: \d{3})+(?:[.,]\d+)?|"
    r"\d+,\d{1,2}(?![\d,])|\d+(?:\.\d+)?(?:e[-+]?\d{1,3})?|\.\d+)"
)
PLAIN = rf"{_SIGN}\s?{_MONEY}\s?{_SIGN}{_DIGITS}"


def _digits(text: str) -> Decimal:
    """The value of digits with signs, a currency and marks between thousands."""
    digits = re.sub(r"USD|EUR|GBP|Rs\.?", "", text, flags=re.IGNORECASE)
    digits = re.sub(r"[^\d.,e+-]", "", digits, flags=re.IGNORECASE)
    sign = -1 if digits.startswith("-") or digits[:2] == "+-" else 1
    digits = digits.lstrip("+-")
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d+|\d+,\d{1,2}", digits):
        digits = digits.replace(".", "").replace(",", ".")
    return sign * Decimal(digits.replace(",", ""))


def _fits(part: int, value: int, read: bool) -> bool:
    """Whether a word may follow what was read: "forty two" and "hundred two", not "one two"."""
    return not read or part % 100 == 0 or (part % 10 == 0 and part % 100 >= 20 and value < 10)


def _in_words(text: str) -> Decimal:
    """The value of number words; raises ValueError where they make more than one number."""
    total, part, read = 0, 0, False
    for word in re.findall("[a-z]+", text.lower()):
        scale = SCALES.get(word) or SCALES.get(word.removesuffix("s"))
        if word in _WORDS and _fits(part, _WORDS[word], read):
            part += _WORDS[word]
        elif scale == 100:
            part *= scale
        elif scale:
            total, part = total + part * scale, 0
        elif word != "and":
            raise ValueError(f"two numbers: {text!r}")
        read = True
    return Decimal(-total - part if text.startswith("-") else total + part)


def _mixed(found: re.Match[str]) -> Decimal:
    part = Decimal(found[3]) / Decimal(found[4])
    return Decimal(found[2]) * (-1 if found[1] == "-" else 1) + (-part if found[1] == "-" else part)


@dataclass(frozen=True, slots=True)
class Written(Form):
    """A form of numbers, with the value of what its pattern found.

    `value` raises ValueError, InvalidOperation or DivisionByZero where that is not a number.
    """

    value: Callable[[re.Match[str]], Decimal]


def _written(name: str, pattern: str, value: Callable[[re.Match[str]], Decimal], *examples: str) -> Written:
    return Written(name, re.compile(pattern, re.IGNORECASE), examples, value)


FORMS = (
    _written(
        "a power of ten",
        rf"({PLAIN})\s*(?:x|×|\*|·)\s*10\s*\^\s*{{?\s*(-?\d{{1,3}})\s*}}?",
        lambda found: _digits(found[1]) * Decimal(10) ** int(found[2]),
        "5 x 10^3",
        "5 × 10^{3}",
    ),
    _written("a mixed fraction", rf"({_SIGN})\s?(\d+)\s+(\d+)\s?/\s?(\d+)", _mixed, "1 1/2", "1½"),
    _written(
        "a fraction",
        rf"({PLAIN})\s?/\s?(\d+(?:\.\d+)?)",
        lambda found: _digits(found[1]) / Decimal(found[2]),
        "3/4",
        "1 / 2",
        "½",
    ),
    _written(
        "a scale",
        rf"({PLAIN})\s*({_ANY_SCALE})",
        lambda found: _digits(found[1]) * _in_words(f"one {found[2]}"),
        "5 thousand",
        "2 dozen",
        "2 dozens",
        "5k",
    ),
    _written(
        "digits",
        rf"({PLAIN})",
        lambda found: _digits(found[1]),
        "42",
        "$1,234.50",
        "1.234,50",
        "1 234",
        "1'234",
        "1{,}234",
        "1,2",
        ".5",
        "1e3",
        "-$5",
        "$-5",
        r"\$5",
        "+5",
        "minus 5",
        "€42",
        "USD 42",
        "50%",
        "7th",
        "(7)",
        '"7"',
        "x = 7",
        "42 apples",
        "1,000,000",
    ),
    _written(
        "words",
        rf"(-?\s?{_ANY_WORD}(?:[\s-]+(?:and[\s-]+)?(?:{_ANY_WORD}|{_ANY_SCALE}))*)",
        lambda found: _in_words(found[1]),
        "forty-two",
        "one hundred and five",
        "negative five",
    ),
)
"""In this order: the first that matches at the beginning of a text counts."""

_NUMBER = rf"(?:[-+]?\s?[$€£¥]?\s?[-+]?\.?\d|(?:minus\s|negative\s)?{_ANY_WORD})"
_OPENING = re.compile(r"[\s(\"'\[{<*_~≈]*(?:[a-z](?:_?\d)?\s*=\s*)?[\s(\"'\[{<*_~≈]*", re.IGNORECASE)
_NEGATIVE = re.compile(r"(?:minus|negative)\s+", re.IGNORECASE)
_UNIT = r"[)\]}>\"'$]*(?:\s*%|\s+[a-z°%]+)?[)\]}>\"']*"
_PARTS = r"(?:hal(?:f|ves)|(?:third|quarter|fourth|fifth|sixth|seventh|eighth|ninth|tenth|hundredth)s?)\b"
_COMPOUND = (
    r"(?:feet|foot|ft|hours?|hrs?|h|minutes?|mins?|years?|months?|weeks?|days?|pounds?|lbs?|dollars?|m|km|kg)"
)
DOUBTS = (
    (
        "a factor",
        r"\s?(?:\\(?:pi|sqrt|cdot|theta|alpha|beta|tau|phi|sin|cos|tan|log|ln)\b|[√π]|(?:pi|[xyz])\b)",
    ),
    ("more digits, a time", r"\d|[.,:'_]\d|\s?/\s?\d"),
    ("a scale that could be a unit", r"[mb](?![a-z])|\s?(?:bn|mn|tn|mil|lakh|crore)\b"),
    ("another number", rf"{_UNIT}\s*[,;]?\s*(?:\b(?:or|to|and|through|versus|vs\.?)\b)\s*{_NUMBER}"),
    ("another number in a list", rf"[)\]}}\"'$]*(?:\s*[,;]\s*|\s+){_NUMBER}"),
    ("a smaller unit", rf"\s*{_COMPOUND}\s+{_NUMBER}"),
    ("another unknown", r"\s*(?:[,;]|\bor\b|\band\b)\s*[a-z]\w?\s*="),
    ("a span, a difference", rf"{_UNIT}\s*[-–—]\s?[($]*{_NUMBER}"),
    (
        "an operation",
        rf"{_UNIT}\s*(?:\*\*?|[+×÷·±/=≈]|(?<![a-z])x(?=[\s\d]))\s*(?:[(√$]*{_NUMBER}|[(√]|[a-z]\b)",
    ),
    ("a power", r"[)\]}]*\s?\^\s*[{(]?\s*-?\s*(?:\d|[a-z]\b)|\s+(?:squared|cubed)\b"),
    (
        "an operation in words",
        rf"{_UNIT}\s*\b(?:times|plus|minus|over|equals|(?:divided|multiplied)\s+by|(?:more|less)\s+than)\s+{_NUMBER}",
    ),
    ("a share of", rf"\s*(?:%|percent)\s+of\s+{_NUMBER}"),
    ("a rate", rf"\s+in\s+(?:\d{{1,2}}\b|{_ANY_WORD})"),
    ("a part", rf"(?:[\s-]+and)?[\s-]+(?:an?[\s-]+|one[\s-]+)?{_PARTS}|\s+point\b"),
)
"""What stands behind digits or words that are not the whole number: by name, the pattern."""
_DOUBT = re.compile("|".join(f"(?:{pattern})" for _, pattern in DOUBTS), re.IGNORECASE)
_SIDE = re.compile(
    r"((?:(?!\b(?:or|and)\b)(?:[^=≈\n,.;:!?]|[.,:](?=\d)))+?)\s*(?:=|≈|\bequals\b)", re.IGNORECASE
)
_STARTS = re.compile(_NUMBER, re.IGNORECASE)


def leading(text: str) -> Decimal | None:
    """The number that a text begins with; None where it begins with none, or where it is cut or in doubt.

    Of an equation it is the side that is a number; where two sides are, and differ, none.

    >>> [str(leading(text)) for text in ("42 apples", "3/4", "5 + 3 = 8", "forty-two", "(1,234.5)", "x = 5")]
    ['42', '0.75', '8', '42', '1234.5', '5']
    >>> [leading(text) for text in ("12:30", "3 to 5", "apples", "5M", "1,2345", "5 + 3", "two and a half")]
    [None, None, None, None, None, None, None]
    """
    left = None
    while (found := beginning(text)) is None:
        side = _SIDE.match(text)
        if side is None:
            return left
        value = whole(side[1].strip())
        left = left if value is None else value
        text = text[side.end() :]
    return found[0] if left in (None, found[0]) else None


def beginning(text: str) -> tuple[Decimal, str] | None:
    """As `leading`, no equation, with what stands behind the number."""
    text = _opened(text)
    found = _read(text)
    return None if found is None or _DOUBT.match(text, found[1]) else (found[0], text[found[1] :])


def whole(text: str) -> Decimal | None:
    """The number that a text is, without anything beside it; None where it is none.

    >>> [str(whole(text)) for text in ("1,000", "three", "3/4", "-2.50")]
    ['1000', '3', '0.75', '-2.50']
    >>> [whole(text) for text in ("5 and 6", "5 6", "3D", "three dogs", "one two", "5 + 3 = 8")]
    [None, None, None, None, None, None]
    """
    text = _NEGATIVE.sub("-", text, count=1) if _NEGATIVE.match(text) else text
    found = _read(text)
    return found[0] if found is not None and found[1] == len(text) else None


def starts(text: str) -> bool:
    """Whether a text begins with a number, be it in doubt."""
    return bool(_STARTS.match(_opened(text)))


def _opened(text: str) -> str:
    """The text without what stands before a number and is no part of it; a sign in words is a sign."""
    text = _OPENING.sub("", text, count=1)
    return _NEGATIVE.sub("-", text, count=1) if _NEGATIVE.match(text) else text


def _read(text: str) -> tuple[Decimal, int] | None:
    """The number at the beginning by the first form that matches, and where it ends."""
    for each in FORMS:
        if found := each.pattern.match(text):
            try:
                return each.value(found), found.end()
            except (InvalidOperation, DivisionByZero, ValueError):
                return None
    return None
