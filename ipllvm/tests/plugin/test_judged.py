"""A judge through the whole pipeline: who graded is told, replies are kept, and no failure is a zero."""

import json
from pathlib import Path
from random import Random

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from ipllvm.benchmarks import choice
from ipllvm.tests.plugin.sessions import Session, properties, session

pytestmark = [pytest.mark.slow, pytest.mark.process]
SETTINGS = ("-k", "image_use", "--model=planted:invariant", "--samples=30", "--device=cpu", "--report-only")


@pytest.fixture
def judge(httpserver: HTTPServer) -> str:
    """An endpoint: `yes` says yes, `fickle` mostly yes, any other model nothing useful."""
    chance = Random(0)

    def serve(request: Request) -> Response:
        asked = json.loads(request.get_data())
        fickle = "Yes." if chance.random() < 0.7 else "No."
        text = {"yes": "Yes.", "fickle": fickle}.get(asked["model"], "I would rather not.")
        return Response(json.dumps({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}))

    httpserver.expect_request("/v1/models").respond_with_data("{}")
    httpserver.expect_request("/v1/chat/completions").respond_with_handler(serve)
    return httpserver.url_for("/v1")


def run(folder: Path, judge: str, benchmark: str = "objects") -> Session:
    folder.mkdir(exist_ok=True)
    return session(folder, *properties(*SETTINGS, f"--benchmark={benchmark}", f"--judge={judge}"))


def posts(httpserver: HTTPServer) -> int:
    return sum(request.method == "POST" for request, _ in httpserver.log)


def test_the_next_run_has_the_same_score_and_asks_nothing(
    tmp_path: Path, judge: str, httpserver: HTTPServer
) -> None:
    first = run(tmp_path, f"{judge}#yes")
    (row,) = first.report()["results"]
    assert row["settings"]["judge"] == f"{judge}#yes"
    assert row["settings"]["judge_prompt"].startswith("ipllvm's own, sha256 ")
    assert row["estimates"]["clean"]["value"] == 100
    asked = posts(httpserver)
    assert 0 < asked <= 60
    assert any(f"{asked} asked, 0 from the store, 0 failed" in line for line in first.lines)
    for report in tmp_path.glob("reports/*/report.json"):
        report.unlink()
    again = run(tmp_path, f"{judge}#yes")
    assert posts(httpserver) == asked
    (kept,) = again.report()["results"]
    assert kept["estimates"] == row["estimates"]


def test_what_can_not_be_read_is_not_measured(tmp_path: Path, judge: str) -> None:
    found = run(tmp_path, f"{judge}#no")
    assert found.status != 0
    report = found.report()
    assert all(row["verdict"]["decision"] == "UNDECIDED" for row in report["results"])
    assert any("the judge's reply can't be read: 'I would rather not.'" in line for line in found.lines)


def test_a_judge_that_is_gone_ends_the_run_at_once(tmp_path: Path) -> None:
    found = run(tmp_path, "http://127.0.0.1:9/v1#m")
    assert (found.status, found.seconds < 30) == (4, True)
    assert "ERROR: --judge http://127.0.0.1:9/v1#m: it can't be reached" in found.output


def test_a_judge_that_graded_nothing_is_told(tmp_path: Path, judge: str) -> None:
    found = run(tmp_path, f"{judge}#yes", "planted")
    assert any("graded nothing: no benchmark of this run takes a judge" in line for line in found.lines)


def test_a_judge_that_changes_its_mind_is_told_by_how_much(tmp_path: Path, judge: str) -> None:
    (row,) = run(tmp_path, f"{judge}#fickle").report()["results"]
    noise = row["estimates"]["judge_noise"]
    assert noise["n"] == 20 and noise["low"] < noise["value"] < noise["high"]
    assert "of 20 answers graded otherwise when asked again" in noise["method"]


def test_labels_of_people_put_a_score_right(tmp_path: Path) -> None:
    """Where the right answers alone have labels that fit, those are no random ones."""
    samples = choice.load("planted").samples
    lines = (json.dumps({"id": each.id, "answer": each.answer, "label": 0.5}) for each in samples)
    (tmp_path / "people.jsonl").write_text("\n".join(lines))
    asked = (*SETTINGS, "--model=planted:invariant,a=1", "--benchmark=planted", "--labels=people.jsonl")
    done = session(tmp_path, *properties(*asked))
    some, every = sorted(
        (row["estimates"] for row in done.report()["results"]), key=lambda each: each["clean"]["value"]
    )
    assert 70 <= some["clean"]["value"] < every["clean"]["value"] == 100
    assert every["clean_labelled"]["value"] == pytest.approx(50)
    assert "put right by 30 labels" in every["clean_labelled"]["method"]
    wrong = 30 - round(0.3 * some["clean"]["value"])
    assert some["clean_labelled"]["value"] is None
    told = f"all answers {some['clean']['value']:.1f}; {wrong} labels are of other answers; label answers"
    assert told in some["clean_labelled"]["method"]
