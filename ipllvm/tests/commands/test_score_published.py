"""`ipllvm score` on files as publishers of benchmarks and models lay them out; all contents are made up."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ipllvm.cli import main
from ipllvm.tests.benchmarks.published import rows
from ipllvm.tests.commands.test_score import report, right, scored, written

MADE = list[dict[str, Any]]


def as_json(path: Path, value: object, indent: int | None = None) -> str:
    path.write_text(json.dumps(value, indent=indent), encoding="utf-8")
    return str(path)


def problem(pid: str, answer: str, kind: str = "integer", **more: object) -> dict[str, Any]:
    """An entry of MathVista's testmini.json, which has no query."""
    facts = {"language": "english", "task": "t", "skills": ["s"], "source": "x"}
    choices = more.pop("choices", None)
    return {
        "question": "How many?", "image": f"images/{pid}.jpg", "choices": choices, "unit": None,
        "precision": None, "answer": answer, "question_type": "multi_choice" if choices else "free_form",
        "answer_type": kind, "pid": pid, "metadata": facts, **more,
    }  # fmt: skip


PROBLEMS = {
    row["pid"]: row
    for row in (
        problem("1", "1.2", "float", precision=1),
        problem("2", "4"),
        problem("3", "[2, 4]", "list"),
        problem("4", "half", "text", choices=["half", "quarter"]),
        problem("5", "7"),
    )
}
EXTRACTED = {"1": "1.23", "2": "4.0", "3": [2, 4], "4": "(A) half", "5": [7]}
"""Only `int(float(x))` reads 4.0; a list of one number is a list, and no number."""


