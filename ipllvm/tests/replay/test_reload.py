"""A report of somebody else is loaded again: no judge that it names gets the user's key."""

from pathlib import Path

import pytest

from ipllvm.benchmarks import choice
from ipllvm.errors import UsageError
from ipllvm.judges.endpoint import EndpointJudge
from ipllvm.judges.replies import ReplyFile
from ipllvm.records import JudgeQuestion
from ipllvm.replay import reload as reloading
from ipllvm.scorers.base import Grading

URL = "http://127.0.0.1:9/v1#m"


def grading(name: str | None, judge: str | None, replies: Path = Path("nowhere")) -> Grading:
    return reloading._grading({"judge": name}, "cpu", replies, judge)


@pytest.mark.parametrize("other", [None, "http://127.0.0.1:9/v1#n", "http://127.0.0.1:9#m", "lm-tiny"])
def test_an_endpoint_that_only_the_report_names_is_not_asked(other: str | None) -> None:
    judge = grading(URL, other).judge
    assert judge.identity == URL
    with pytest.raises(UsageError, match=r"with your key, give --judge=http://127\.0\.0\.1:9/v1#m"):
        judge.ask("Is it right?")


def test_its_replies_that_are_kept_will_do(tmp_path: Path) -> None:
    ReplyFile(tmp_path, URL).keep(JudgeQuestion("Is it right?"), "yes")
    assert grading(URL, None, tmp_path).judge.ask("Is it right?") == "yes"


def test_one_that_the_user_names_too_is_asked() -> None:
    judge = grading(URL, URL).judge
    assert isinstance(vars(judge)["judge"], EndpointJudge)


def test_rules_and_local_judges_need_no_leave() -> None:
    planted = choice.load("planted")
    assert grading(None, None).judged_by(planted) == grading(URL, None).judged_by(planted) == "rules"
    assert grading("lm-tiny", None).judge.identity.startswith("lm-tiny")
