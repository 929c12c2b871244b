"""What a sample can be answered by, where that is a few words: options, of which one is right."""

from ipllvm.benchmarks.prompts import LETTERS
from ipllvm.benchmarks.questions import YES_NO
from ipllvm.records import Sample


def options(sample: Sample) -> tuple[str, ...]:
    """What a sample can be answered by: letters where its choices are lettered, yes and no, or nothing.

    An open question lists among its choices every answer that it admits, its own too, and shows none of
    them by its letter.

    >>> options(Sample("s", "c", (), "Is it?", "no", choices=("no", "yes")))
    ('yes', 'no')
    >>> options(Sample("s", "c", (), "Which?", "B", choices=("red", "blue")))
    ('A', 'B')
    >>> options(Sample("s", "c", (), "Which colour?", "red", choices=("red", "blue")))
    ()
    >>> options(Sample("s", "c", (), "Which vitamin?", "A", choices=("A", "C")))
    ()
    >>> options(Sample("s", "c", (), "Which root? A. B", "A", choices=("B", "A")))
    ('A', 'B')
    """
    letters = tuple(LETTERS[: len(sample.choices)])
    lettered = bool(letters) and f"A. {sample.choices[0]}" in sample.prompt
    if sample.answer in letters and (lettered or sample.answer not in sample.choices):
        return letters
    return YES_NO if sample.answer.lower() in YES_NO else ()


def right_option(sample: Sample) -> int | None:
    """Which of a sample's options is right; None where it has none.

    >>> right_option(Sample("s", "c", (), "Is it?", "no", choices=("no", "yes")))
    1
    """
    found = [option.lower() for option in options(sample)]
    return found.index(sample.answer.lower()) if sample.answer.lower() in found else None