@pytest.mark.parametrize("place", ["testmini.json", "output.json", ".", "list.json"])
def test_mathvista_s_release_and_outputs_are_rows(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    as_json(tmp_path / "testmini.json", PROBLEMS, indent=4)
    outputs = {
        pid: {**row, "query": "Hint", "response": "So", "extraction": EXTRACTED[pid], "true_false": True}
        for pid, row in PROBLEMS.items()
    }
    said = as_json(tmp_path / "output.json", outputs, indent=4)
    as_json(tmp_path / "list.json", list(outputs.values()))
    found = report(capsys, ["score", "--benchmark=mathvista", str(tmp_path / place), said])
    assert [found["figures"][0]["printed"], found["rows"]] == ["60.00", 5]
    found = report(capsys, ["score", "--benchmark=mathvista", "--rule=today", str(tmp_path / place), said])
    assert found["figures"][0]["printed"] == "80.00"


def test_rows_by_id_may_be_of_any_benchmark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = scored(tmp_path, "qbench", right("qbench"))
    given = as_json(tmp_path / "rows.json", {row["id"]: row for row in rows("qbench")})
    assert report(capsys, [*command[:-2], given, command[-1]])["figures"][0]["printed"] == "100.00"


@pytest.mark.parametrize(
    ("name", "file", "value", "said"),
    [
        ("mathvista", "testmini.json", [1], "not the original release of 'mathvista'"),
        ("scienceqa", "problems.json", {"1": 2}, "rows are a list of objects, or an object for each id"),
        ("seed", "SEED-Bench.json", {"a": 1}, "not the original release of 'seed': KeyError('questions')"),
        ("qbench", "rows.json", 3, "rows are a list of objects, or an object for each id"),
    ],
)
def test_rows_that_are_none_are_told(
    name: str, file: str, value: object, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = written(tmp_path / "answers.jsonl", [{"id": "1", "response": "A"}])
    assert main(["score", f"--benchmark={name}", as_json(tmp_path / file, value), answers]) == 4
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_a_folder_without_rows_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    answers = written(tmp_path / "answers.jsonl", [{"id": "1", "response": "A"}])
    assert main(["score", "--benchmark=mme", str(tmp_path / "empty"), answers]) == 4
    assert "holds neither the hub's files" in capsys.readouterr().err


CAPABILITIES = {"v1_0": ["rec"], "v1_1": ["ocr", "math"], "v1_2": ["rec", "know"]}
GRADES = {"v1_0": ["0.0", "0.5", "0.5"], "v1_1": ["1.0", "0.9", "1.0"], "v1_2": ["good", "0.1", "0.1"]}


def mm_vet(folder: Path) -> str:
    row = {"imagename": "1.jpg", "question": "What?", "answer": "x"}
    asked = {name: {**row, "capability": given} for name, given in CAPABILITIES.items()}
    return as_json(folder / "mm-vet.json", asked)


def test_several_gradings_are_averaged_as_mm_vet_s_script_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = {
        name: {"model": ["gpt"] * 3, "content": given, "score": [0.0] * 3} for name, given in GRADES.items()
    }
    scores = tmp_path / "scores.jsonl"
    command = ["score", "--benchmark=mmvet", f"--out={scores}"]
    found = report(capsys, [*command, mm_vet(tmp_path), as_json(tmp_path / "grade-3runs.json", kept)])
    sums = [sum(0.0 if given[run] == "good" else float(given[run]) for given in GRADES.values())
            for run in range(3)]  # fmt: skip
    runs = np.array(sums) / 3 * 100
    expected = [str(round(each, 1)) for each in (runs.mean(), *runs, runs.std())]
    assert [figure["printed"] for figure in found["figures"]] == expected
    assert expected == ["45.6", "33.3", "50.0", "53.3", "8.7"]
    assert found["sub_scores"]["capability"]["rec"]["printed"] == "20.0" and found["responses"] == 3
    last = json.loads(scores.read_text().splitlines()[2])
    assert [last["answer"], last["score"]] == ["- 0.1 0.1", pytest.approx(0.2 / 3)]


def test_every_answer_is_graded_as_often(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = {"v1_0": {"content": ["0.5", "1.0"], "score": 0}, "v1_1": {"content": ["0.5"], "score": 0}}
    command = ["score", "--benchmark=mmvet", mm_vet(tmp_path), as_json(tmp_path / "grades.json", kept)]
    assert main(command) == 4
    assert "line 2: 1 gradings of an answer, 2 on line 1: give all as many" in capsys.readouterr().err


def test_reviews_are_read_one_by_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = str(rows("llavaw")[0]["question_id"])
    several = [{"id": name, "response": "x", "judge_reply": ["8 7", "8 6"]}]
    assert main(scored(tmp_path, "llavaw", several)) == 4
    assert "2 gradings of an answer, and this rule reads one" in capsys.readouterr().err


def test_llava_s_numbers_are_mm_vet_s_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = [{"question_id": n, "prompt": "What?", "text": "x", "judge_reply": "0.5"} for n in range(3)]
    command = ["score", "--benchmark=mmvet", mm_vet(tmp_path), written(tmp_path / "a.jsonl", answers)]
    assert report(capsys, command)["figures"][0]["printed"] == "50.0"


MME = [
    {"question_id": name, "question": f"{asked} Please answer yes or no.", "answer": answer,
     "category": name.partition("/")[0]}
    for name, asked, answer in (
        ("artwork/images/1.a.jpg", "Is it A?", "Yes"), ("artwork/images/1.a.jpg", "Is it B?", "No"),
        ("OCR/0001.png", "Is it C?", "Yes"), ("OCR/0001.png", "Is it D?", "No"),
    )
]  # fmt: skip


@pytest.mark.parametrize("file", ["{}", "{}.jpg", "images/{}.png"])
def test_mme_s_pictures_go_by_task_and_name(
    file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def named(row: dict[str, Any]) -> str:
        stem = Path(row["question_id"]).stem
        return f"{row['category']}/{file.format(stem) if '.' in file else stem + '.txt'}"

    said = [
        {"question_id": named(row), "prompt": row["question"], "text": row["answer"], "answer_id": "x"}
        for row in MME[::-1]
    ]
    answers = written(tmp_path / "a.jsonl", said)
    found = report(capsys, ["score", "--benchmark=mme", written(tmp_path / "r.jsonl", MME), answers])
    assert found["figures"][0]["printed"] == "400.00" and found["complete"] and found["strays"] == []


SCHOOL = [
    {"id": str(n), "question": "Which?", "choices": ["a", "b"], "answer": n % 2, "hint": "", "task": "t",
     "grade": f"grade{grade}", "subject": "natural science", "topic": "physics"}
    for n, grade in enumerate((1, 6, 7))
]  # fmt: skip
RESULTS: dict[str, Callable[[], object]] = {
    "result.json": lambda: {
        "acc": 50.0, "correct": 1, "count": 2, "results": {"0": 0, "1": 0, "2": -1},
        "outputs": {"0": "A", "1": "A. one", "2": "A."},
    },
    "output.json": lambda: {
        "correct": [{"question_id": "0", "parsed_ans": "A", "question": "Which?", "pred": "A"}],
        "incorrect": [
            {"question_id": "1", "parsed_ans": "A", "question": "Which?", "pred": "A. one"},
            {"question_id": "2", "parsed_ans": "FAILED", "question": "Which?", "pred": "A."},
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("file", RESULTS)
def test_scienceqa_s_results_are_read(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given, answers = written(tmp_path / "rows.jsonl", SCHOOL), as_json(tmp_path / file, RESULTS[file](), 2)
    found = report(capsys, ["score", "--benchmark=scienceqa", given, answers])
    assert [found["figures"][0]["printed"], found["unread"]] == ["33.33", 1]
    halves = {name: figure["printed"] for name, figure in found["sub_scores"]["grades"].items()}
    assert halves == {"1-6": "50.00", "7-12": "0.00"}


def test_lm_eval_s_filters_do_not_answer_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = [[f"So 3 and {a['response']}"] for a in right("gsm8k")]
    samples = [
        {"doc_id": n, "resps": [each], "filtered_resps": [made], "filter": name, "exact_match": 0.0}
        for n, each in enumerate(said)
        for name, made in (("strict-match", "7"), ("flexible-extract", "[invalid]"))
    ]
    command = scored(tmp_path, "gsm8k", samples)
    assert report(capsys, command)["figures"][0]["printed"] == "100.00"


def test_llava_w_s_means_follow_its_ratio(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reviews = [
        {"question_id": row["question_id"], "content": content, "tuple": [0, 0]}
        for row, content in zip(rows("llavaw"), ("9 8.5\nBoth", "8 6", "9 7.5"), strict=True)
    ]
    found = report(capsys, scored(tmp_path, "llavaw", reviews))
    assert [figure["printed"] for figure in found["figures"]] == ["84.6", "86.7", "73.3"]


def test_no_number_is_no_response(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = right("qbench")
    answers[1]["response"] = float("nan")
    found = report(capsys, scored(tmp_path, "qbench", answers), status=7)
    assert found["missing"] == ["1"] and found["responses"] == 2


def test_a_list_of_one_is_a_response(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = [{**answer, "response": [answer["response"]]} for answer in right("qbench")]
    assert report(capsys, scored(tmp_path, "qbench", answers))["complete"]


def test_spreadsheets_may_have_semicolons_and_answers_without_a_blank(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "answers.csv"
    long = "A" * 4100
    table.write_text(f"id;response\n0;B\n1;{long}\n2;D\n", encoding="utf-8")
    command = scored(tmp_path, "qbench", right("qbench"), "--rule=strict")
    found = report(capsys, [*command[:-1], str(table)])
    assert found["figures"][0]["printed"] == "66.67" and found["responses"] == 3


@pytest.mark.parametrize(("end", "begin"), [("", ""), (",", ""), ("", "\ufeff")])
def test_an_object_a_line_is_read_whatever_the_name(
    end: str, begin: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = scored(tmp_path, "seed", [])
    said = [{"question_id": a["id"], "prediction": a["response"], "gt_answer": "A"} for a in right("seed")]
    for place, given in (("out.json", said), ("given.json", rows("seed"))):
        text = f"{end}\n".join(json.dumps(each) for each in given)
        (tmp_path / place).write_text(f"{begin}{text}\n", encoding="utf-8")
    found = report(capsys, [*command[:-2], str(tmp_path / "given.json"), str(tmp_path / "out.json")])
    assert found["figures"][0]["printed"] == "100.00" and found["complete"]


JUDGED: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "llavaw": ("8 7\nBoth", lambda said: {"gpt_eval_llava_all": {"review": said, "scores": [8, 7]}}),
    "mmvet": ("0.5", lambda said: {"gpt_eval_score": {"score": float(said), "pred_answer": "x"}}),
    "mathvista": ("7", lambda said: {"gpt_eval_score": {"extraction": said, "true_false": False}}),
}


@pytest.mark.parametrize("name", JUDGED)
def test_lmms_eval_s_samples_bring_what_its_judge_said(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said, kept = JUDGED[name]
    plain = [{**answer, "response": "So", "judge_reply": said} for answer in right(name)]
    expected = report(capsys, scored(tmp_path, name, plain))
    samples = [
        {"doc_id": n, "resps": [["So"]], "filtered_resps": ["So"], **kept(said)} for n in range(len(plain))
    ]
    found = report(capsys, scored(tmp_path, name, samples))
    assert found["figures"] == expected["figures"] and found["complete"]


def test_packed_and_spread_files_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command, place = scored(tmp_path, "qbench", right("qbench")), tmp_path / "answers.jsonl"
    place.write_bytes(gzip.compress(Path(command[-1]).read_bytes()))
    assert main([*command[:-1], str(place)]) == 4
    assert "answers.jsonl: it is packed with gzip: unpack it first" in capsys.readouterr().err
    as_json(place, right("qbench"), indent=1)
    assert main([*command[:-1], str(place)]) == 4
    assert "it is one JSON value, not one a line: rename it to end in .json" in capsys.readouterr().err
