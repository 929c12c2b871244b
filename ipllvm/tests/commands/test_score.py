"""`ipllvm score`: totals, what is missing, what was read, and files that can't be used."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
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


def test_a_price_without_a_judge_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(scored(tmp_path, "mmvet", [], "--judge-price=1/2")) == 4
    assert "--judge-price: give --judge too" in capsys.readouterr().err


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
        (None, "[1]", "it is one JSON value, not one a line"),
        (None, "", "holds no responses"),
        (None, '{"id": 1}', "line 1 has no 'response' (it has: id)"),
        (None, '{"id": 1, "response": ["A", "B"]}', "line 1, column 'response': 2 texts, and one is"),
        (None, '{"id": 1, "response": {"a": 1}}', "line 1, column 'response': a text is needed"),
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


def bare(name: str) -> list[tuple[str, str]]:
    """The right answer to each row by the name that its benchmark knows it by."""
    return [(answer["id"], answer["response"]) for answer in right(name)]


def lines(rows: Lines) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def sheet(columns: str, rows: Iterable[Iterable[object]]) -> str:
    return "".join("\t".join(map(str, row)) + "\n" for row in (columns.split(), *rows))


LLAVA = {"model_id": "m", "answer_id": "x", "metadata": {}}
SHAPES: dict[str, tuple[str, str, Callable[[], str]]] = {
    "lmms-eval's samples": (
        "qbench", "samples_qbench.jsonl",
        lambda: lines({"doc_id": n, "doc": {"id": 99}, "resps": [[said]], "filtered_resps": [said]}
                      for n, (_, said) in enumerate(bare("qbench"))),
    ),
    "lmms-eval's samples in another order": (
        "mme", "samples_mme.jsonl",
        lambda: lines([{"doc_id": n, "resps": [[said]]} for n, (_, said) in enumerate(bare("mme"))][::-1]),
    ),
    "VLMEvalKit's table": (
        "mmstar", "out.tsv",
        lambda: sheet("index answer prediction", ((n, "?", said) for n, said in bare("mmstar"))),
    ),
    "VLMEvalKit's table with extractions": (
        "mathvista", "out.tsv",
        lambda: sheet("pid prediction res log", ((n, "So", said, "ok") for n, said in bare("mathvista"))),
    ),
    "VLMEvalKit's table with grades": (
        "mmvet", "out.csv",
        lambda: "".join(",".join(map(str, row)) + "\n" for row in (
            ("question_id", "prediction", "score", "log"),
            *((n, "So", 1.0, "fine") for n, _ in bare("mmvet")))),
    ),
    "a CSV": ("seed", "out.csv", lambda: "\n".join(["question_id,prediction", *map(",".join, bare("seed"))])),
    "LLaVA's answers": (
        "scienceqa", "answers.jsonl",
        lambda: lines({"question_id": n, "text": said, **LLAVA} for n, said in bare("scienceqa")),
    ),
    "LLaVA's answers, of which an order says nothing": (
        "mme", "answers.jsonl",
        lambda: lines([{"question_id": n, "prompt": f"USER: <image>\n{row['question']}\nOne word. ASSISTANT:",
                        "text": said, **LLAVA}
                       for (n, said), row in zip(bare("mme"), rows("mme"), strict=True)][::-1]),
    ),
    "LLaVA's reviews, which have a number of their own": (
        "llavaw", "review.jsonl",
        lambda: lines({"id": n + 1, "question_id": name, "content": "8 8\nfine", "tuple": [8.0, 8.0]}
                      for n, (name, _) in enumerate(bare("llavaw"))),
    ),
    "MathVista's output": (
        "mathvista", "output.json",
        lambda: json.dumps({n: {"pid": n, "response": "So", "extraction": said}
                            for n, said in bare("mathvista")}),
    ),
    "MM-Vet's grades": (
        "mmvet", "grades.json",
        lambda: json.dumps({n: {"content": ["1.0"], "score": [1.0]} for n, _ in bare("mmvet")}),
    ),
    "lmms-eval's file of 2024": (
        "mmstar", "mmstar.json",
        lambda: json.dumps({"args": {"tasks": "mmstar"}, "model_configs": {"task": "mmstar"}, "time": "0101",
                            "logs": [{"doc_id": n, "target": "A", "resps": [[f" {said}\n"]],
                                      "filtered_resps": [f" {said}\n"]}
                                     for n, (_, said) in enumerate(bare("mmstar"))]}),
    ),
    "InternVL's and Qwen-VL's outputs, in the rows' order": (
        "chartqa", "chartqa_test_human.json",
        lambda: json.dumps([{"question": f"{row['question']}\nIn a word.", "answer": said, "annotation": "x"}
                            for (_, said), row in zip(bare("chartqa"), rows("chartqa"), strict=True)]),
    ),
    "InternVL's outputs with a number": (
        "seed", "out.jsonl",
        lambda: lines({"question": "?", "question_id": n, "answer": said, "gt_answers": "x"}
                      for n, said in bare("seed")),
    ),
    "OpenCompass's predictions": (
        "gsm8k", "gsm8k.json",
        lambda: json.dumps({n: {"origin_prompt": "?", "prediction": said, "gold": "x"}
                            for n, said in bare("gsm8k")}),
    ),
    "a list": (
        "gsm8k", "out.json", lambda: json.dumps([{"id": n, "prediction": said} for n, said in bare("gsm8k")]),
    ),
    "answers by id": ("ai2d", "out.json", lambda: json.dumps(dict(bare("ai2d")))),
}  # fmt: skip
"""What it is: the benchmark, the file's name and how its text is made."""


