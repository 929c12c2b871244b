"""Copies of published benchmarks in the forms that they are found in, with pictures drawn here."""

import base64
import csv
import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from ipllvm.benchmarks.definition import published
from ipllvm.tests.benchmarks.published import Rows, rows

NEEDS_PYARROW = "pyarrow"


def png(number: int) -> bytes:
    """A picture that is like no other."""
    stream = BytesIO()
    Image.new("RGB", (4, 4), (number % 256, number // 256, 7)).save(stream, "PNG")
    return stream.getvalue()


def picture_of(name: str, row: dict[str, Any], number: int) -> bytes:
    """A row's picture; the two questions of an MME picture, and those of a chart, share theirs."""
    shared = row.get("question_id") if name == "mme" else row.get("imgname") or row.get("image_id")
    return png(sum(map(ord, shared)) if shared else number)


def pictured(name: str) -> list[tuple[dict[str, Any], bytes]]:
    """Rows with their pictures."""
    return [(row, picture_of(name, row, n)) for n, row in enumerate(rows(name))]


def as_parquet(name: str, folder: Path) -> None:
    """The hub's parquet, in two shards where there are several rows."""
    import pyarrow
    import pyarrow.parquet

    columns = published(name).pictures
    made = [{**row, **{c: _cell(row.get(c), data) for c in columns}} for row, data in pictured(name)]
    file = published(name).hub.files[0].removeprefix("*")
    halves = [made[: len(made) // 2], made[len(made) // 2 :]]
    for number, half in enumerate(halves):
        path = folder / file.replace("*", f"{number:05d}-of-00002")
        path.parent.mkdir(parents=True, exist_ok=True)
        table = pyarrow.Table.from_pylist(made).schema
        if name == "mmstar":
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(made, schema=table), path)
        else:
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(half, schema=table), path, row_group_size=1)


def _cell(value: Any, data: bytes) -> Any:
    made = {"bytes": data, "path": None}
    return [made for _ in value] if isinstance(value, list) else made


def as_jsonl(name: str, folder: Path) -> None:
    """Rows in the hub's columns, pictures as files."""
    columns = published(name).pictures
    (folder / "pictures").mkdir(parents=True)
    with (folder / "rows.jsonl").open("w") as lines:
        for number, (row, data) in enumerate(pictured(name)):
            file = f"pictures/{number}.png"
            (folder / file).write_bytes(data)
            cells = {c: [file] if isinstance(row.get(c), list) else file for c in columns}
            lines.write(json.dumps({**row, **cells}) + "\n")


def as_table(name: str, folder: Path) -> None:
    """VLMEvalKit's TSV: options in columns, pictures as base64, one that comes again by its row's index."""
    made: list[dict[str, Any]] = []
    seen: dict[bytes, int] = {}
    for number, (row, data) in enumerate(pictured(name)):
        cell = str(seen[data]) if data in seen else base64.b64encode(data).decode()
        seen.setdefault(data, number)
        question = row.get("query") or row["question"]
        made.append({"index": number, "image": cell, "question": question, **_flat(name, row)})
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.tsv").open("w", newline="") as lines:
        writer = csv.DictWriter(lines, list(dict.fromkeys(k for row in made for k in row)), delimiter="\t")
        writer.writeheader()
        writer.writerows(made)


def _flat(name: str, row: dict[str, Any]) -> dict[str, Any]:
    letters = "ABCDE"
    if name == "qbench":
        given = [row[f"option{i}"] for i in range(4) if row[f"option{i}"] != "N/A"]
        return {**dict(zip(letters, given, strict=False)), "answer": row["correct_choice"]}
    if name in ("scienceqa", "ai2d", "ai2d-no-mask"):
        given = row["choices" if name == "scienceqa" else "options"]
        facts = {"hint": row.get("hint", ""), "subject": row.get("subject", "")}
        return {**dict(zip(letters, given, strict=False)), "answer": letters[int(row["answer"])], **facts}
    if name == "seed":
        names = {5: "Instances Counting", 10: "Action Recognition"}
        given = [row[f"choice_{letter}"] for letter in "abcd"]
        return {
            **dict(zip(letters, given, strict=False)),
            "answer": row["answer"],
            "category": names[row["question_type_id"]],
        }
    if name == "chartqa":
        return {
            "answer": row["answer"],
            "split": f"test_{row['type'].removesuffix('_test')}",
            "imgname": row["imgname"],
        }
    if name == "mmvet":
        return {"answer": row["answer"], "category": row["capability"]}
    if name == "llavaw":
        return {"caption": row["caption"], "gpt4_ans": row["gpt_answer"], "category": row["category"]}
    if name == "mathvista":
        kept = ("pid", "answer", "question_type", "answer_type")
        facts = {
            k: row["metadata"][k] for k in ("task", "category", "context", "grade", "source", "language")
        }
        lists = {"choices": str(row["choices"] or ""), "skills": str(row["metadata"]["skills"])}
        precision = "" if row["precision"] is None else row["precision"]
        return {**{k: row[k] for k in kept}, **facts, **lists, "precision": precision}
    return {k: row[k] for k in ("answer", "category", "l2_category") if k in row}


def as_release(name: str, folder: Path) -> None:
    """The original release."""
    folder.mkdir(parents=True, exist_ok=True)
    {
        "mme": _mme,
        "mmvet": _mmvet,
        "llavaw": _llavaw,
        "mathvista": _mathvista,
        "scienceqa": _scienceqa,
        "chartqa": _chartqa,
        "ai2d": _ai2d,
        "seed": _seed,
        "qbench": _qbench,
    }[name](folder, pictured(name))


Given = Sequence[tuple[dict[str, Any], bytes]]


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _dump(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def _mme(folder: Path, given: Given) -> None:
    for row, data in given:
        task, picture = row["question_id"].split("/")
        home = folder / "MME_Benchmark_release_version" / task
        flat = task == "code_reasoning"
        _put((home if flat else home / "images") / picture, data)
        text = (home if flat else home / "questions_answers_YN") / picture.replace(".png", ".txt")
        text.parent.mkdir(parents=True, exist_ok=True)
        with text.open("a") as lines:
            lines.write(f"{row['question']}\t{row['answer']}\n")


def _mmvet(folder: Path, given: Given) -> None:
    made = {}
    for number, (row, data) in enumerate(given):
        _put(folder / "images" / f"{number}.png", data)
        capability = row["capability"].split(",")
        kept = {"question": row["question"], "answer": row["answer"], "capability": capability}
        made[row["question_id"]] = {**kept, "imagename": f"{number}.png"}
    _dump(folder / "mm-vet.json", made)


def _llavaw(folder: Path, given: Given) -> None:
    files: dict[str, list[dict[str, Any]]] = {"questions": [], "context": [], "answers_gpt4": []}
    for row, data in given:
        _put(folder / "images" / row["image_id"], data)
        asked = {"question_id": row["question_id"], "image": row["image_id"], "category": row["category"]}
        files["questions"].append({**asked, "text": row["question"]})
        files["context"].append({"image": row["image_id"], "caption": row["caption"]})
        files["answers_gpt4"].append({"question_id": row["question_id"], "text": row["gpt_answer"]})
    for name, lines in files.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def _mathvista(folder: Path, given: Given) -> None:
    for row, data in given:
        _put(folder / row["image"], data)
    dropped = ("query", "decoded_image")
    _dump(
        folder / "testmini.json",
        {r["pid"]: {k: v for k, v in r.items() if k not in dropped} for r, _ in given},
    )


def _scienceqa(folder: Path, given: Given) -> None:
    problems: dict[str, Any] = {
        "9": {"image": None, "question": "No picture?", "choices": ["a"], "answer": 0}
    }
    for number, (row, data) in enumerate(given):
        _put(folder / "images" / "test" / str(number) / "image.png", data)
        problems[str(number)] = {**row, "image": "image.png"}
    _dump(folder / "problems.json", problems)
    _dump(folder / "pid_splits.json", {"test": list(problems), "train": []})


def _chartqa(folder: Path, given: Given) -> None:
    home = folder / "ChartQA Dataset" / "test"
    for half in ("human", "augmented"):
        own = [(row, data) for row, data in given if row["type"] == f"{half}_test"]
        _dump(
            home / f"test_{half}.json",
            [{"imgname": r["imgname"], "query": r["question"], "label": r["answer"]} for r, _ in own],
        )
        for row, data in own:
            _put(home / "png" / row["imgname"], data)


def _ai2d(folder: Path, given: Given) -> None:
    made = []
    for number, (row, data) in enumerate(given):
        masked = bool(number % 2)
        _put(folder / ("abc_images" if masked else "images") / f"{number}.png", data)
        facts = {"answerTexts": row["options"], "correctAnswer": int(row["answer"]), "abcLabel": masked}
        facts["questionId"] = row["_question_id"]
        made.append({"imageName": f"{number}.png", "question": row["question"], "metadata": facts})
    _dump(folder / "ai2d_test.json", made)


def _seed(folder: Path, given: Given) -> None:
    for row, data in given:
        _put(folder / "SEED-Bench-image" / row["data_id"], data)
    kept = [{k: v for k, v in row.items() if k != "image"} for row, _ in given]
    _dump(folder / "SEED-Bench.json", {"questions": kept, "question_type": {}})


def _qbench(folder: Path, given: Given) -> None:
    made: Rows = []
    for number, (row, data) in enumerate(given):
        _put(folder / "images" / f"{number}.jpg", data)
        options = [row[f"option{i}"] for i in range(4) if row[f"option{i}"] != "N/A"]
        right = options["ABCD".index(row["correct_choice"])]
        codes = {"type": row["question_type"], "concern": row["question_concern"]}
        made.append({"img_path": f"{number}.jpg", "candidates": options, "correct_ans": right, **codes})
        made[-1]["question"] = row["question"]
    _dump(folder / "llvisionqa_dev.json", made)


FORMS = {"parquet": as_parquet, "jsonl": as_jsonl, "table": as_table, "release": as_release}
