"""Replies of judges as lines of a file, by judge, prompt and settings: nothing is asked twice.

A line is JSON: `judge`, `prompt`, `system`, `max_tokens`, `temperature`, `replicate` and `reply`. The last
line of a process that was killed may be half a line and is left out. Processes take turns: while one asks,
the others wait, and then find its replies.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import msgspec
from filelock import FileLock

from ipllvm.records import JudgeQuestion
from ipllvm.safety import reading, writing

FORM = 'a recorded reply is {"prompt": TEXT, "reply": TEXT}'


class _Line(msgspec.Struct):
    prompt: str
    reply: str
    system: str = ""
    judge: str = ""
    max_tokens: int | None = None
    temperature: float | None = None
    replicate: int | None = None


@dataclass(frozen=True, slots=True)
class RecordedReply:
    """A line: `settled` says that it has the settings that its reply was given under."""

    line: int
    judge: str
    question: JudgeQuestion
    reply: str
    settled: bool


def entries(text: str, *, broken_end: bool = False) -> Iterator[RecordedReply]:
    """The entries of a file; raises Refused with the line's number.

    `broken_end` leaves out what stands behind the last line end.
    """
    lines = text.split("\n")
    for number, line in enumerate(lines[:-1] if broken_end else lines, start=1):
        if line.strip():
            yield _entry(number, line)


def _entry(number: int, line: str) -> RecordedReply:
    try:
        found = msgspec.convert(reading.json_value(line), _Line)
    except (reading.Refused, msgspec.ValidationError) as error:
        raise reading.Refused(f"line {number}: {error}: {FORM}") from None
    question = JudgeQuestion(found.prompt, found.system)
    if found.max_tokens is None or found.temperature is None or found.replicate is None:
        return RecordedReply(number, found.judge, question, found.reply, False)
    settled = replace(
        question,
        max_tokens=found.max_tokens,
        temperature=found.temperature,
        replicate=found.replicate,
    )
    return RecordedReply(number, found.judge, settled, found.reply, True)


class ReplyFile:
    """The replies of one judge in `folder`, which is made when the first one is kept."""

    def __init__(self, folder: Path, judge: str) -> None:
        self._place = writing.Place(folder)
        self._judge = judge
        self._path = folder / f"{hashlib.sha256(judge.encode()).hexdigest()[:16]}.jsonl"
        self._size = 0
        self._replies: dict[JudgeQuestion, str] = {}

    def read(self) -> dict[JudgeQuestion, str]:
        """All replies that are there by now, the first to each question; raises OSError and Refused."""
        if self._path.is_file() and self._path.stat().st_size != self._size:
            text = reading.text_file(self._path)
            self._size = self._path.stat().st_size
            for entry in entries(text, broken_end=True):
                if entry.judge == self._judge and entry.settled:
                    self._replies.setdefault(entry.question, entry.reply)
        return self._replies

    def keep(self, question: JudgeQuestion, reply: str) -> None:
        """Add one; raises OSError."""
        self._replies.setdefault(question, reply)
        line = json.dumps({"judge": self._judge, **asdict(question), "reply": reply})
        self._place.ready()
        writing.append(self._path, f"{line}\n")

    @contextmanager
    def turn(self) -> Iterator[None]:
        """While other processes wait; raises OSError. Half a line of one that was killed is cut off."""
        self._place.ready()
        writing.refuse_link(self._path)
        with FileLock(self._path.with_suffix(".lock")):
            if self._path.is_file():
                content = self._path.read_bytes()
                os.truncate(self._path, content.rfind(b"\n") + 1)
            yield