@pytest.mark.parametrize("shape", SHAPES)
def test_what_other_harnesses_write_is_read(
    shape: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, file, text = SHAPES[shape]
    command = scored(tmp_path, name, right(name))
    expected = report(capsys, command)
    place = tmp_path / file
    place.write_text(text(), encoding="utf-8")
    found = report(capsys, [*command[:-1], str(place)])
    assert found["figures"] == expected["figures"] and found["complete"] and found["strays"] == []


def test_answers_without_names_are_to_the_questions_of_their_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = [{"question": row["question"], "response": "1"} for row in rows("chartqa")]
    assert main(scored(tmp_path, "chartqa", answers[:-1])) == 7
    for wrong in (
        answers[::-1],
        [*answers, answers[0]],
        [{**answers[0], "question": "Which?"}, *answers[1:]],
    ):
        capsys.readouterr()
        assert main(scored(tmp_path, "chartqa", wrong)) == 4
        told = capsys.readouterr().err
        assert "no 'id' names its row, and its question is not" in told and told.count("\n") == 1


def test_mme_s_folder_of_texts_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command, folder = scored(tmp_path, "mme", right("mme")), tmp_path / "results"
    folder.mkdir()
    for row in rows("mme")[::-1]:
        task, _, picture = row["question_id"].partition("/")
        with (folder / f"{task}.txt").open("a", encoding="utf-8") as text:
            text.write("\t".join([picture, row["question"], row["answer"], row["answer"]]) + "\n")
    found = report(capsys, [*command[:-1], str(folder)])
    assert found["figures"][0]["printed"] == "600.00" and found["complete"]
    (folder / "count.txt").write_text("1.png\tIs there?\tYes\n", encoding="utf-8")
    assert main([*command[:-1], str(folder)]) == 4
    assert "count.txt: line 1 is not picture, question, answer, said" in capsys.readouterr().err


def test_a_table_of_vlmevalkit_holds_rows_and_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "model_MMStar.tsv"
    columns = "index question A B C D answer category l2_category prediction"
    options = ("cat", "dog", "cow", "elk")
    given = [
        (7, "Which?", *options, "B", "math", "geometry", "B"),
        (9, "What?", *options, "C", "math", "x", "D"),
    ]
    table.write_text(sheet(columns, given), encoding="utf-8")
    found = report(capsys, ["score", "--benchmark=mmstar", str(table), str(table)])
    assert found["figures"][0]["printed"] == "50.00" and found["own_reading"]["printed"] == "50.00"
    pairs = tmp_path / "model_MME.tsv"
    asked = [(n, "Is it?", gold, "OCR", "OCR/1.png", "Yes") for n, gold in enumerate(("Yes", "No"))]
    pairs.write_text(sheet("index question answer category image_path prediction", asked), encoding="utf-8")
    found = report(capsys, ["score", "--benchmark=mme", str(pairs), str(pairs)])
    assert found["figures"][0]["printed"] == "50.00", "one of two right, on one picture"


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("out.xlsx", "", "spreadsheets are not read: save it as .tsv"),
        ("out.json", "3", "answers are a list of objects, or a text or an object for each id"),
        ("out.json", "[", "can't be read: not JSON"),
        ("q.jsonl", '{"question_id": 0, "text": "What?", "category": "conv"}', "line 1 has no 'response'"),
        ("s.jsonl", '{"doc_id": 0, "resps": [["A"], ["B"]]}', "line 1, column 'resps': 2 texts, and one is"),
        ("g.json", '{"0": {"content": ["1", "0"], "score": [1, 0]}}', "'qbench': no row has a score"),
        ("empty", None, "no file of answers, and a folder without MME's texts"),
    ],
)
def test_what_no_harness_writes_is_told_in_one_line(
    file: str, text: str | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command, place = scored(tmp_path, "qbench", right("qbench")), tmp_path / file
    place.mkdir() if text is None else place.write_text(text, encoding="utf-8")
    assert main([*command[:-1], str(place)]) == 4
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
