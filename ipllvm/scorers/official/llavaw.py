"""LLaVA-Bench in the Wild: a judge's points for the reference and for the model.

Source: haotian-liu/LLaVA, llava/eval/eval_gpt_review_bench.py.
"""

import math

from ipllvm.records import JudgeQuestion, Sample, Score
from ipllvm.scorers import judge_prompts
from ipllvm.scorers.judge import CHECKER, JudgeRule

MOST = 10.0
MAX_TOKENS, TEMPERATURE = 1024, 0.2
OWN = """\
Two assistants have answered the question above, which is about a picture; what the picture shows is under \
[Context].
How helpful, relevant, accurate and detailed is each answer? Give each assistant points from 1 to 10, more \
for the better answer.
Write the two numbers alone on the first line, that of Assistant 1 first, with a space between them.
Explain them from the second line on. Neither the order of the answers nor anything else but their content \
may count."""


class LlavaBenchJudge(JudgeRule):
    """The published rule: two numbers on the first line, the reference's and the model's, of 10."""

    @property
    def prompt(self) -> str:
        """See the interface."""
        return str(judge_prompts.find(judge_prompts.LLAVAW, OWN))

    def question(self, text: str, sample: Sample, attempt: int = 0) -> JudgeQuestion:
        """See the interface: seven blocks, the reference first."""
        request = judge_prompts.find(judge_prompts.LLAVAW, OWN).text
        blocks = (
            f"[Context]\n{dict(sample.labels).get('caption', '')}",
            f"[Question]\n{sample.prompt}",
            f"[Assistant 1]\n{sample.answer}",
            "[End of Assistant 1]",
            f"[Assistant 2]\n{text}",
            "[End of Assistant 2]",
            f"[System]\n{request}",
        )
        prompt = "".join(f"{block}\n\n" for block in blocks)
        return JudgeQuestion(prompt, CHECKER, MAX_TOKENS, TEMPERATURE)

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
        if not (math.isfinite(reference) and math.isfinite(model)):
            return Score(0.0, None)
        return Score(min(max(model / MOST, 0.0), 1.0), f"{reference!r} {model!r}")

    def graded(self, reply: str, text: str, sample: Sample) -> Score | None:
        """See the interface: points beyond the 10 that a judge is asked for are none, as of 100."""
        found = super().graded(reply, text, sample)
        points = [float(word) for word in (found.answer or "").split()] if found else ()
        return found if all(0 <= each <= MOST for each in points) else None


judge = LlavaBenchJudge()
