"""ScienceQA: one letter of up to five.

Sources: haotian-liu/LLaVA, llava/eval/eval_science_qa.py; lmms-eval, tasks/scienceqa; TroL, eval/utils.py
(whose rule serves Q-Bench too).
"""

import re

from ipllvm.records import Sample, Score
from ipllvm.scorers.official.letters import graded, letters

OPTIONS = ("A", "B", "C", "D", "E")
_SENTENCE = re.compile(r"The answer is ([A-Z]).")


def official(response_text: str, sample: Sample) -> Score:
    """LLaVA: the letter; the letter, a period and a blank; or one "The answer is X" with a character behind.

    >>> sample = Sample("s", "s", (), "?", "A", ("yes", "no"))
    >>> [official(text, sample).answer for text in ("A", "A. yes", "So. The answer is A.", "A.", "(A)", "a")]
    ['A', 'A', 'A', None, None, None]
    """
    text = response_text
    if text[:1] in OPTIONS and (text in OPTIONS or text[1:3] == ". "):
        return graded(_among(text[0], sample), sample)
    return graded(_among(_sentence(text), sample), sample)


def lmms(response_text: str, sample: Sample) -> Score:
    r"""lmms-eval: the whole reply is the letter, blind to case; or it begins with a capital and a period.

    >>> sample = Sample("s", "s", (), "?", "A", ("yes", "no"))
    >>> [lmms(text, sample).value for text in (" a\n", "A.", "A. yes", "(A)", "The answer is A.")]
    [1.0, 1.0, 1.0, 0.0, 0.0]
    """
    text = response_text.strip()
    lettered = len(text) >= 2 and text[0].isupper() and text[1] == "."
    return graded(_among(text[0] if lettered else text.upper(), sample), sample)


def trol(response_text: str, sample: Sample) -> Score:
    """TroL: as `read_trol`; nothing read is wrong."""
    return graded(read_trol(response_text, sample), sample)


def read_trol(text: str, sample: Sample) -> str | None:
    """The letter; a capital A-E at the start with a period anywhere; or one "The answer is X".

    Any sentence that begins with such a capital says that letter.

    >>> sample = Sample("s", "s", (), "?", "A", ("yes", "no"))
    >>> [read_trol(text, sample) for text in ("A", "B is not it, so it is A.", "The answer is B.", "A)")]
    ['A', 'B', 'B', None]
    """
    if text in OPTIONS or (len(text) >= 2 and text[0] in OPTIONS and "." in text):
        return _among(text[0], sample)
    return _among(_sentence(text), sample)


def _sentence(text: str) -> str | None:
    found = _SENTENCE.findall(text)
    return found[0] if len(found) == 1 else None


def _among(letter: str | None, sample: Sample) -> str | None:
    return letter if letter is not None and letter in tuple(letters(sample, most=5)) else None
