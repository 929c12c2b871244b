"""Exact match of short answers, blind to case, spacing, quotes around and a period at the end."""

from ipllvm.records import Sample, Score

_QUOTES = ("''", '""', "``", "“”", "‘’")


def score(text: str, sample: Sample) -> Score:
    """1.0 where the response is the sample's answer after `normalize`, else 0.0; an empty one is unread."""
    answer = normalize(text)
    return Score(float(answer == normalize(sample.answer)), answer or None)


def normalize(text: str) -> str:
    r"""The text in one case and one line, without surrounding quotes and trailing periods.

    >>> normalize(' "Dark  Red." \n')
    'dark red'
    """
    text = " ".join(text.casefold().split())
    while text:
        bare = text.removesuffix(".")
        if len(bare) > 1 and bare[0] + bare[-1] in _QUOTES:
            bare = bare[1:-1]
        bare = bare.strip()
        if bare == text:
            break
        text = bare
    return text
