"""Replies are kept by judge, prompt and settings: nothing is asked twice, no failure is kept."""

import json
import multiprocessing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ipllvm.endpoints.price import Price, parse
from ipllvm.errors import NotMeasured, UsageError
from ipllvm.judges.cached import CachedJudge
from ipllvm.judges.cost import planned
from ipllvm.judges.recorded import RecordedJudge
from ipllvm.judges.replies import ReplyFile
from ipllvm.records import JudgeQuestion, JudgeReply, Sample
from ipllvm.scorers.judge import CORRECT

RED, BLUE = JudgeQuestion("red?"), JudgeQuestion("blue?")


class Counting:
    """Says "n" to its n-th question, and nothing to what is broken."""

    def __init__(self, identity: str = "counting") -> None:
        self.identity = identity
        self.heard: list[JudgeQuestion] = []

    def ask(self, prompt: str) -> str:
        raise NotImplementedError

    def ask_all(
        self, questions: Sequence[JudgeQuestion], got: Callable[[JudgeQuestion, JudgeReply], None]
    ) -> None:
        for question in questions:
            self.heard.append(question)
            failed = NotMeasured("broken") if "broken" in question.prompt else None
            got(question, failed or str(len(self.heard)))


def replies(judge: CachedJudge, *questions: JudgeQuestion) -> dict[JudgeQuestion, JudgeReply]:
    found: dict[JudgeQuestion, JudgeReply] = {}
    judge.ask_all(questions, found.__setitem__)
    return found


def test_progress_counts_from_none(tmp_path: Path) -> None:
    """Else one question that was asked is told as one that was known."""
    seen: list[tuple[int, int]] = []
    judge = CachedJudge(Counting(), tmp_path, progress=lambda: lambda done, total: seen.append((done, total)))
    replies(judge, RED, BLUE)
    replies(judge, RED)
    assert seen == [(0, 2), (1, 2), (2, 2)]


def test_a_judge_that_breaks_found_nothing_in_the_store(tmp_path: Path) -> None:
    class Breaks(Counting):
        def ask_all(self, questions: Sequence[JudgeQuestion], got: Any) -> None:
            raise UsageError("it sees")

    judge = CachedJudge(Breaks(), tmp_path)
    with pytest.raises(UsageError, match="it sees"):
        replies(judge, RED, BLUE)
    assert str(judge.counts) == "0 asked, 0 from the store, 0 failed"


def test_the_next_run_asks_only_what_is_new(tmp_path: Path) -> None:
    assert replies(CachedJudge(Counting(), tmp_path), RED, RED) == {RED: "1"}
    later = Counting()
    judge = CachedJudge(later, tmp_path)
    assert replies(judge, RED, BLUE) == {RED: "1", BLUE: "1"}
    assert replies(judge, RED, BLUE) == {RED: "1", BLUE: "1"}
    assert later.heard == [BLUE]
    assert str(judge.counts) == "1 asked, 1 from the store, 0 failed"


@pytest.mark.parametrize(
    "other",
    [
        JudgeQuestion("red? "), JudgeQuestion("red?", "Say no."), JudgeQuestion("red?", max_tokens=9),
        JudgeQuestion("red?", temperature=0.5), JudgeQuestion("red?", replicate=1),
    ],
)  # fmt: skip
def test_another_prompt_or_setting_is_another_question(tmp_path: Path, other: JudgeQuestion) -> None:
    replies(CachedJudge(Counting(), tmp_path), RED)
    again = Counting()
    replies(CachedJudge(again, tmp_path), RED, other)
    assert again.heard == [other]


def test_another_judge_is_asked_anew(tmp_path: Path) -> None:
    replies(CachedJudge(Counting(), tmp_path), RED)
    other = Counting("another")
    replies(CachedJudge(other, tmp_path), RED)
    assert other.heard == [RED]


def test_a_failure_is_no_reply_and_asked_again_by_the_next_run(tmp_path: Path) -> None:
    broken = JudgeQuestion("broken")
    judge = CachedJudge(Counting(), tmp_path)
    for _ in range(2):
        assert isinstance(replies(judge, broken)[broken], NotMeasured)
    assert len(judge.judge.heard) == 1  # type: ignore[attr-defined]
    assert (judge.counts.calls, judge.counts.failed) == (1, 1)
    later = Counting()
    replies(CachedJudge(later, tmp_path), broken)
    assert later.heard == [broken]


def test_what_was_had_before_an_interrupt_is_kept(tmp_path: Path) -> None:
    class Interrupted(Counting):
        def ask_all(
            self, questions: Sequence[JudgeQuestion], got: Callable[[JudgeQuestion, JudgeReply], None]
        ) -> None:
            super().ask_all(questions[:1], got)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replies(CachedJudge(Interrupted(), tmp_path), RED, BLUE)
    later = Counting()
    replies(CachedJudge(later, tmp_path), RED, BLUE)
    assert later.heard == [BLUE]


