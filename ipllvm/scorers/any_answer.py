"""Any of several accepted answers, each as `exact_match` compares."""

from ipllvm.records import Sample, Score
from ipllvm.scorers.exact_match import said

ACCEPTED = "accepted"


def score(text: str, sample: Sample) -> Score:
    """1.0 where the response is one of the sample's accepted answers, or its answer, as `said` gives them.

    >>> sample = Sample("s", "s", (), "?", "sofa", labels=(("accepted", "sofa"), ("accepted", "couch")))
    >>> [score(text, sample).value for text in ("Couch.", "sofa", "chair")]
    [1.0, 1.0, 0.0]
    """
    answer = said(text)
    known = {sample.answer, *(value for axis, value in sample.labels if axis == ACCEPTED)}
    return Score(float(answer in set(map(said, known))), answer or None)
