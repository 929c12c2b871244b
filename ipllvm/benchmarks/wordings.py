"""How published harnesses word the questions of a benchmark: functions of a row and its sample.

Sources: lmms-eval (tasks/*), TroL and Meteor (utils/utils.py), LLaVA (docs/Evaluation.md).
"""

from ipllvm.benchmarks.cells import Row, filled
from ipllvm.benchmarks.prompts import LETTER, LETTERS, SHORT, multiple_choice
from ipllvm.records import Sample


def question(row: Row, sample: Sample) -> str:
    """The bare question; raises BadCell for a blank one."""
    return filled(row, "question")


def short(row: Row, sample: Sample) -> str:
    """The question, then the request for a word or phrase."""
    return f"{question(row, sample)}\n{SHORT}"


def lettered(row: Row, sample: Sample) -> str:
    """The question, lettered options one a line, then the request for a letter."""
    return multiple_choice(question(row, sample), sample.choices)


def letter(row: Row, sample: Sample) -> str:
    """A question that holds its options, then the request for a letter."""
    return f"{question(row, sample)}\n{LETTER}"


def options(sample: Sample, between: str) -> str:
    """The lettered options in one text."""
    pairs = zip(LETTERS, sample.choices, strict=False)
    return between.join(f"{name}. {choice}" for name, choice in pairs)


def query(row: Row, sample: Sample) -> str:
    """The question as the data set words it itself."""
    return filled(row, "query")
