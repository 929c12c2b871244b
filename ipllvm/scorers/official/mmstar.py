"""MMStar: the letter at the start of the reply.

Source: MMStar-Benchmark/MMStar, eval/vlmeval/evaluate/mmstar.py; TroL and lmms-eval (2024) decide alike.
"""

from ipllvm.records import Sample, Score
from ipllvm.scorers.official.letters import graded, letters

LEADS = ("", "(", "option ", "the answer is ")


def official(response_text: str, sample: Sample) -> Score:
    """The first character, or the one behind "(", "option " or "the answer is ", blind to case.

    Any reply that begins with "a" counts as A.

    >>> sample = Sample("s", "s", (), "?", "A", ("", "", "", ""))
    >>> [official(text, sample).answer for text in ("A cat", "(b)", "Option C", "The answer is d.", "So: A")]
    ['A', 'B', 'C', 'D', None]
    """
    text = response_text.lower().strip().replace("\n", " ")
    known = letters(sample, most=4).lower()
    for lead in LEADS:
        place = len(lead)
        if text.startswith(lead) and text[place : place + 1] in tuple(known):
            return graded(text[place].upper(), sample)
    return graded(None, sample)
