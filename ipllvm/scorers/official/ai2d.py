"""AI2D: one letter of four.

Sources: lmms-eval, tasks/ai2d and filters/extraction.py; TroL, eval/create_evaluator.py.
"""

import re
import string

from ipllvm.records import Sample, Score
from ipllvm.scorers.official.letters import graded, letters

_LETTERED = re.compile(r"\s*([A-Z])\.")
_CAPITAL = re.compile(r"[A-Z]")
_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


def lmms(response_text: str, sample: Sample) -> Score:
    r"""lmms-eval: a capital and a period at the start, else the whole reply without punctuation.

    Blanks at its ends go, as of every reply there.

    >>> sample = Sample("s", "s", (), "?", "B", ("", "", "", ""))
    >>> [lmms(text, sample).value for text in ("B", " B.\n", "(B)", "b", "B. x", "The answer is B")]
    [1.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    """
    match = _LETTERED.match(response_text)
    said = (match[1] if match else response_text.strip()).lower().translate(_WITHOUT_PUNCTUATION).upper()
    return graded(said if said in tuple(letters(sample, most=4)) else None, sample)


def trol(response_text: str, sample: Sample) -> Score:
    """TroL: the first capital anywhere, so that "The answer is B" says T; none is wrong (there an error).

    >>> sample = Sample("s", "s", (), "?", "B", ("", "", "", ""))
    >>> [trol(text, sample).answer for text in ("B", "Answer: B", "The answer is B", "b")]
    ['B', 'A', None, None]
    """
    match = _CAPITAL.search(response_text)
    return graded(match[0] if match and match[0] in letters(sample, most=4) else None, sample)
