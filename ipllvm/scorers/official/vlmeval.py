"""VLMEvalKit's reading of lettered options without a judge: utils/matching_util.py, "exact matching"."""

import re

from ipllvm.records import Sample, Score
from ipllvm.scorers.official.letters import graded, letters

REFUSALS = (
    "Sorry, I can't help with images of people yet.",
    "I can't process this file.",
    "I'm sorry, but without the image provided",
    "Cannot determine the answer",
)
NONE = "Z"
LAST_WORDS = 4
_MARKS = re.compile(r"[.()\[\],:;!*#{}]")


def letter(response_text: str, sample: Sample) -> Score:
    """One option's letter as a word among the last four, else the one option text in a short reply.

    "Z" as a word, and no option's letter, is a refusal.

    >>> sample = Sample("s", "s", (), "?", "B", ("red", "blue"))
    >>> [letter(text, sample).answer for text in ("(B)", "B: it is", "A or B", "The blue one", "I can't")]
    ['B', 'B', None, 'B', None]
    """
    if any(words in response_text for words in REFUSALS):
        return graded(None, sample, "a refusal")
    words = _MARKS.sub(" ", response_text).split()
    named = [each for each in letters(sample, most=4) if each in words]
    if len(named) == 1 and words.index(named[0]) >= len(words) - LAST_WORDS:
        return graded(named[0], sample)
    if not named and NONE in words:
        return graded(None, sample, "a refusal")
    return graded(_by_text(response_text.lower(), sample), sample)


def _by_text(text: str, sample: Sample) -> str | None:
    if len(text) > 2 * sum(map(len, sample.choices)):
        return None
    pairs = zip(letters(sample), sample.choices, strict=False)
    named = [each for each, choice in pairs if choice.lower() in text]
    return named[0] if len(named) == 1 else None
