"""Yes or no, read from whole words at the places where an answer stands.

MME's reference evaluation looks for "yes", then "no", anywhere in the first four characters, so
that "Not sure" is a "no"; here only the words count, and "Not sure" is no answer, nor is the "no" of
"No idea" and "No dog is seen", which may answer another question. Where a reply says both, it says neither.
"""

import re

from ipllvm.records import Sample, Score
from ipllvm.scorers.forms import captured, form, unretracted, unwrapped

_WORDS = {"yes": "yes", "y": "yes", "no": "no", "n": "no"}
_NO = (
    r"no(?=[^\S\n]*(?:$|[^\w\s]|\n)|\s+(?:there|it|he|she|they|i|we|you|this|that|these|those|the|an?|because|since|"
    r"as|not|but|and|or|in|on|at|here|yes|no|sir)\b)"
)
"""The answer, not the word of "no one" and "no idea"."""
_WORD = rf"(yes|{_NO})"
_END = r"\b(?!-)(?!\s*(?:/|or\b|and\b))(?!\.?\s*\d)"
_OPINION = (
    r"(?:(?:based on|according to|looking at|judging by|from)\s[^,.]*,|"
    r"in (?:the|this) (?:image|picture|photo),?|"
    r"i (?:think|believe|would say|guess)(?: that)?(?: the answer is)?,?|well,?|sure[,.:!]?|ok(?:ay)?[,.:!]?|"
    r"no (?:problem|doubt(?: about it)?|question(?: about it)?|worries)[,.:!]?)"
)
SAID = (
    form(
        "at the beginning",
        rf"^\W*{_WORD}{_END}",
        "Yes.",
        "yes",
        '"Yes"',
        "Yes, there is no dog",
        "**Yes**",
        "YES!!",
        "Yes, I'm sure it's a no-smoking sign",
        "Yes</s>",
        "Ｙｅｓ",
        "ASSISTANT: Yes",
        "<think>no..</think>yes",
    ),
    form("as an option", rf"^\(?[A-Z][.):]\s*{_WORD}{_END}", "A. Yes", "(B) yes"),
    form(
        "behind an opinion",
        rf"^{_OPINION}\s+{_WORD}{_END}",
        "Based on the image, yes, there is.",
        "I think yes",
        "Looking at the picture, yes.",
        "No problem! Yes, there is.",
        "No doubt, yes.",
    ),
    form(
        "the answer is",
        rf"\banswer\s*(?:is|would be|:|=)\s*:?\W*{_WORD}{_END}",
        "The answer is yes.",
        "Answer: Yes",
        "**Answer:** Yes",
        "The correct answer is yes",
        "Final answer: yes",
        "There are two. So the answer is yes.",
        r"\boxed{yes}",
    ),
)
"""Where an answer stands."""
_OTHER = re.compile(r"^\W*(?:yes|no)\b[\s,;.!?]+(yes|no)\b\s*(?=[,.;!?\n]|$)", re.IGNORECASE)
"""A second word right behind the first: "Yes, no, maybe"."""
_SENTENCE = re.compile(r"(?<=[.!?\n])\s*(yes|no)\s*(?=[.!?\n]|$)", re.IGNORECASE)
"""A later sentence that is an answer."""


def score(text: str, sample: Sample) -> Score:
    """1.0 where the response says the sample's answer, else 0.0.

    Raises ValueError where the sample's answer is neither "yes" nor "no".
    """
    gold, answer = extract(sample.answer), extract(text)
    if gold is None:
        raise ValueError(f"sample '{sample.id}': the answer {sample.answer!r} is neither yes nor no")
    return Score(float(answer == gold), answer)


def extract(text: str) -> str | None:
    """What the text says where an answer stands, "yes" or "no", or None; a lone letter y or n will do.

    >>> [extract(text) for text in ("Yes.", "No, it isn't", "N", "The answer is yes.")]
    ['yes', 'no', 'no', 'yes']
    >>> [extract(text) for text in ("Not sure", "I know", "yes or no", "")]
    [None, None, None, None]
    """
    text = unretracted(unwrapped(text))
    whole = _WORDS.get(text.strip(" \t\r\n.!\"'。").lower())
    if whole is not None:
        return whole
    said = {found[1].lower() for found in (*captured(SAID, text), *_SENTENCE.finditer(text))}
    if second := _OTHER.match(text):
        said.add(second[1].lower())
    return said.pop() if len(said) == 1 else None
