"""MMVP: one letter of two, or a judge's yes.

Sources: tsb0601/tpu_eval, postprocess_scripts/eval_MMVP.py (by MMVP's author); lmms-eval, tasks/mmvp;
tsb0601/MMVP, scripts/gpt_grader.py (a judge).
"""

import re

from ipllvm.records import JudgeQuestion, Sample, Score
from ipllvm.scorers.judge import CHECKER, JudgeRule
from ipllvm.scorers.judge_prompts import JudgePrompt
from ipllvm.scorers.official.letters import graded

MAX_TOKENS, TEMPERATURE = 256, 0.2
PROMPT = JudgePrompt(
    "Given the following question {question}, the correct answer is {answer}. Does the following answer "
    "correctly answers the question, answer:{prediction}?",
    "official (tsb0601/MMVP)",
)

_BRACKETED = re.compile(r"\(([a-d])\)")
_OPTION = r"\(?([ab])\)?"
_PLACES = (
    rf"^\s*{_OPTION}\.?\s*$",
    rf"^\s*{_OPTION}[.\s]",
    rf"answer\s+is\s+{_OPTION}",
    rf"option\s+{_OPTION}",
    rf"{_OPTION}(?:\s|$)",
)
_PATTERNS = tuple(re.compile(place, re.IGNORECASE) for place in _PLACES)


def by_letter(response_text: str, sample: Sample) -> Score:
    """The author's rule by letter: the reply without periods at its end, or "(a)" at its start.

    >>> sample = Sample("s", "s", (), "?", "A", ("Open", "Closed"))
    >>> [by_letter(text, sample).answer for text in ("A", "a.", "(A) Open", "A. Open")]
    ['A', 'A', 'A', None]
    """
    text = response_text.rstrip(".").lower()
    match = _BRACKETED.match(text)
    said = match[1] if match else text
    return graded(said.upper() if said in ("a", "b", "c", "d") else None, sample)


def lmms(response_text: str, sample: Sample) -> Score:
    """lmms-eval: five patterns in turn, then the first character.

    The fifth has no border on its left: every word that ends in a or b counts.

    >>> sample = Sample("s", "s", (), "?", "A", ("Open", "Closed"))
    >>> [lmms(text, sample).answer for text in ("(b)", "The answer is A", "camera", "beds", "red")]
    ['B', 'A', 'A', 'B', None]
    """
    text = response_text.strip()
    for pattern in _PATTERNS:
        if match := pattern.search(text):
            return graded(match[1].upper(), sample)
    return graded(text[:1].upper() if text[:1] in ("a", "b", "A", "B") else None, sample)


class MmvpJudge(JudgeRule):
    """The published rule: a judge says whether the reply is right, in exactly yes or no."""

    @property
    def prompt(self) -> str:
        """See the interface."""
        return str(PROMPT)

    def question(self, text: str, sample: Sample, attempt: int = 0) -> JudgeQuestion:
        """See the interface: the question as it was asked, the gold as it is stored."""
        gold = f"({sample.answer.lower()})"
        words = PROMPT.text.format(question=sample.prompt, answer=gold, prediction=text)
        return JudgeQuestion(words, f"{CHECKER} Please answer in only yes or no.", MAX_TOKENS, TEMPERATURE)

    def read(self, reply: str, sample: Sample) -> Score:
        """1 for yes, 0 for no, in any case of letters; anything else is unread and counts 0 there.

        >>> [judge.read(reply, Sample("s", "s", (), "?", "A")).value for reply in ("Yes", "no", "Yes.")]
        [1.0, 0.0, 0.0]
        """
        said = reply.lower()
        return Score(float(said == "yes"), said if said in ("yes", "no") else None)


judge = MmvpJudge()
