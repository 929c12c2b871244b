"""MM-Vet: a judge's grade from 0.0 to 1.0.

Source: yuweihao/MM-Vet, mm-vet_evaluator.py.
"""

from ipllvm.errors import NotMeasured
from ipllvm.records import Sample, Score


class MmVetJudge:
    """The published rule: the first word of the judge's reply is a number in [0, 1]."""

    def __call__(self, response_text: str, sample: Sample) -> Score:
        """Without a judge there is no score: raises NotMeasured."""
        raise NotMeasured(f"sample '{sample.id}': a judge grades MM-Vet, and there is no judge's reply")

    def read(self, reply: str, sample: Sample) -> Score:
        """The grade; a reply that is none is unread, and 0 there after five attempts.

        >>> [judge.read(reply, Sample("s", "s", (), "?", "2")).answer for reply in ("0.5", "1.0 |", "good")]
        ['0.5', '1.0', None]
        """
        word = reply.split(" ")[0].strip()
        try:
            grade = float(word)
        except ValueError:
            grade = -1.0
        return Score(grade, word) if 0.0 <= grade <= 1.0 else Score(0.0, None)


judge = MmVetJudge()
