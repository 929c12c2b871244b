"""`ipllvm score`: totals, what is missing, what was read, and files that can't be used."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from ipllvm.benchmarks.definition import published
from ipllvm.cli import main
from ipllvm.tests.benchmarks.published import MADE_UP, rows

Lines = Iterable[dict[str, Any]]
REPLIES = {"mmvet": "1.0", "llavaw": "8 8\nfine"}


def written(path: Path, lines: Lines) -> str:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return str(path)


def right(name: str) -> list[dict[str, Any]]:
    """The right answer to every row, as a harness would hand it over."""
    found, given = published(name), rows(name)
    answers = []
    for index, sample in found.samples(given):
        reply = REPLIES.get(name) or (sample.answer if name == "mathvista" else None)
        said = f"The answer is {sample.answer}." if name == "gsm8k" else sample.answer
        answers.append({"id": found.known_by(given[index], index), "response": said, "judge_reply": reply})
    return answers


def scored(tmp_path: Path, name: str, answers: Lines, *options: str, given: Lines | None = None) -> list[str]:
    files = [
        written(tmp_path / "rows.jsonl", rows(name) if given is None else given),
        written(tmp_path / "responses.jsonl", answers),
    ]
    return ["score", f"--benchmark={name}", *options, *files]


def report(capsys: pytest.CaptureFixture[str], command: list[str], status: int = 0) -> dict[str, Any]:
    assert main([*command, "--format=json"]) == status
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize("name", [*MADE_UP, "mathvista", "llavaw", "gsm8k"])
def test_right_answers_get_the_whole_score(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = report(capsys, scored(tmp_path, name, right(name)))
    most = 600.0 if name == "mme" else 100.0
    assert found["figures"][0]["value"] == most and found["complete"] and found["unread"] == 0
    assert main(scored(tmp_path, name, right(name))) == 0
    assert name in capsys.readouterr().out


def test_a_row_without_a_response_is_told_and_not_averaged_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = scored(tmp_path, "qbench", right("qbench")[:2])
    assert main(command) == 7
    said = capsys.readouterr().out
    assert "1 rows without a response: 2" in said and "of the rows with a score only" in said
    assert "66.67 % (n 3), rows without a score counted as wrong" in said
    found = report(capsys, command, status=7)
    assert found["missing"] == ["2"] and not found["complete"]
    assert [found["figures"][0]["printed"], found["missing_counted_as_wrong"]["printed"]] == [
        "100.00",
        "66.67",
    ]


def test_no_response_is_missing_and_an_empty_one_is_unread(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = right("qbench")
    answers[0]["response"], answers[1]["response"] = None, ""
    found = report(capsys, scored(tmp_path, "qbench", answers), status=7)
    assert found["missing"] == ["0"] and found["unread"] == 1 and found["scored"] == 2


def test_without_a_judges_reply_nothing_is_scored_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = right("mmvet")
    answers[0]["judge_reply"] = None
    found = report(capsys, scored(tmp_path, "mmvet", answers), status=7)
    assert list(found["errors"]) == ["v1_0"] and found["figures"][0]["printed"] == "100.0"


def test_what_was_read_is_written_by_id(tmp_path: Path) -> None:
    out = tmp_path / "scores.jsonl"
    answers = right("qbench")
    answers[1]["response"] = "who knows"
    assert main(scored(tmp_path, "qbench", answers[:2], f"--out={out}")) == 7
    assert [json.loads(line) for line in out.read_text().splitlines()] == [
        {"id": "0", "score": 1.0, "answer": "B", "note": ""},
        {"id": "1", "score": 0.0, "answer": None, "note": ""},
        {"id": "2", "score": None, "answer": None, "note": "no response"},
    ]


def test_rules_differ_and_the_own_reading_stands_beside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = [{**each, "response": f"The answer is {each['response']}"} for each in right("ai2d")]
    found = report(capsys, scored(tmp_path, "ai2d", answers))
    assert found["figures"][0]["printed"] == "0.00" and found["own_reading"]["printed"] == "100.00"
    assert report(capsys, scored(tmp_path, "ai2d", answers, "--rule=strict"))["own_reading"] is None


def test_sub_scores_have_the_unit_of_the_total(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = right("mmvet")
    answers[0]["judge_reply"] = "0.5"
    found = report(capsys, scored(tmp_path, "mmvet", answers))["sub_scores"]
    assert {name: cell["printed"] for name, cell in found["capability"].items()} == {
        "ocr": "75.0",
        "math": "50.0",
        "rec": "100.0",
        "know": "100.0",
        "gen": "100.0",
    }
    assert set(found["combination"]) == {"ocr+math", "rec+know+gen", "ocr"}


def test_points_and_ratios_have_bounds_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = [{**row, "id": f"{n}", "image_id": f"{n}"} for n, row in enumerate(rows("llavaw") * 9)]
    answers = [
        {"id": row["id"], "response": "", "judge_reply": f"8 {5 + n % 4}"} for n, row in enumerate(given)
    ]
    found = report(capsys, scored(tmp_path, "llavaw", answers, given=given))
    assert found["bounds"][0] < found["figures"][0]["value"] < found["bounds"][1]
    answers[0]["judge_reply"] = "none"  # counts as (-1, -1): the interval would be of another figure
    assert report(capsys, scored(tmp_path, "llavaw", answers, given=given))["bounds"] is None
    given = [
        {**rows("mme")[0], "category": category, "question_id": f"{n // 2}", "id": f"{n}", "answer": gold}
        for n, (category, gold) in enumerate(("OCR", gold) for _ in range(10) for gold in ("Yes", "No"))
    ]
    replies = [{"id": row["id"], "response": row["answer"] if n % 5 else "No"} for n, row in enumerate(given)]
    found = report(capsys, scored(tmp_path, "mme", replies, given=given))
    assert found["bounds"][0] < found["figures"][0]["value"] < found["bounds"][1]


def test_the_two_questions_on_a_picture_are_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = right("mme")
    swapped = [{**a, "question": row["question"]} for a, row in zip(answers, rows("mme"), strict=True)][::-1]
    assert report(capsys, scored(tmp_path, "mme", swapped))["figures"][0]["printed"] == "600.00"
    assert main(scored(tmp_path, "mme", answers[1:])) == 4
    assert "2 rows are known by 'existence/1.png' and 1 answers" in capsys.readouterr().err


def test_an_id_of_ones_own_comes_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = [{**row, "id": f"my/{n}"} for n, row in enumerate(rows("mme"))]
    answers = [{**answer, "id": f"my/{n}"} for n, answer in enumerate(right("mme"))][:-1]
    found = report(capsys, scored(tmp_path, "mme", answers, given=given), status=7)
    assert found["missing"] == ["my/7"]


@pytest.mark.parametrize("name", ["mme", "mathvista", "mmvet", "llavaw"])
def test_answers_may_go_by_the_benchmarks_own_key_and_rows_by_an_id(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = published(name).key[0]
    given = [{**row, "id": f"row-{n}"} for n, row in enumerate(rows(name))]
    keyed = [{**answer, "id": row[key]} for answer, row in zip(right(name), given, strict=True)]
    found = report(capsys, scored(tmp_path, name, keyed, given=given))
    assert found["complete"] and found["strays"] == []
    bare = [{key: answer.pop("id"), **answer} for answer in keyed]
    assert report(capsys, scored(tmp_path, name, bare, given=given)) == found


@pytest.mark.parametrize(("row", "answer"), [(7, "7"), ("7", 7), (7.0, "7"), (7, 7.0), (7.0, 7)], ids=repr)
def test_a_number_is_one_name_however_it_is_written(
    row: object, answer: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [{**rows("qbench")[0], "id": row}]
    answers = [{"id": answer, "response": right("qbench")[0]["response"]}]
    assert report(capsys, scored(tmp_path, "qbench", answers, given=given))["complete"]


def test_a_judge_grades_what_brings_no_reply_and_is_asked_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/v1/models").respond_with_data("{}")
    reply = {"choices": [{"message": {"content": "0.5"}, "finish_reason": "stop"}]}
    httpserver.expect_request("/v1/chat/completions").respond_with_json(reply)
    answers = right("mmvet")
    for answer in answers[1:]:
        answer["judge_reply"] = None
    judge = f"--judge={httpserver.url_for('/v1')}#m"
    command = scored(tmp_path, "mmvet", answers, judge, f"--report-dir={tmp_path}", "--judge-price=1/2")
    first = report(capsys, command)
    assert (
        first["figures"][0]["printed"] == f"{round(100 * (1 + 0.5 * (len(answers) - 1)) / len(answers), 1)}"
    )
    asked = [request for request, _ in httpserver.log if request.method == "POST"]
    assert len(asked) == len(answers) - 1
    httpserver.clear()
    httpserver.expect_request("/v1/models").respond_with_data("{}")
    assert report(capsys, command) == first
    assert main([*command, "--judge=http://127.0.0.1:9/v1#m"]) == 4
    assert "it can't be reached" in capsys.readouterr().err


def test_a_second_answer_counts_only_if_one_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = right("qbench")
    assert main(scored(tmp_path, "qbench", [*answers, answers[0]])) == 0
    assert "1 responses that came again" in capsys.readouterr().out
    other = {**answers[0], "response": "A"}
    assert main(scored(tmp_path, "qbench", [*answers, other])) == 4
    assert "line 4: '0' was answered otherwise on line 1" in capsys.readouterr().err
    found = {
        which: report(capsys, scored(tmp_path, "qbench", [*answers, other], f"--duplicates={which}"))
        for which in ("first", "last")
    }
    assert [found[which]["figures"][0]["printed"] for which in found] == ["100.00", "66.67"]


@pytest.mark.parametrize(
    ("rows_text", "responses_text", "said"),
    [
        (None, "{", "responses.jsonl: line 1 is not JSON"),
        (None, "[1]", "line 1 is no JSON object but list"),
        (None, "", "holds no responses"),
        (None, '{"id": 1}', "line 1 has no 'response' (it has: id)"),
        (None, '{"id": 1, "response": ["A"]}', "line 1, column 'response': a text is needed"),
        (None, '{"id": "x", "response": "A"}', "none of the 1 responses belongs to a row"),
        ('{"id": 0}', None, "row 1, column 'option0': there is no such column"),
        ("\udcff", None, "rows.jsonl: line 1 is not JSON"),
    ],
)
def test_bad_files_are_told_in_one_line(
    rows_text: str | None,
    responses_text: str | None,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = scored(tmp_path, "qbench", right("qbench"))
    for name, text in (("rows.jsonl", rows_text), ("responses.jsonl", responses_text)):
        if text is not None:
            (tmp_path / name).write_bytes(text.encode(errors="surrogateescape"))
    assert main(command) == 4
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_unknown_names_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options, said in (
        (["--benchmark=mne"], "unknown published benchmark 'mne': did you mean 'mme'?"),
        (["--rule=offical"], "unknown rule of 'qbench' 'offical'"),
    ):
        assert main([*scored(tmp_path, "qbench", right("qbench")), *options]) == 4
        assert said in capsys.readouterr().err


def test_it_loads_no_torch(tmp_path: Path) -> None:
    command = scored(tmp_path, "mme", right("mme"))
    code = f"import sys; from ipllvm.cli import main; main({command!r}); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
