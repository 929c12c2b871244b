"""Any of several accepted answers, each as `exact_match` compares."""

from ipllvm.records import Sample, Score
from ipllvm.scorers.exact_match import normalize

ACCEPTED = "accepted"


def score(text: str, sample: Sample) -> Score:
    """1.0 where the response is one of the sample's accepted answers, or its answer, after `normalize`.

    >>> sample = Sample("s", "s", (), "?", "sofa", labels=(("accepted", "sofa"), ("accepted", "couch")))
    >>> [score(text, sample).value for text in ("Couch.", "sofa", "chair")]
    [1.0, 1.0, 0.0]
    """
    said = normalize(text)
    known = {sample.answer, *(value for axis, value in sample.labels if axis == ACCEPTED)}
    return Score(float(said in set(map(normalize, known))), said or None)
