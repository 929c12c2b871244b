"""Lines of replies that judges gave: whose they are, what a killed process left, who may write."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ipllvm.endpoints.price import Price
from ipllvm.errors import NotMeasured
from ipllvm.judges.cost import forecast, planned
from ipllvm.judges.local import THINKING, LocalJudge
from ipllvm.judges.replies import ReplyFile, entries
from ipllvm.models.text import LanguageModel
from ipllvm.records import JudgeQuestion, Sample
from ipllvm.safety.reading import Refused
from ipllvm.scorers.judge import CORRECT

ASKED = JudgeQuestion("Is red right?", "You grade.", max_tokens=5, temperature=0.5, replicate=2)


def test_a_reply_comes_back_to_its_own_judge_and_question_alone(tmp_path: Path) -> None:
    ReplyFile(tmp_path, "one").keep(ASKED, "yes")
    assert ReplyFile(tmp_path, "one").read() == {ASKED: "yes"}
    assert ReplyFile(tmp_path, "two").read() == {}
    other = JudgeQuestion(ASKED.prompt, ASKED.system, max_tokens=5, temperature=0.5, replicate=1)
    assert other not in ReplyFile(tmp_path, "one").read()
    (file,) = tmp_path.glob("*.jsonl")
    file.write_text(file.read_text().replace('"one"', '"two"'))
    assert ReplyFile(tmp_path, "one").read() == {}, "a line says whose it is"


def test_the_first_reply_to_a_question_stays(tmp_path: Path) -> None:
    kept = ReplyFile(tmp_path, "one")
    kept.keep(ASKED, "yes")
    kept.keep(ASKED, "no")
    assert kept.read() == ReplyFile(tmp_path, "one").read() == {ASKED: "yes"}


def test_what_another_process_adds_is_read_too(tmp_path: Path) -> None:
    mine, theirs = ReplyFile(tmp_path, "one"), ReplyFile(tmp_path, "one")
    assert mine.read() == {}
    theirs.keep(ASKED, "yes")
    assert mine.read() == {ASKED: "yes"}


def test_half_a_line_of_a_process_that_was_killed_is_left_out(tmp_path: Path) -> None:
    ReplyFile(tmp_path, "one").keep(ASKED, "yes")
    (file,) = tmp_path.glob("*.jsonl")
    file.write_text(file.read_text() + '{"judge": "one", "prompt": "cut')
    assert ReplyFile(tmp_path, "one").read() == {ASKED: "yes"}
    with pytest.raises(Refused, match=r"^line 2: .*a recorded reply is"):
        list(entries(file.read_text()))


def test_the_run_after_one_that_was_killed_goes_on_and_so_does_the_next(tmp_path: Path) -> None:
    """What it keeps stands on lines of its own: behind half a line it had made the file unreadable."""
    ReplyFile(tmp_path, "one").keep(ASKED, "yes")
    (file,) = tmp_path.glob("*.jsonl")
    file.write_text(file.read_text() + '{"judge": "one", "prompt": "cut')
    later, more = ReplyFile(tmp_path, "one"), JudgeQuestion("Is blue?")
    with later.turn():
        assert later.read() == {ASKED: "yes"}
        later.keep(more, "no")
    assert ReplyFile(tmp_path, "one").read() == {ASKED: "yes", more: "no"}


@pytest.mark.parametrize("missing", ["max_tokens", "temperature", "replicate"])
def test_a_line_without_all_its_settings_answers_no_question_of_a_run(tmp_path: Path, missing: str) -> None:
    """It may have been given under others; a `replay:` file takes it for every question of its prompt."""
    row = {"judge": "one", "prompt": "p", "reply": "yes", "max_tokens": 5, "temperature": 0.0, "replicate": 0}
    del row[missing]
    (entry,) = entries(json.dumps(row))
    assert not entry.settled and entry.question == JudgeQuestion("p")
    ReplyFile(tmp_path, "one").keep(ASKED, "yes")
    (file,) = tmp_path.glob("*.jsonl")
    file.write_text(json.dumps(row) + "\n")
    assert ReplyFile(tmp_path, "one").read() == {}


def test_while_one_has_its_turn_another_waits(tmp_path: Path) -> None:
    """The lock is a file beside the replies, so that other processes see it."""
    kept = ReplyFile(tmp_path / "replies", "one")
    with kept.turn():
        kept.keep(ASKED, "yes")
        assert [file.suffix for file in sorted((tmp_path / "replies").iterdir())] == [".jsonl", ".lock"]


def test_a_link_in_place_of_the_replies_is_not_followed(tmp_path: Path) -> None:
    kept, outside = ReplyFile(tmp_path, "one"), tmp_path / "outside"
    kept.keep(ASKED, "yes")
    (file,) = tmp_path.glob("*.jsonl")
    file.rename(outside)
    file.symlink_to(outside)
    with pytest.raises(OSError), kept.turn():
        pass


class _Echo:
    """A language model that says what it was asked."""

    name, fingerprint = "echo", "0123456789abcdef"

    def reply(self, prompt: str, max_tokens: int) -> str:
        return f"{prompt}|{max_tokens}"


def test_a_local_judge_is_told_the_system_first_and_named_by_its_weights() -> None:
    judge = LocalJudge(cast(LanguageModel, _Echo()))
    assert judge.identity == "echo 0123456789ab"
    got: dict[JudgeQuestion, Any] = {}
    bare = JudgeQuestion("Is it?", max_tokens=3)
    judge.ask_all([ASKED, bare], got.__setitem__)
    assert got == {ASKED: "You grade.\n\nIs red right?|5", bare: "Is it?|3"}
    assert judge.ask("Is it?") == f"Is it?|{JudgeQuestion('').max_tokens}"


def test_a_local_judge_that_thinks_gets_room_and_one_that_fails_costs_its_answer() -> None:
    room: list[int] = []

    class Thinks(_Echo):
        """Says nothing before it has thought a hundred tokens."""

        def reply(self, prompt: str, max_tokens: int) -> str:
            room.append(max_tokens)
            if prompt == "too long":
                raise NotMeasured("no positions")
            return "yes" if max_tokens > 100 else ""

    judge, got = LocalJudge(cast(LanguageModel, Thinks())), dict[JudgeQuestion, Any]()
    first, second, third = (JudgeQuestion(text, max_tokens=3) for text in ("Is it?", "And now?", "too long"))
    judge.ask_all([first, second, third], got.__setitem__)
    assert got[first] == got[second] == "yes" and room == [3, 3 + THINKING, 3 + THINKING, 3 + THINKING]
    assert str(got[third]) == "the judge echo 0123456789ab gave no reply (no positions)"
    with pytest.raises(NotMeasured, match="no positions"):
        judge.ask("too long")


def test_judging_is_planned_at_its_most_and_priced_where_a_price_is_known() -> None:
    assert forecast([ASKED]) == (forecast([JudgeQuestion(ASKED.system + ASKED.prompt)])[0], 5)
    samples = [Sample(name, name, (), "What is it?", "red", ("red",)) for name in "abc"]
    told = planned(CORRECT, samples, 4, 10, None)
    assert told.startswith("at most 12 questions of a judge, ") and told.endswith(" out")
    priced = planned(CORRECT, samples, 4, 10, Price(1.0, 2.0))
    assert priced.startswith(told) and len(priced) > len(told)
    rules = planned(cast(Any, SimpleNamespace()), samples, 4, 10, None)
    assert rules == "at most 12 questions of a judge, 120 tokens in, 0 out"
