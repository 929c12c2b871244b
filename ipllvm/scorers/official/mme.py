"""MME: yes or no.

Sources: BradyFU/Awesome-Multimodal-Large-Language-Models, MME's evaluation tool (whose rule TroL and LLaVA
use); lmms-eval, tasks/mme; VLMEvalKit, YOrN_Extraction.
"""

import re

from ipllvm.records import Sample, Score

PREFIX = 4
_MARKS = ';/[]"{}()=+\\_-><@`,?!'
_BETWEEN_DIGITS = re.compile(r"\d,\d")
_PERIOD, _PERIODS = re.compile(r"\.(?!\d)"), 32


def official(response_text: str, sample: Sample) -> Score:
    """The published tool: the whole answer, else "yes" and then "no" among the first four characters.

    >>> sample = Sample("s", "s", (), "?", "yes")
    >>> [official(text, sample).answer for text in ("Yes.", "No, it", "Not sure", "I know", "y")]
    ['yes', 'no', 'no', None, None]
    """
    return _graded(_prefix(response_text.lower()), sample)


def lmms(response_text: str, sample: Sample) -> Score:
    """lmms-eval: as the published tool, after blanks at the ends and all periods went; y and n count.

    >>> sample = Sample("s", "s", (), "?", "yes")
    >>> [lmms(text, sample).answer for text in (" Yes.", "N.O", "y", "I know")]
    ['yes', 'no', 'yes', None]
    """
    text = response_text.lower().strip().replace(".", "")
    return _graded({"y": "yes", "n": "no"}.get(text) or _prefix(text), sample)


def vlmeval(response_text: str, sample: Sample) -> Score:
    """VLMEvalKit: one of the words yes and no, and not the other.

    What stands at a word is part of it where the kit takes it for no punctuation: "*", ":", quotes.

    >>> sample = Sample("s", "s", (), "?", "yes")
    >>> [vlmeval(text, sample).answer for text in ("I say yes.", "Yes/no", "**Yes**", "")]
    ['yes', None, None, None]
    """
    said = {"yes", "no"} & set(_without_punctuation(response_text.lower()).split())
    return _graded(said.pop() if len(said) == 1 else None, sample)


def _without_punctuation(text: str) -> str:
    """As VQA's evaluation has it: a mark goes where it stands beside a blank anywhere, or where a comma
    stands between digits; else a blank takes its place. Of periods that no digit follows 32 go.
    """
    numbered = _BETWEEN_DIGITS.search(text) is not None
    beside = {mark for mark in _MARKS if numbered or f"{mark} " in text or f" {mark}" in text}
    bare = "".join(" " * (c not in beside) if c in _MARKS else c for c in text)
    return _PERIOD.sub("", bare, count=_PERIODS)


def _prefix(text: str) -> str | None:
    start = text[:PREFIX]
    return next((word for word in ("yes", "no") if word in start), None)


def _graded(said: str | None, sample: Sample) -> Score:
    return Score(float(said == sample.answer), said)
