"""SEED-Bench: one letter of four.

Sources: lmms-eval, tasks/seedbench; TroL, eval/create_evaluator.py; AILab-CVC/SEED-Bench, eval.py, which
compares whole predictions, as LLaVA's script does.
"""

from ipllvm.records import Sample, Score
from ipllvm.scorers.official.letters import graded


def lmms(response_text: str, sample: Sample) -> Score:
    """lmms-eval: the first character of the reply, blind to case and to blanks before it.

    >>> lmms(" b. two", Sample("s", "s", (), "?", "B", ("", "", "", ""))).value
    1.0
    """
    return graded(_option(response_text.strip()[:1].upper()), sample)


def trol(response_text: str, sample: Sample) -> Score:
    """TroL: the first character of the reply as it is; none is wrong (there it is an error)."""
    return graded(_option(response_text[:1]), sample)


def official(response_text: str, sample: Sample) -> Score:
    """SEED-Bench, LLaVA and Meteor: the whole reply is the letter.

    >>> [official(text, Sample("s", "s", (), "?", "B")).value for text in ("B", "B.", "b")]
    [1.0, 0.0, 0.0]
    """
    return graded(_option(response_text), sample)


def _option(text: str) -> str | None:
    return text if text in ("A", "B", "C", "D") else None
