"""Files of rows and pictures that can't be used: one line with the file, the row, the column, what to do."""

import base64
import io
import json
import os
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.benchmarks import own
from ipllvm.benchmarks.cells import BadCell
from ipllvm.benchmarks.images import BYTES
from ipllvm.benchmarks.jsonlines import in_lines, numbered
from ipllvm.benchmarks.originals import by_id, listed, options, picture_named
from ipllvm.benchmarks.own_columns import columns
from ipllvm.benchmarks.own_columns import settings as toml_settings
from ipllvm.benchmarks.sources import files, incomplete
from ipllvm.benchmarks.tables import opening, other_kind, webdataset
from ipllvm.benchmarks.tables.pictures import below, decoded, picture
from ipllvm.errors import IpllvmError, UsageError
from ipllvm.tests.benchmarks.copies import png

Row = dict[str, Any]


def one_line(error: BaseException) -> str:
    assert str(error).isprintable() and len(str(error)) < 2_001
    return str(error)


@settings(max_examples=40)
@given(
    st.lists(
        st.dictionaries(st.text(max_size=4), st.none() | st.integers() | st.text(max_size=6)), max_size=6
    )
)
def test_lines_read_back_with_blank_ones_commas_and_a_mark_between(rows: list[Row]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        text = "\n\n".join(json.dumps(row) + ("," if place % 2 else "") for place, row in enumerate(rows))
        path.write_text(f"\ufeff{text}\n \n", encoding="utf-8")
        found = list(numbered(path))
    assert [row for _, row in found] == rows
    assert [number for number, _ in found] == [2 * place + 1 for place in range(len(rows))]


@pytest.mark.parametrize(
    ("text", "lined"),
    [
        ("", False),
        ("{}", False),
        ("{}\n", False),
        ("{}\n{}\n", True),
        ("\ufeff{},\n{}", True),
        ("\ufeff", False),
        ('[{"a": 1},\n{"a": 2}]', False),
        ("{\n}\n", False),
        ("{}\n\n{}", False),
    ],
)
def test_a_json_file_of_one_value_is_told_from_one_of_lines(text: str, lined: bool, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    assert in_lines(tmp_path / "a.json") is lined
    assert not in_lines(tmp_path / "none.json")


def test_what_is_one_value_is_told_also_behind_a_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    for text in ("[\n{}\n]", "\ufeff[\n{}\n]", "\ufeff{\n}\n", "[{}]"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match="it is one JSON value, not one a line: rename it to end in"):
            list(numbered(path))


def test_a_pipe_and_a_folder_keep_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    for name in ("pipe.jsonl", "folder.jsonl"):
        with pytest.raises(UsageError, match=f"{name}: can't be read: it is not a regular file"):
            list(numbered(tmp_path / name))
    with pytest.raises(UsageError, match="there is no such file"):
        opening.rows(tmp_path / "folder.jsonl")


@pytest.mark.parametrize(
    "name", ["a.xlsx", "a.json.gz", "a.ndjson", "a.pkl", "a", "a.", ".jsonl.zip", "A.XLS"]
)
def test_another_kind_of_file_says_what_to_do(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("")
    with pytest.raises(UsageError) as told:
        opening.rows(tmp_path / name)
    assert one_line(told.value).endswith(other_kind(name))
    assert "rows are read from .jsonl, .json, .csv, .tsv, .parquet" in str(told.value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("https://x.example/a.png", "'https://x.example/a.png' is an address: download the picture"),
        ("../outside.png", "'../outside.png' leads out of "),
        ("/etc/passwd", "'/etc/passwd' leads out of "),
        ("none.png", "there is no picture 'none.png' in "),
        ("x" * 5000 + ".", "it is not a path"),
        ("a\0.png", "it is not a path"),
        ("y" * 300 + ".png", "can't be read: "),
        ("data:image/png;base64,????", "it is not base64"),
        (7, "a picture's path or base64 is needed, not int"),
        (["a"], "a picture's path or base64 is needed, not list"),
        ({"bytes": None, "path": "none.png"}, "there is no picture 'none.png' in "),
    ],
)
def test_a_cell_that_is_no_picture_says_why(value: Any, words: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(BadCell) as told:
        picture(value, "image", tmp_path / "in", "row 1")
    assert words in str(told.value) and str(told.value).startswith("column 'image': ")


@pytest.mark.parametrize("nothing", [None, "", float("nan"), {"bytes": None, "path": None}, {}])
def test_an_empty_cell_is_no_picture(nothing: Any, tmp_path: Path) -> None:
    assert picture(nothing, "image", tmp_path, "row 1") is None


@pytest.mark.parametrize("form", ["path", "base64", "data", "bytes", "struct"])
def test_every_form_of_a_picture_is_the_same_picture(form: str, tmp_path: Path) -> None:
    data = png(0) + b"\0" * 60
    (tmp_path / "a.png").write_bytes(data)
    text = base64.b64encode(data).decode()
    forms = {"path": "a.png", "base64": text, "data": f"data:image/png;base64,{text}", "bytes": data,
             "struct": {"bytes": data, "path": "elsewhere.png"}}  # fmt: skip
    found = picture(forms[form], "image", tmp_path, "row 1")
    assert found is not None and found.load().tobytes() == _loaded(data)


def _loaded(data: bytes) -> bytes:
    from PIL import Image

    return Image.open(io.BytesIO(data)).convert("RGB").tobytes()


def test_a_link_that_leads_out_is_no_picture_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out.png").write_bytes(png(0))
    (tmp_path / "in" / "link.png").symlink_to(tmp_path / "out.png")
    with pytest.raises(BadCell, match="leads out of"):
        below("link.png", "image", tmp_path / "in")
    with pytest.raises(BadCell, match=f"a picture of more than {BYTES >> 20} MiB"):
        decoded("A" * (2 * BYTES + 1), "image")


TOMLS: dict[str, tuple[str, str]] = {
    "no toml": ("a =", "can't be read: "),
    "an unknown key": ('qestion = "q"', "unknown key 'qestion': did you mean 'question'?"),
    "a number for a name": ("question = 3", "'question' can't be 3"),
    "a text for a number": ('answers_from = "0"', "'answers_from' can't be '0'"),
    "a truth value": ("answers_from = true", "'answers_from' can't be True"),
    "a third place": ("answers_from = 2", "'answers_from' is 0 or 1: what the first choice counts as"),
    "no token": ("max_new_tokens = 0", "'max_new_tokens' must be from 1 to "),
    "too many tokens": ("max_new_tokens = 10000000", "'max_new_tokens' must be from 1 to "),
    "an unknown scorer": ('scorer = "exact"', "unknown scorer 'exact': did you mean 'exact_match'?"),
}


@pytest.mark.parametrize("name", TOMLS)
def test_a_toml_that_cant_be_used_says_its_key(name: str, tmp_path: Path) -> None:
    text, words = TOMLS[name]
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as told:
        toml_settings(path)
    assert one_line(told.value).startswith(f"{path}: ") and words in str(told.value)
    assert toml_settings(tmp_path / "none.toml") == {}


COLUMNS: dict[str, tuple[list[Row], Row, str]] = {
    "no rows": ([], {}, "mine.csv: holds no rows"),
    "a column that is not there": ([{"image": 1}], {"answer": "lable"}, "unknown column 'lable': Known: "),
    "two that could be it": (
        [{"image": 1, "question": "?", "Question": "?", "answer": "a"}],
        {},
        "'question' and 'Question' could both be the question: say which in mine.toml, as ",
    ),
    "none for the answer": (
        [{"image": 1, "question": "?"}],
        {},
        'no column for answer (there are: image, question): say which in mine.toml, as answer = "COLUMN"',
    ),
    "none for the picture": (
        [{"question": "?", "answer": "a"}],
        {},
        'as image = "COLUMN", or image = "" for questions without pictures',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_that_cant_be_told_are_named(name: str) -> None:
    rows, given, words = COLUMNS[name]
    with pytest.raises(UsageError) as told:
        columns(rows, given, "mine.csv")
    assert words in one_line(told.value)


ROWS: dict[str, tuple[Row, str]] = {
    "a blank question": ({"question": " "}, "row 2, column 'question': it is blank"),
    "a blank answer": ({"answer": ""}, "row 2, column 'answer': it is blank"),
    "an answer in a list that is blank": ({"answer": ["a", " "]}, "row 2, column 'answer': it is blank"),
    "no answer": ({"answer": None}, "row 2, column 'answer': a text is needed, not None"),
    "an endless number": ({"answer": float("inf")}, "row 2, column 'answer': a text is needed, not inf"),
    "one choice": ({"choices": ["a"]}, "row 2, column 'choices': 2 to 8 different choices are needed"),
    "a choice twice": ({"choices": ["a", "a"]}, "2 to 8 different choices are needed, not \"['a', 'a']\""),
    "nine choices": ({"choices": list("abcdefghi")}, "2 to 8 different choices are needed"),
    "no such choice": (
        {"choices": ["x", "y"], "answer": "z"},
        "column 'answer': 'z' is neither one of the choices nor the letter of one",
    ),
    "a place that nobody counts": (
        {"choices": ["x", "y"], "answer": "1"},
        "if it is a place among them, say answers_from = 0 (or 1) in the TOML beside the file",
    ),
    "two answers of one choice": (
        {"choices": ["x", "y"], "answer": ["x", "y"]},
        "a question with choices has one answer",
    ),
    "a letter and a text": (
        {"choices": ["B", "x"], "answer": "B"},
        "'B' may be the text of choice A or the letter of 'x'",
    ),
    "other labels": ({"choices": {"X": "a", "Y": "b"}}, "are labelled ['X', 'Y']: label them A, B, C"),
    "damaged names": ({"choices": '{"A": "x", '}, "2 to 8 different choices are needed"),
    "a mark in a choice": ({"choices": ["a", "<image>"]}, "a choice holds '<image>'"),
    "an id twice": ({"id": "first"}, "row 2, column 'id': 'first' is row 1's too"),
    "an id of another kind": ({"id": [1]}, "row 2, column 'id': a text is needed, not [1]"),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_a_row_that_cant_be_asked_says_its_number_and_column(name: str, tmp_path: Path) -> None:
    change, words = ROWS[name]
    (tmp_path / "a.png").write_bytes(png(0))
    first = {"image": "a.png", "question": "What?", "answer": "a", "choices": None, "id": "first"}
    rows = [first, {**first, "id": "second", "question": "Which?", **change}]
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(IpllvmError) as told:
        own.load(path)
    assert words in one_line(told.value) and str(path) in str(told.value)


def test_an_answer_in_a_column_of_choices_may_be_nothing(tmp_path: Path) -> None:
    """Of rows whose choices are blank the question is an open one."""
    (tmp_path / "a.png").write_bytes(png(0))
    blank: tuple[Any, ...] = ("", None, [], float("nan"), "[]")
    rows = [
        {"image": "a.png", "question": f"{place}?", "answer": "x", "choices": each}
        for place, each in enumerate(blank)
    ]
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows[:2]))
    assert {sample.choices for sample in own.load(path).samples} == {()}
    for bad in rows[2:]:
        path.write_text(json.dumps(bad) + "\n")
        try:
            assert own.load(path).samples[0].choices == ()
        except IpllvmError as error:
            assert "row 1, column 'choices'" in one_line(error)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ('["a", "b"]', ["a", "b"]),
        ("['a', 'b']", ["a", "b"]),
        ("('a', 1)", ["a", "1"]),
        (["a", 1], ["a", 1]),
        (("a",), ["a"]),
        ("a, b", []),
        ('{"a": 1}', []),
        ("[" * 5000, []),
        ("__import__('os')", []),
        (None, []),
        (7, []),
    ],
)
def test_a_list_that_is_written_as_text_is_read_and_nothing_is_run(value: Any, found: list[Any]) -> None:
    assert listed(value) == found


@given(st.lists(st.sampled_from(["x", "", None, "0"]), max_size=8))
def test_lettered_columns_end_with_the_first_blank_one(cells: list[str | None]) -> None:
    row = dict(zip("ABCDEFGH", cells, strict=False))
    found = options(row)
    assert found == [str(each) for each in cells[: len(found)]]
    assert len(found) == len(cells) or not cells[len(found)]


def test_rows_by_id_are_rows(tmp_path: Path) -> None:
    assert by_id(tmp_path, {"a": {"x": 1}, "b": {"id": "c"}}) == [{"id": "a", "x": 1}, {"id": "c"}]
    assert by_id(tmp_path, [{}]) == [{}] and by_id(tmp_path, {}) == []
    for wrong in ([1], {"a": 1}, "text", None):
        with pytest.raises(UsageError, match="rows are a list of objects, or an object for each id"):
            by_id(tmp_path, wrong)
    (tmp_path / "p.JPG").write_bytes(b"")
    (tmp_path / "q.webp").write_bytes(b"")
    assert picture_named(tmp_path, "q") == tmp_path / "q.webp" and picture_named(tmp_path, "r") is None


def test_a_shard_that_is_missing_is_named(tmp_path: Path) -> None:
    for number in (0, 2):
        (tmp_path / f"test-{number:05d}-of-00003.parquet").write_bytes(b"")
    assert incomplete(sorted(tmp_path.iterdir())) == "test-00001-of-00003.parquet"
    with pytest.raises(FileNotFoundError, match=r"a half copy: test-00001-of-00003\.parquet is"):
        files(tmp_path, ("none*", "test-*"))
    assert files(tmp_path, ("none*",)) == [] and incomplete([]) is None


def test_a_tar_has_a_row_a_name_whatever_else_lies_in_it(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for name, data in (("d/1.png", png(0)), ("d/1.cls", b" 7\n"), ("2.txt", b"x"), ("2.cls", b"9" * 65)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        archive.addfile(tarfile.TarInfo("3.png/"))
    first, *others = webdataset.rows(path)
    assert (first["__key__"], first["cls"], first["image"].load().size) == ("1", "7", (4, 4))
    assert all(set(row) == {"__key__"} for row in others)
    path.write_bytes(b"no tar")
    with pytest.raises(UsageError, match=r"a\.tar: can't be read: "):
        webdataset.rows(path)
    with pytest.raises(UsageError, match="it is not a regular file"):
        webdataset.rows(tmp_path)
