"""Properties on benchmarks that only a judge grades: asked once, then from recorded replies."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import cast

import pytest

from ipllvm import claims
from ipllvm.benchmarks.definition import published
from ipllvm.engine.store.outcomes import forgetful
from ipllvm.evaluation.evaluation import Evaluation, Settings
from ipllvm.judges.recorded import RecordedJudge
from ipllvm.models.loading import load
from ipllvm.records import Judge, JudgeQuestion, JudgeReply, Result
from ipllvm.scorers.base import Grading
from ipllvm.tests.benchmarks.copies import as_jsonl

permutation_invariance = import_module("properties.test_permutation").test_permutation_invariance
REPLIES = {"mmvet": "0.5", "llavaw": "8 6\nBecause."}


@dataclass
class Scripted:
    """A judge that always says the same, and keeps what it was asked."""

    reply: str
    identity: str = "scripted"
    questions: list[JudgeQuestion] = field(default_factory=list)

    def ask(self, prompt: str) -> str:
        """The reply."""
        return self.reply

    def ask_all(
        self, questions: Sequence[JudgeQuestion], got: Callable[[JudgeQuestion, JudgeReply], None]
    ) -> None:
        """The reply to each."""
        for question in questions:
            self.questions.append(question)
            got(question, self.reply)


def _measured(name: str, data: Path, judge: Judge) -> Result:
    benchmark = published(name)(folder=data, protocol="paper")
    settings = Settings(draws=1, report_only=True, parameters={"permutation_scope": "keep_newline"})
    rows: list[Result] = []
    evaluation = Evaluation(
        "permutation_invariance", load("llava-tiny"), replace(benchmark, max_new_tokens=4),
        len(benchmark.samples), claims.load(), settings, rows.append, lambda done, total: None, forgetful(),
        grading=Grading(lambda: judge),
    )  # fmt: skip
    permutation_invariance(evaluation)
    return rows[0]


@pytest.mark.parametrize("name", REPLIES)
def test_permutation_is_graded_by_a_judge_and_again_from_its_replies(name: str, tmp_path: Path) -> None:
    as_jsonl(name, tmp_path / "data")
    judge = Scripted(REPLIES[name])
    found = _measured(name, tmp_path / "data", cast("Judge", judge))
    assert judge.questions and found.settings["judge"] == "scripted" and not found.errors
    if name == "llavaw":
        assert found.estimates["permuted_relative"].value in (None, pytest.approx(75.0))
    else:
        assert found.estimates["clean"].value == pytest.approx(50.0)
    told = {(each.system, each.prompt): REPLIES[name] for each in judge.questions}
    lines = [{"system": system, "prompt": prompt, "reply": told[system, prompt]} for system, prompt in told]
    file = tmp_path / "replies.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    again = _measured(name, tmp_path / "data", RecordedJudge(file))
    values = [{k: e.value for k, e in each.estimates.items()} for each in (found, again)]
    assert values[0] == values[1] and str(again.settings["judge"]).startswith("replay:")
