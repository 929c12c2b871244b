"""LLaVA-Bench in the Wild: a judge's points for the reference and for the model.

Source: haotian-liu/LLaVA, llava/eval/eval_gpt_review_bench.py.
"""

from ipllvm.errors import NotMeasured
from ipllvm.records import Sample, Score

MOST = 10.0


class LlavaBenchJudge:
    """The published rule: two numbers on the first line, the reference's and the model's, of 10."""

    def __call__(self, response_text: str, sample: Sample) -> Score:
        """Without a judge there is no score: raises NotMeasured."""
        raise NotMeasured(f"sample '{sample.id}': a judge grades LLaVA-W, and there is no judge's reply")

    def read(self, reply: str, sample: Sample) -> Score:
        r"""`answer` holds both numbers, `value` the model's share of 10; other replies are unread.

        >>> [judge.read(reply, Sample("s", "s", (), "?", "")).answer for reply in ("8 7\nWhy", "8,7", "8/10")]
        ['8.0 7.0', '8.0 7.0', None]
        """
        words = reply.split("\n")[0].replace(",", " ").split(" ")
        try:
            reference, model = map(float, words)
        except ValueError:
            return Score(0.0, None)
        return Score(min(max(model / MOST, 0.0), 1.0), f"{reference!r} {model!r}")


judge = LlavaBenchJudge()
