"""Exact match of short answers, blind to how they are put: case, articles, digits or words, a full sentence.

Nothing that means something else is forgiven: "dark red" is not "red".
"""

from functools import lru_cache

from ipllvm.records import Sample, Score
from ipllvm.scorers.forms import form, unretracted, unwrapped
from ipllvm.scorers.numbers import whole

_QUOTES = ("''", '""', "``", "“”", "‘’")
PUT = (
    form(
        "the answer is",
        r"^(?:so |thus )?(?:the\s+)?(?:(?:final|correct|right|best)\s+)?answer\s*(?:is|:|=)"
        r"\s*:?\s*(.*)$",
        "The answer is red",
        "Answer: red",
        r"\boxed{red}",
    ),
    form("it is", r"^(?:it|this|that)(?: is|'s)\s+(.*)$", "It is red.", "It's red"),
    form("an article", r"^(?:a|an|the)\s+(\S.*)$", "the red", "The answer is a red"),
    form("an end", r"^(.*[^\s.!,;:。])[\s.!,;:。]+$", "red!", "red,", "red。", "red."),
)
"""How a short answer is put into a sentence; what is left is the answer."""
SPELLINGS = {"grey": "gray", "colour": "color", "coloured": "colored", "centre": "center", "metre": "meter"}


def score(text: str, sample: Sample) -> Score:
    """1.0 where the response is the sample's answer, both as `said` gives them; an empty one is unread."""
    answer = said(text)
    return Score(float(answer == said(sample.answer)), answer or None)


@lru_cache(maxsize=1 << 12)
def said(text: str) -> str:
    """The answer that a text is, in one form for all ways of putting it.

    >>> [said(text) for text in ("The answer is a **Red**.", "1,000", "three", "12 %", "grey")]
    ['red', '1000', '3', '12%', 'gray']
    """
    left, before = normalize(unretracted(unwrapped(text))), None
    while left != before:
        before = left
        for each in PUT:
            left = each.pattern.sub(r"\1", left)
        left = normalize(left)
    return _number(left) or " ".join(SPELLINGS.get(word, word) for word in left.split())


def _number(text: str) -> str | None:
    """A number in digits, where that is all that a text says."""
    value = whole(text.removesuffix("%").rstrip())
    return None if value is None else f"{value.normalize() + 0:f}" + "%" * text.endswith("%")


def normalize(text: str) -> str:
    r"""The text in one case and one line, without surrounding quotes and trailing periods.

    >>> normalize(' "Dark  Red." \n')
    'dark red'
    """
    text = " ".join(text.casefold().split())
    while text:
        bare = text.removesuffix(".")
        if len(bare) > 1 and bare[0] + bare[-1] in _QUOTES:
            bare = bare[1:-1]
        bare = bare.strip()
        if bare == text:
            break
        text = bare
    return text
