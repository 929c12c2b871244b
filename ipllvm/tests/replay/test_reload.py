"""A report of somebody else is loaded again: no judge that it names gets the user's key."""

import pytest

from ipllvm.benchmarks import choice
from ipllvm.errors import UsageError
from ipllvm.records import Benchmark
from ipllvm.replay import reload as reloading

OPTIONS = {"judge": "http://127.0.0.1:9/v1#m"}


@pytest.fixture(scope="module")
def judged() -> Benchmark:
    """A benchmark that a judge can grade."""
    found = choice.load("objects")
    assert found.judged
    return found


def test_an_endpoint_that_the_report_names_is_asked_only_if_the_user_names_it_too(judged: Benchmark) -> None:
    for other in (None, "http://127.0.0.1:9/v1#n", "http://127.0.0.1:9#m"):
        with pytest.raises(UsageError, match=r"with your key, give --judge=http://127\.0\.0\.1:9/v1#m"):
            reloading._grading(OPTIONS, judged, "cpu", other)
    grading = reloading._grading(OPTIONS, judged, "cpu", OPTIONS["judge"])
    assert grading.judge.identity == OPTIONS["judge"]


def test_rules_and_local_judges_need_no_leave(judged: Benchmark) -> None:
    assert reloading._grading({}, judged, "cpu", None).judged_by(judged) == "rules"
    assert reloading._grading({"judge": "lm-tiny"}, judged, "cpu", None).judge.identity.startswith("lm-tiny")


def test_where_rules_grade_a_report_s_judge_does_not_matter() -> None:
    planted = choice.load("planted")
    grading = reloading._grading(OPTIONS, planted, "cpu", None)
    assert grading.judged_by(planted) == "rules"
