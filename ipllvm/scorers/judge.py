"""A judge as a scorer: what it is asked of a free answer, and how its reply is read.

The paper has ChatGPT judge labels with "Is this prediction correct?" (section 3.6, after Zhai et al. 2024).
A judge is used only where one is named, and its reply is never guessed at: what can't be read is an error
of the sample.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from ipllvm.errors import NotMeasured
from ipllvm.records import AsksMany, Judge, JudgeQuestion, JudgeReply, Sample, Score
from ipllvm.scorers import yes_no
from ipllvm.scorers.base import Scorer
from ipllvm.scorers.judge_prompts import JudgePrompt

CHECKER = "You are a helpful and precise assistant for checking the quality of the answer."
"""What LLaVA's, MMVP's and EMT's judges are told first."""
SHOWN = 80
_POINTS = {"yes": 1.0, "no": 0.0}


class JudgeRule(ABC):
    """A way to grade by a judge.

    `attempts` is how many times a judge is asked, in ways that may differ, until its reply can be read.
    `averages` says that an answer may have been graded several times, as often as every other.
    `alone` says that some responses can be graded without a judge: the others are errors then.
    """

    attempts: ClassVar[int] = 1
    alone: ClassVar[bool] = False
    averages: ClassVar[bool] = False

    @abstractmethod
    def question(self, text: str, sample: Sample, attempt: int = 0) -> JudgeQuestion | None:
        """What a judge is asked of the response `text`; None where the rule needs no judge for it."""

    @abstractmethod
    def read(self, reply: str, sample: Sample) -> Score:
        """The score in a judge's reply; where there is none its answer is None and its value 0."""

    def read_list(self, replies: Sequence[str], whole: str, sample: Sample) -> Score:
        """The score of a list in a reply's place, `whole` as one text.

        Raises NotMeasured where the rule reads one grading of an answer.
        """
        raise NotMeasured(
            f"sample '{sample.id}': {len(replies)} gradings of an answer, and this rule reads one"
        )

    @property
    @abstractmethod
    def prompt(self) -> str:
        """Whose prompt it is, with its hash, for reports."""

    def __call__(self, text: str, sample: Sample) -> Score:
        """Without a judge there is no score: raises NotMeasured."""
        raise NotMeasured(f"sample '{sample.id}': this rule reads a judge's reply, and there is none")

    def graded(self, reply: str, text: str, sample: Sample) -> Score | None:
        """The score of a response by a reply; None where the reply can't be read."""
        found = self.read(reply, sample)
        return None if found.answer is None else found

    def by(self, judge: Judge, replicate: int = 0) -> Scorer:
        """The scorer, with the judge that it asks; `replicate` above 0 asks all anew."""
        return JudgedScorer(self, judge, replicate)


@dataclass(frozen=True, slots=True)
class JudgedScorer:
    """Grades by a judge's replies; the same question is asked once."""

    rule: JudgeRule
    judge: Judge
    replicate: int = 0
    replies: dict[JudgeQuestion, JudgeReply] = field(default_factory=dict)

    def __call__(self, text: str, sample: Sample) -> Score:
        """See the interface; the reply is in the note."""
        self.ask_ahead([(text, sample)])
        reply = ""
        for attempt in range(self.rule.attempts):
            question = self._question(text, sample, attempt)
            if question is None:
                return self.rule(text, sample)
            outcome = self.replies[question]
            if isinstance(outcome, NotMeasured):
                raise outcome
            reply = outcome
            found = self.rule.graded(reply, text, sample)
            if found is not None:
                return replace(found, note=f"judge: {reply[:SHOWN]!r}")
        raise NotMeasured(f"the judge's reply can't be read: {reply[:SHOWN]!r}")

    def ask_ahead(self, responses: Iterable[tuple[str, Sample]]) -> None:
        """See the interface."""
        left = list(responses)
        for attempt in range(self.rule.attempts):
            pending = [(self._question(text, sample, attempt), text, sample) for text, sample in left]
            self._ask([question for question, _, _ in pending if question is not None])
            left = [
                (text, sample) for question, text, sample in pending if self._again(question, text, sample)
            ]

    def _again(self, question: JudgeQuestion | None, text: str, sample: Sample) -> bool:
        """Whether there is a reply that can't be read."""
        reply = None if question is None else self.replies[question]
        return isinstance(reply, str) and self.rule.graded(reply, text, sample) is None

    def _question(self, text: str, sample: Sample, attempt: int) -> JudgeQuestion | None:
        found = self.rule.question(text, sample, attempt)
        return found and replace(found, replicate=self.replicate)

    def _ask(self, questions: Sequence[JudgeQuestion]) -> None:
        new = [question for question in dict.fromkeys(questions) if question not in self.replies]
        if new and isinstance(self.judge, AsksMany):
            self.judge.ask_all(new, self.replies.__setitem__)
            return
        for question in new:
            self.replies[question] = asked_alone(self.judge, question)


def asked_alone(judge: Judge, question: JudgeQuestion) -> JudgeReply:
    """The reply of a judge that takes one text at a time and no settings, or why there is none."""
    prompt = f"{question.system}\n\n{question.prompt}" if question.system else question.prompt
    try:
        return judge.ask(prompt)
    except NotMeasured as failed:
        return failed


@dataclass(frozen=True)
class YesNoRule(JudgeRule):
    """Is the prediction correct, yes or no? The answer is the response itself.

    `wording` has places for `question`, `answer` and `prediction`.
    """

    wording: JudgePrompt
    system: str = ""

    @property
    def prompt(self) -> str:
        """See the interface."""
        return str(self.wording)

    def question(self, text: str, sample: Sample, attempt: int = 0) -> JudgeQuestion:
        """See the interface."""
        words = self.wording.text.format(question=sample.prompt, answer=sample.answer, prediction=text)
        return JudgeQuestion(words, self.system)

    def read(self, reply: str, sample: Sample) -> Score:
        """1 for yes, 0 for no, where an answer stands: "No doubt" is none.

        >>> sample = Sample("s", "s", (), "?", "red")
        >>> [CORRECT.read(reply, sample).answer for reply in ("Yes.", "no, it is not", "It is correct", "")]
        ['yes', 'no', None, None]
        """
        word = yes_no.extract(reply)
        return Score(_POINTS[word] if word else 0.0, word)

    def graded(self, reply: str, text: str, sample: Sample) -> Score | None:
        """See the interface."""
        found = super().graded(reply, text, sample)
        return found and replace(found, answer=text)


CORRECT = YesNoRule(
    JudgePrompt(
        "Question: {question}\nReference answer: {answer}\nPrediction: {prediction}\n"
        "Is this prediction correct? Answer yes or no.",
        "ipllvm's own",
    )
)
LABEL = YesNoRule(
    JudgePrompt(
        'Please only answer the question in yes or no. Is the "Prediction" correctly predicting the right '
        '"Label"? Label: {answer}, Prediction: {prediction}',
        "EMT's, at second hand (Zhai et al. 2024)",
    ),
    CHECKER,
)
