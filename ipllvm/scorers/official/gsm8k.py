"""GSM8K after worked examples.

Sources: lm-evaluation-harness, tasks/gsm8k/gsm8k-cot.yaml and gsm8k.yaml;
kojima_takeshi188/zero_shot_cot, utils.py; openai/grade-school-math, grade_school_math/dataset.py.
"""

import re

from ipllvm.records import Sample, Score

_STRICT = re.compile(r"The answer is (-?[0-9.,]+).")
_FLEXIBLE = re.compile(r"-?[$0-9.,]{2,}|-?[0-9]+")
_HASHED = re.compile(r"#### (-?[0-9.,]+)")
_MARKED = re.compile(r"(?:#### |^A: )(-?[0-9.,]+)", re.MULTILINE)
_UP_TO_MARK = re.compile(r".*#### ", re.DOTALL)
_NUMBER = re.compile(r"-?\d+\.?\d*")
TRIGGER = "The answer is"


def strict(response_text: str, sample: Sample) -> Score:
    """lm-eval, strict match: the first "The answer is N" with any character behind the number.

    Without one it loses a digit: "The answer is 18" says 1.

    >>> sample = Sample("s", "s", (), "?", "1250")
    >>> [strict(f"The answer is {n}", sample).answer for n in ("1,250.", "1250", "8", "$18.")]
    ['1250', '125', None, None]
    """
    match = _STRICT.search(response_text)
    return _graded(match[1] if match else None, sample)


def flexible(response_text: str, sample: Sample) -> Score:
    """lm-eval, flexible extraction: whatever looks like a number last.

    >>> flexible("3 + 4 = 7 apples. So $7.", Sample("s", "s", (), "?", "7")).value
    1.0
    """
    found = _FLEXIBLE.findall(response_text)
    return _graded(found[-1] if found else None, sample)


def hashed(response_text: str, sample: Sample) -> Score:
    r"""lm-eval's task gsm8k, strict match: the first number behind "#### ", a period at its end or not.

    >>> sample = Sample("s", "s", (), "?", "1250")
    >>> [hashed(f"So.\n{said}", sample).answer for said in ("#### 1,250.", "#### $1250", "####1250", "1250")]
    ['1250', None, None, None]
    """
    match = _HASHED.search(response_text)
    return _graded(match[1] if match else None, sample)


def openai(response_text: str, sample: Sample) -> Score:
    r"""The authors' own: the first number behind "#### ", or, as their published solutions have it, "A: ".

    Without the mark nothing is read; "18." is not 18.

    >>> sample = Sample("s", "s", (), "?", "1250")
    >>> [openai(f"So.\n{said}", sample).value for said in ("#### 1,250", "A: 1250", "#### $1250", "1250")]
    [1.0, 1.0, 0.0, 0.0]
    """
    match = _MARKED.search(response_text)
    said = match[1].replace(",", "") if match else None
    return Score(float(said == sample.answer), said)


def kojima(response_text: str, sample: Sample) -> Score:
    """Kojima et al., few-shot: the first number behind the last "The answer is", else the last number.

    Golds keep their commas, which no reply can hit.

    >>> sample = Sample("s", "s", (), "?", "1250", labels=(("gold", "1,250"),))
    >>> kojima("The answer is 1,250.", sample)
    Score(value=0.0, answer='1250', note='')
    """
    *before, last = response_text.split(TRIGGER)
    return _first_or_last(last, bool(before), sample)


def kojima_zero_shot(response_text: str, sample: Sample) -> Score:
    """Kojima et al., zero-shot: the first number of the reply to the request for it."""
    return _first_or_last(response_text, True, sample)


def _first_or_last(text: str, first: bool, sample: Sample) -> Score:
    found = _NUMBER.findall(text.replace(",", ""))
    if not found:
        return Score(0.0, None)
    said = found[0 if first else -1].removesuffix(".")
    return Score(float(said == dict(sample.labels).get("gold", sample.answer)), said)


def _graded(said: str | None, sample: Sample) -> Score:
    if said is None:
        return Score(0.0, None)
    number = _bare(said.strip())
    return Score(float(number == _bare(sample.answer)), number)


def _bare(text: str) -> str:
    """Without commas, dollar signs, what stands before a mark "#### ", and a period at the end."""
    return _UP_TO_MARK.sub("", text.replace(",", "").replace("$", "")).removesuffix(".").lower()
