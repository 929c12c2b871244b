"""A language model on this machine as a judge."""

from collections.abc import Callable, Sequence

from ipllvm.models.text import LanguageModel
from ipllvm.records import JudgeQuestion, JudgeReply

IDENTITY = 12
"""Digits of a checkpoint's digest in its name."""


class LocalJudge:
    """A language model behind an embedded name, a folder or a hub id, asked greedily, one after another."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self.identity = f"{model.name} {model.fingerprint[:IDENTITY]}"

    def ask(self, prompt: str) -> str:
        """See the interface."""
        return self._said(JudgeQuestion(prompt))

    def ask_all(
        self, questions: Sequence[JudgeQuestion], got: Callable[[JudgeQuestion, JudgeReply], None]
    ) -> None:
        """See the interface; temperatures are not heeded, as nothing is sampled."""
        for question in questions:
            got(question, self._said(question))

    def _said(self, question: JudgeQuestion) -> str:
        prompt = f"{question.system}\n\n{question.prompt}" if question.system else question.prompt
        return self._model.reply(prompt, question.max_tokens)