def test_half_a_line_is_left_out_and_the_rest_read(tmp_path: Path) -> None:
    replies(CachedJudge(Counting(), tmp_path), RED, BLUE)
    (file,) = tmp_path.glob("*.jsonl")
    file.write_text(file.read_text()[:-20])
    assert ReplyFile(tmp_path, "counting").read() == {RED: "1"}


@pytest.mark.parametrize("line", ['{"prompt": 1, "reply": "x"}', "[1]", "{", '{"prompt": "p"}', "\x00"])
def test_a_damaged_file_of_replies_is_one_line(tmp_path: Path, line: str) -> None:
    replies(CachedJudge(Counting(), tmp_path), RED)
    (file,) = tmp_path.glob("*.jsonl")
    file.write_text(f"{line}\n{file.read_text()}")
    with pytest.raises(UsageError, match="line 1: ") as caught:
        replies(CachedJudge(Counting(), tmp_path), BLUE)
    assert str(tmp_path) in str(caught.value)


def test_no_link_is_followed(tmp_path: Path) -> None:
    replies(CachedJudge(Counting(), tmp_path / "replies"), RED)
    (file,) = (tmp_path / "replies").glob("*.jsonl")
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="link"):
        replies(CachedJudge(Counting(), tmp_path / "replies"), BLUE)


def _ask(folder: Path) -> None:
    replies(CachedJudge(Counting(), folder), *(JudgeQuestion(str(n)) for n in range(30)))


def test_two_processes_ask_each_question_once(tmp_path: Path) -> None:
    workers = [multiprocessing.get_context("fork").Process(target=_ask, args=(tmp_path,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    (file,) = tmp_path.glob("*.jsonl")
    assert len(file.read_text().splitlines()) == 30


def test_before_it_is_asked_it_says_what_that_costs() -> None:
    lines: list[str] = []
    judge = CachedJudge(Counting(), price=Price(1_000, 100_000), say=lines.append)
    replies(judge, JudgeQuestion("x" * 4_000, max_tokens=3), JudgeQuestion("x" * 4_001, max_tokens=3))
    assert lines == ["judge counting: 2 to ask, about 2,001 tokens in, at most 6 out, $2.60"]


def test_a_plan_says_how_many_questions_and_what_they_cost_at_most() -> None:
    samples = [Sample("a", "a", (), "x" * 100, "gold"), Sample("b", "b", (), "x" * 100, "gold")]
    line = planned(CORRECT, samples, 3, 10, Price(1_000, 1_000))
    prompt = len(CORRECT.question("", samples[0]).prompt)
    tokens = 3 * 2 * (-(-prompt // 4) + 10)
    assert line.startswith(f"at most 6 questions of a judge, {tokens} tokens in, 48 out, $")


@pytest.mark.parametrize("text", ["2.5", "2.5/", "a/b", "-1/2", "1/2/3", "nan/1", ""])
def test_a_price_is_two_numbers(text: str) -> None:
    with pytest.raises(UsageError, match=r"--judge-price .*such as 2.5/10"):
        parse("judge-price", text)


def record(folder: Path, *rows: dict[str, object]) -> Path:
    path = folder / "recorded.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def test_what_a_run_keeps_can_be_replayed(tmp_path: Path) -> None:
    replies(CachedJudge(Counting("gpt-x"), tmp_path), RED)
    (file,) = tmp_path.glob("*.jsonl")
    judge = RecordedJudge(file)
    assert judge.identity.startswith("replay:") and judge.identity.endswith(" of gpt-x")
    assert judge.ask("red?") == "1"
    found: dict[JudgeQuestion, JudgeReply] = {}
    warmer = JudgeQuestion("red?", temperature=1.0)
    judge.ask_all([RED, warmer, BLUE], found.__setitem__)
    assert found[RED] == "1"
    assert isinstance(found[warmer], NotMeasured) and isinstance(found[BLUE], NotMeasured)


def test_a_reply_without_settings_answers_its_prompt_in_all_of_them(tmp_path: Path) -> None:
    judge = RecordedJudge(record(tmp_path, {"prompt": "red?", "reply": "yes"}))
    found: dict[JudgeQuestion, JudgeReply] = {}
    asked = JudgeQuestion("red?", system="Be precise.", temperature=0.2, max_tokens=99)
    judge.ask_all([asked], found.__setitem__)
    assert found == {asked: "yes"}


def test_two_replies_to_one_question_are_refused(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"prompt": "red?", "reply": reply} for reply in ("yes", "yes", "no")]
    with pytest.raises(UsageError, match="line 3: another reply"):
        RecordedJudge(record(tmp_path, *rows))


def test_a_file_that_is_none_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--judge replay:.*No such file"):
        RecordedJudge(tmp_path / "none")
    with pytest.raises(UsageError, match="holds no reply"):
        RecordedJudge(record(tmp_path))
