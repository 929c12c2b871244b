"""`replay:FILE`: replies that a judge gave before, as a judge."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from ipllvm.errors import NotMeasured, UsageError
from ipllvm.judges.replies import RecordedReply, entries
from ipllvm.records import JudgeQuestion, JudgeReply
from ipllvm.safety import reading

PREFIX = "replay:"
DIGITS = 12


class RecordedJudge:
    """The replies of a file of `prompt` and `reply`, such as ipllvm keeps; raises UsageError.

    An entry with settings answers the question with these, one without them every question of its prompt.
    """

    def __init__(self, file: Path) -> None:
        try:
            content = reading.file_bytes(file)
            found = list(entries(content.decode("utf-8-sig")))
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise UsageError(f"--judge {PREFIX}{file}: {why}") from None
        if not found:
            raise UsageError(f"--judge {PREFIX}{file}: it holds no reply")
        self._replies: dict[JudgeQuestion | tuple[str, str], str] = {}
        for entry in found:
            self._add(entry, file)
        judges = sorted({entry.judge for entry in found} - {""})
        of = f" of {', '.join(judges)}" if judges else ""
        self.identity = f"{PREFIX}{hashlib.sha256(content).hexdigest()[:DIGITS]}{of}"

    def _add(self, entry: RecordedReply, file: Path) -> None:
        question = entry.question
        key = question if entry.settled else (question.system, question.prompt)
        if self._replies.setdefault(key, entry.reply) != entry.reply:
            raise UsageError(
                f"--judge {PREFIX}{file}: line {entry.line}: another reply to a question that has one already"
            )

    def ask(self, prompt: str) -> str:
        """See the interface."""
        found = self._reply(JudgeQuestion(prompt))
        if isinstance(found, NotMeasured):
            raise found
        return found

    def ask_all(
        self, questions: Sequence[JudgeQuestion], got: Callable[[JudgeQuestion, JudgeReply], None]
    ) -> None:
        """See the interface."""
        for question in questions:
            got(question, self._reply(question))

    def _reply(self, question: JudgeQuestion) -> JudgeReply:
        keys = (question, (question.system, question.prompt), ("", question.prompt))
        found = next((self._replies[key] for key in keys if key in self._replies), None)
        if found is None:
            return NotMeasured(f"the recorded replies hold none to the question {question.prompt[-60:]!r}")
        return found
