"""Free answers scored by a judge."""

from collections.abc import Mapping, Sequence

import numpy as np

from ipllvm.errors import NotMeasured
from ipllvm.records import Response, Sample, Scores
from ipllvm.scorers.judge import Judge, question, read


def judged(judge: Judge, samples: Sequence[Sample], answers: Mapping[str, Response]) -> tuple[Scores, int]:
    """1 where the judge calls an answer correct, else 0; and how often it was asked.

    The same question is asked once. A reply that says neither, or that does not come, is an error
    of its sample, never a score. Samples without an answer are left out.
    """
    known: dict[str, str | NotMeasured] = {}
    errors: dict[str, str] = {}
    values = []
    asked = [sample for sample in samples if sample.id in answers]
    for sample in asked:
        said = answers[sample.id]
        points, error = (
            (None, said.error) if said.error else _points(judge, question(sample, said.text), known)
        )
        values.append(np.nan if points is None else points)
        errors |= {} if error is None else {sample.id: error}
    ids, clusters = tuple(s.id for s in asked), tuple(s.cluster for s in asked)
    scores = Scores("clean", ids, clusters, np.array(values, float).reshape(len(asked), 1), errors)
    return scores, len(known)


def _points(
    judge: Judge, prompt: str, known: dict[str, str | NotMeasured]
) -> tuple[float | None, str | None]:
    """The score that a reply gives, or why there is none."""
    if prompt not in known:
        try:
            known[prompt] = judge.ask(prompt)
        except NotMeasured as failed:
            known[prompt] = failed
    reply = known[prompt]
    if isinstance(reply, NotMeasured):
        return None, str(reply)
    points = read(reply)
    return points, None if points is not None else f"the judge said neither yes nor no: {reply[:80]!r}"
