"""A language model on this machine as a judge."""

from collections.abc import Callable, Sequence

from ipllvm.endpoints.limits import Limits
from ipllvm.errors import NotMeasured
from ipllvm.models.text import LanguageModel
from ipllvm.records import JudgeQuestion, JudgeReply

IDENTITY = 12
"""Digits of a checkpoint's digest in its name."""
THINKING = Limits().thinking
"""Tokens for thoughts, as a judge behind an address has."""


class LocalJudge:
    """A language model behind an embedded name, a folder or a hub id, asked greedily, one after another."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self.identity = f"{model.name} {model.fingerprint[:IDENTITY]}"
        self._thinking = 0

    def ask(self, prompt: str) -> str:
        """See the interface."""
        found = self._said(JudgeQuestion(prompt))
        if isinstance(found, NotMeasured):
            raise found
        return found

    def ask_all(
        self, questions: Sequence[JudgeQuestion], got: Callable[[JudgeQuestion, JudgeReply], None]
    ) -> None:
        """See the interface; temperatures are not heeded, as nothing is sampled."""
        for question in questions:
            got(question, self._said(question))

    def _said(self, question: JudgeQuestion) -> JudgeReply:
        """Its reply, with room for thoughts from the first one on that was nothing else."""
        prompt = f"{question.system}\n\n{question.prompt}" if question.system else question.prompt
        try:
            reply = self._model.reply(prompt, question.max_tokens + self._thinking)
            if not reply and not self._thinking:
                reply = self._model.reply(prompt, question.max_tokens + THINKING)
                self._thinking = THINKING * bool(reply)
        except NotMeasured as error:
            return NotMeasured(f"the judge {self.identity} gave no reply ({error})")
        return reply
