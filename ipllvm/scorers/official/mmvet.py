"""MM-Vet: a judge's grade from 0.0 to 1.0.

Source: yuweihao/MM-Vet, mm-vet_evaluator.py.
"""

from collections.abc import Sequence
from typing import ClassVar

from ipllvm.records import JudgeQuestion, Sample, Score
from ipllvm.scorers import judge_prompts
from ipllvm.scorers.judge import JudgeRule

MAX_TOKENS = 3
UNREAD = "-"
AGAIN = "\nPredict the correctness of the answer (digit): "
OWN = """\
Grade how far a prediction agrees with the ground truth of a question. The grade is a number from 0.0 \
(nothing is right) to 1.0 (all is right), in steps of 0.1. Parts of a ground truth that are joined by <AND> \
are all needed for 1.0; of parts that are joined by <OR> any one is enough. Write the grade into the last \
cell of the last row, and nothing else.

Question | Ground truth | Prediction | Correctness
--- | --- | --- | ---
How many birds sit on the fence? | 4 | There are four birds. | 1.0
How many birds sit on the fence? | 4 | I can see some birds on a fence. | 0.0
Which colours does the flag have? | red <AND> white | It is red and blue. | 0.5
What is the animal on the sofa? | cat <OR> kitten | A kitten with grey fur. | 1.0
What happens in the picture? | A man in a suit has missed his bus and runs after it. | A man is running. | 0.4
"""


class MmVetJudge(JudgeRule):
    """The published rule: the first word of the judge's reply is a number in [0, 1]."""

    attempts: ClassVar[int] = 5
    averages: ClassVar[bool] = True

    @property
    def prompt(self) -> str:
        """See the interface."""
        return str(judge_prompts.find(judge_prompts.MMVET, OWN))

    def question(self, text: str, sample: Sample, attempt: int = 0) -> JudgeQuestion:
        """See the interface; from the second attempt on with a request more, and warmer from the third."""
        gold = sample.answer.replace("<AND>", " <AND> ").replace("<OR>", " <OR> ")
        table = judge_prompts.find(judge_prompts.MMVET, OWN).text
        row = " | ".join([sample.prompt, gold, text, ""])
        prompt = f"{table}\n{row}{AGAIN if attempt else ''}"
        return JudgeQuestion(prompt, max_tokens=MAX_TOKENS, temperature=0.5 * max(attempt - 1, 0))

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

    def read_list(self, replies: Sequence[str], whole: str, sample: Sample) -> Score:
        """The mean of the grades, each of which `answer` holds; a reply that is none is 0 there.

        >>> judge.read_list(("0.5", "good", "1.0"), "", Sample("s", "s", (), "?", "2"))
        Score(value=0.5, answer='0.5 - 1.0', note='')
        """
        found = [self.read(reply, sample) for reply in replies]
        said = " ".join(each.answer or UNREAD for each in found)
        unread = all(each.answer is None for each in found)
        return Score(sum(each.value for each in found) / len(found), None if unread else said)


judge = MmVetJudge()
