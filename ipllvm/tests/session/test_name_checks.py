"""What a command line names is refused before anything is measured: a judge that is needed, or not there."""

from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from ipllvm.errors import UsageError
from ipllvm.session import name_checks
from ipllvm.tests.session.test_options import read


@pytest.mark.parametrize("name", ["mmvet", "llavaw", "mmvet@paper"])
def test_a_benchmark_that_only_a_judge_can_grade_is_refused_without_one(name: str) -> None:
    with pytest.raises(UsageError, match=rf"--benchmark {name}: a judge grades it: give --judge="):
        name_checks.require(read(benchmark=[name]))


@pytest.mark.parametrize("name", ["mathvista", "mmvp", "mmvp@paper", "pets@paper", "objects", "scenes"])
def test_the_others_go_without(name: str) -> None:
    name_checks.require(read(benchmark=[name]))


def test_a_judge_that_is_not_there_ends_the_run_before_it_begins() -> None:
    with pytest.raises(UsageError, match=r"--judge http://127.0.0.1:9/v1#m: it can't be reached"):
        name_checks.require(read(benchmark=["mmvet"], judge="http://127.0.0.1:9/v1#m"))


@pytest.mark.parametrize(
    ("status", "refused"), [(200, False), (401, True), (403, True), (404, False), (500, False)]
)
def test_a_key_that_is_not_taken_ends_it_too(httpserver: HTTPServer, status: int, refused: bool) -> None:
    httpserver.expect_request("/v1/models").respond_with_data("{}", status)
    options = read(benchmark=["mmvet"], judge=f"{httpserver.url_for('/v1')}#m")
    if refused:
        with pytest.raises(UsageError, match=f"HTTP status {status}: the key is"):
            name_checks.require(options)
    else:
        name_checks.require(options)


def test_recorded_replies_are_a_judge(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text('{"prompt": "p", "reply": "0.5"}\n')
    options = read(benchmark=["mmvet"], judge=f"replay:{tmp_path / 'r.jsonl'}")
    name_checks.check(options)
    name_checks.require(options)
    with pytest.raises(UsageError, match="No such file"):
        name_checks.check(read(judge=f"replay:{tmp_path / 'none'}"))


def test_offline_no_endpoint_is_asked() -> None:
    with pytest.raises(UsageError, match="--offline"):
        name_checks.check(read(judge="http://host/v1#m", offline=True))
