"""A judge whose replies are kept, and who says what asking comes to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ipllvm.endpoints.price import Price, money
from ipllvm.errors import NotMeasured, UsageError
from ipllvm.judges import cost
from ipllvm.judges.replies import ReplyFile
from ipllvm.records import AsksMany, Judge, JudgeQuestion, JudgeReply
from ipllvm.safety import reading
from ipllvm.scorers.judge import asked_alone


def _silent(line: str) -> None:
    """Nobody listens."""


def _unwatched(done: int, total: int) -> None:
    """Nobody looks."""


@dataclass
class Counts:
    """Questions by what became of them."""

    hits: int = 0
    calls: int = 0
    failed: int = 0

    def __str__(self) -> str:
        return f"{self.calls:,} asked, {self.hits:,} from the store, {self.failed:,} failed"


@dataclass
class CachedJudge:
    """Asks `judge` what is not in `folder`; without a folder replies are kept in memory only.

    `say` hears, a line at a time, what is about to be asked and what came of it, `progress` how many
    questions of how many have their reply.
    """

    judge: Judge
    folder: Path | None = None
    price: Price | None = None
    say: Callable[[str], None] = _silent
    progress: Callable[[], Callable[[int, int], None]] = lambda: _unwatched
    counts: Counts = field(default_factory=Counts)
    _memory: dict[JudgeQuestion, JudgeReply] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._file = None if self.folder is None else ReplyFile(self.folder, self.judge.identity)

    @property
    def identity(self) -> str:
        """See the interface."""
        return self.judge.identity

    def ask(self, prompt: str) -> str:
        """See the interface."""
        found: list[JudgeReply] = []
        self.ask_all([JudgeQuestion(prompt)], lambda question, reply: found.append(reply))
        if isinstance(found[0], NotMeasured):
            raise found[0]
        return found[0]

    def ask_all(
        self, questions: Sequence[JudgeQuestion], got: Callable[[JudgeQuestion, JudgeReply], None]
    ) -> None:
        """See the interface; raises UsageError where the folder can't be used."""
        distinct = list(dict.fromkeys(questions))
        new = [question for question in distinct if question not in self._memory]
        if new and self._file is not None:
            try:
                with self._file.turn():
                    stored = self._file.read()
                    had = {question: stored[question] for question in new if question in stored}
                    self._memory |= had
                    self.counts.hits += len(had)
                    self._ask([question for question in new if question not in stored], self._file)
            except (OSError, reading.Refused) as error:
                why = getattr(error, "strerror", None) or error
                raise UsageError(f"{self.folder}: replies of the judge can't be kept there: {why}") from error
        else:
            self._ask(new, None)
        for question in distinct:
            got(question, self._memory[question])

    def _ask(self, questions: Sequence[JudgeQuestion], file: ReplyFile | None) -> None:
        """Have the judge reply, and keep each reply at once; a failure is kept in memory alone."""
        if not questions:
            return
        self.say(self._before(questions))
        done, progress = 0, self.progress()
        progress(done, len(questions))

        def got(question: JudgeQuestion, reply: JudgeReply) -> None:
            nonlocal done
            done += 1
            self._memory[question] = reply
            self.counts.calls += 1
            self.counts.failed += isinstance(reply, NotMeasured)
            if file is not None and isinstance(reply, str):
                file.keep(question, reply)
            progress(done, len(questions))

        if isinstance(self.judge, AsksMany):
            self.judge.ask_all(questions, got)
        else:
            for question in questions:
                got(question, asked_alone(self.judge, question))

    def _before(self, questions: Sequence[JudgeQuestion]) -> str:
        prompts, replies = cost.forecast(questions)
        tokens = f"about {prompts:,} tokens in, at most {replies:,} out"
        tokens += money(self.price, prompts, replies)
        key = getattr(self.judge, "credentials", "")
        name = f"{self.identity} ({key})" if key else self.identity
        return f"judge {name}: {len(questions):,} to ask, {tokens}"

    def summary(self) -> str:
        """What was done so far, in words."""
        line = f"judge {self.identity}: {self.counts}"
        tally: Any = getattr(self.judge, "tally", None)
        if tally is not None and tally.requests:
            line += (
                f"; {tally.requests:,} requests, {tally.prompt_tokens:,} + {tally.completion_tokens:,} tokens"
            )
            line += money(self.price, tally.prompt_tokens, tally.completion_tokens)
        departures = getattr(self.judge, "departures", "")
        return f"{line}; {departures}" if departures else line
