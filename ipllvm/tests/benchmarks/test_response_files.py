"""Answers of other harnesses: each form is read as its own columns say, and belongs to one row or to none."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.benchmarks.cells import BadCell
from ipllvm.benchmarks.response_files import in_our_columns
from ipllvm.benchmarks.responses import Answer, match, read, require_order
from ipllvm.errors import UsageError

Row = dict[str, Any]


def written(tmp_path: Path, rows: list[Row], name: str = "said.jsonl") -> Path:
    path = tmp_path / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def answer(id: str, response: str | None = "B", line: int = 1, **more: Any) -> Answer:
    return Answer(line, id, response, **more)


FORMS: dict[str, tuple[Row, str | None, str | None]] = {
    "our own": ({"id": 1, "response": "B"}, "B", None),
    "a judged one": ({"id": 1, "response": "B", "judge_reply": "yes"}, "B", "yes"),
    "lmms-eval's sample": ({"doc_id": 1, "filtered_resps": ["B"], "resps": [["(B)"]]}, "B", None),
    "lm-eval's raw reply": (
        {"doc_id": 1, "filtered_resps": ["B"], "resps": ["(B)"], "filter": "x"}, "(B)", None,
    ),
    "lm-eval without a filter": ({"doc_id": 1, "filtered_resps": ["B"], "filter": "none"}, "B", None),
    "lists in lists": ({"doc_id": 1, "resps": [[["B"]]]}, "B", None),
    "VLMEvalKit's": ({"index": 1, "prediction": "B"}, "B", None),
    "a grade of VLMEvalKit": ({"index": 1, "prediction": "B", "res": 1, "log": "ok"}, "B", "1"),
    "a result without a log": ({"index": 1, "prediction": "B", "res": 1}, "B", None),
    "LLaVA's": ({"question_id": 1, "text": "B", "answer_id": "x"}, "B", None),
    "LLaVA's review": ({"question_id": 1, "content": "8 7", "tuple": [8, 7]}, None, "8 7"),
    "MME's tool": ({"id": 1, "pred": "B", "parsed_ans": "b"}, "B", None),
    "Qwen-VL's": ({"question_id": 1, "answer": "B", "annotation": "C"}, "B", None),
    "MathVista's": ({"pid": 1, "response": "B", "extraction": "2"}, "B", "2"),
    "a list that was extracted": ({"pid": 1, "response": "B", "extraction": [1, 2]}, "B", "[1, 2]"),
    "a nested review": ({"doc_id": 1, "resps": ["B"], "gpt_eval_llava_all": {"review": "8 7"}}, "B", "8 7"),
    "a nested grade": ({"doc_id": 1, "resps": ["B"], "gpt_eval_score": {"score": 0.5}}, "B", "0.5"),
    "an empty answer": ({"id": 1, "response": ""}, "", None),
    "an answer that is missing": ({"id": 1, "response": None}, None, None),
    "a number": ({"id": 1, "response": 3.0}, "3.0", None),
    "NaN for nothing": ({"id": 1, "response": float("nan")}, None, None),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_each_form_is_read(name: str, tmp_path: Path) -> None:
    row, said, judged = FORMS[name]
    (found,) = read(written(tmp_path, [row]), ("id", "index", "question_id", "pid"))
    assert (found.id, found.response, found.judge_reply) == ("1", said, judged)
    assert found.empty is (said is None and judged is None)


@pytest.mark.parametrize("name", FORMS)
def test_a_list_and_a_dict_by_id_say_the_same_as_lines(name: str, tmp_path: Path) -> None:
    row, said, judged = FORMS[name]
    names = ("id", "index", "question_id", "pid")
    bare = {key: value for key, value in row.items() if key not in (*names, "doc_id")}
    for form in ([row], {"1": bare}, {"outputs": {"1": bare}}, {"logs": [row]}):
        path = tmp_path / "said.json"
        path.write_text(json.dumps(form))
        (found,) = read(path, names)
        assert (found.id, found.response, found.judge_reply) == ("1", said, judged), form


def test_texts_by_id_and_both_sides_of_llavas_script(tmp_path: Path) -> None:
    path = tmp_path / "said.json"
    path.write_text(json.dumps({"a": "yes", "b": "no"}))
    assert [(each.id, each.response) for each in read(path)] == [("a", "yes"), ("b", "no")]
    sides = {"correct": [{"id": 1, "response": "A"}], "incorrect": [{"id": 2, "response": "B"}]}
    path.write_text(json.dumps(sides))
    assert [(each.id, each.response) for each in read(path)] == [("1", "A"), ("2", "B")]


def test_several_gradings_are_kept_as_they_were_given(tmp_path: Path) -> None:
    (found,) = read(written(tmp_path, [{"id": 1, "response": "B", "judge_reply": ["0.5", "1.0"]}]))
    assert found.gradings == ("0.5", "1.0") and found.judge_reply == "['0.5', '1.0']"


@pytest.mark.parametrize(
    ("row", "name"), [({"id": 7.0}, "7"), ({"id": "7"}, "7"), ({"id": 7}, "7"), ({"id": "v1_0"}, "v1_0"),
                      ({"id": 7.5}, "7.5"), ({"id": "07"}, "07")],
)  # fmt: skip
def test_a_name_is_the_same_with_and_without_a_point(row: Row, name: str, tmp_path: Path) -> None:
    assert read(written(tmp_path, [{**row, "response": "B"}]))[0].id == name


BAD: dict[str, tuple[list[Row], str]] = {
    "nothing": ([], "holds no responses"),
    "no name": (
        [{"response": "B"}],
        "line 1 has no 'id' (it has: response); a response is {\"id\": ..., \"response\": ...}",
    ),
    "no answer": ([{"id": 1, "question": "Which?"}], "line 1 has no 'response' (it has: id, question)"),
    "two answers": ([{"doc_id": 1, "resps": ["A", "B"]}], "column 'resps': 2 texts, and one is needed"),
    "no text": ([{"id": 1, "response": {"a": 1}}], "column 'response': a text is needed, not \"{'a': 1}\""),
    "a truth value": ([{"id": 1, "response": True}], "column 'response': a text is needed, not 'True'"),
    "a name of no kind": ([{"id": [1], "response": "B"}], "column 'id': a text is needed, not '[1]'"),
    "the second line": ([{"id": 1, "response": "B"}, {"id": 2}], "line 2 has no 'response' (it has: id)"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_answer_says_its_line(name: str, tmp_path: Path) -> None:
    rows, words = BAD[name]
    with pytest.raises(UsageError) as told:
        read(written(tmp_path, rows))
    assert words in str(told.value) and str(told.value).isprintable()
    assert str(told.value).startswith(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.xlsx", b"", "spreadsheets are not read: save it as .tsv"),
        ("a.json", b"[1, 2]", "answers are a list of objects, or a text or an object for each id"),
        ("a.json", b'"text"', "answers are a list of objects"),
        ("a.json", b"{", "can't be read"),
        ("a.jsonl", b"[1]\n", "it is one JSON value, not one a line: rename it to end in .json"),
        ("a.jsonl", b'{"id": 1\n', "line 1 is not JSON"),
        ("a.jsonl", b'"text"\n', "line 1 is not a JSON object but str"),
        ("a.jsonl", b'{"id": 1, "response": "B"}\n[2]\n', "line 2 is not a JSON object but list"),
        ("a.jsonl", b"\x1f\x8b\x00", "it is packed with gzip: unpack it first"),
        ("a.jsonl", b"{\n}\n", "it is one JSON value, not one a line"),
        ("a.csv", b"id,id\n1,2\n", "two columns are called 'id'"),
        ("a.csv", b"id,response\n1\n", "row 1 has 1 cells, the header 2"),
        ("none.jsonl", None, "can't be read: No such file or directory"),
    ],
)
def test_a_file_that_is_none_of_answers_is_told(
    name: str, content: bytes | None, words: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError) as told:
        read(path)
    assert words in str(told.value) and str(told.value).startswith(str(path))


def test_a_folder_of_mme_is_its_texts(tmp_path: Path) -> None:
    (tmp_path / "count.txt").write_bytes(b"1.jpg\tHow?\tYes\tyes it is\r\n\n2.jpg\tHow?\tNo\tno\n")
    found = read(tmp_path, ("question_id",))
    assert [(each.id, each.response, each.question) for each in found] == [
        ("count/1.jpg", "yes it is", "How?"),
        ("count/2.jpg", "no", "How?"),
    ]
    (tmp_path / "color.txt").write_text("1.jpg\tHow?\tYes\n")
    with pytest.raises(UsageError, match=r"color\.txt: line 1 is not picture, question, answer"):
        read(tmp_path, ("question_id",))
    (tmp_path / "color.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"color\.txt: can't be read: "):
        read(tmp_path, ("question_id",))


def test_a_folder_of_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file of answers, and a folder without MME's texts"):
        read(tmp_path)


NAMES = st.lists(st.sampled_from("abcdef"), unique=True, min_size=1)


@settings(max_examples=60)
@given(NAMES, st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("AB")), max_size=8))
def test_every_answer_belongs_to_its_row_or_to_none(names: list[str], said: list[tuple[str, str]]) -> None:
    answers = [answer(id, text, line) for line, (id, text) in enumerate(said, start=1)]
    rows: list[Row] = [{} for _ in names]
    first, last = (match(names, rows, answers, each) for each in ("first", "last"))
    for name, one, other in zip(names, first.answers, last.answers, strict=True):
        own = [each for each in answers if each.id == name]
        assert (one, other) == ((own[0], own[-1]) if own else (None, None))
    assert {each.line for each in first.strays} == {each.line for each in answers if each.id not in names}
    known = [each for each in answers if each.id in names]
    assert first.repeated == len(known) - len({each.id for each in known})


def test_two_answers_that_differ_are_refused_and_equal_ones_are_one() -> None:
    same = [answer("a", "A", 1), answer("a", "A", 2)]
    assert match(["a"], [{}], same, "refuse").answers == (same[0],)
    with pytest.raises(UsageError) as told:
        match(["a"], [{}], [answer("a", "A", 1), answer("a", "B", 3)], "refuse")
    assert str(told.value) == (
        "line 3: 'a' was answered otherwise on line 1: say which counts, --duplicates first or last"
    )


def test_names_are_compared_without_what_differs_between_releases() -> None:
    found = match(["A.jpg"], [{}], [answer("a.JPG")], "refuse", plain=str.lower)
    assert found.answers[0] is not None and found.strays == ()


PAIR: list[Row] = [{"question": "Is it red?"}, {"question": "Is it blue?"}]


def test_rows_of_one_name_are_told_apart_by_their_questions() -> None:
    asked = [
        answer("p", "no", 1, question="Is it blue? Please answer yes or no."),
        answer("p", "yes", 2, question="USER: Is it red?\nASSISTANT:"),
    ]
    found = match(["p", "p"], PAIR, asked, "refuse").answers
    assert [each and each.response for each in found] == ["yes", "no"]
    with pytest.raises(UsageError, match="line 3: no row 'p' asks 'Is it green"):
        match(["p", "p"], PAIR, [*asked, answer("p", line=3, question="Is it green?")], "refuse")


def test_without_questions_as_many_answers_go_in_their_order() -> None:
    both = [answer("p", "yes", 1), answer("p", "no", 2)]
    assert match(["p", "p"], PAIR, both, "refuse").answers == tuple(both)
    with pytest.raises(UsageError) as told:
        match(["p", "p"], PAIR, both[:1], "refuse")
    assert str(told.value) == (
        "line 1: 2 rows are known by 'p' and 1 answers: give the answers a 'question' too, or rows and "
        "answers an 'id' of their own"
    )
    twice: list[Row] = [{"question": "Is it red?", "id": 1}, {"question": "Is it red?", "id": 2}]
    assert match(["p", "p"], twice, both[:1], "refuse").answers == (both[0], both[0]), "one row, given twice"


def test_answers_without_names_are_in_the_order_of_the_rows(tmp_path: Path) -> None:
    said = [{"question": "Is it red?", "response": "yes"}, {"prompt": "Is it blue?", "response": "no"}]
    found = read(written(tmp_path, said))
    assert [(each.id, each.placed, each.unnamed) for each in found] == [("0", True, True), ("1", True, True)]
    require_order(PAIR, found)
    with pytest.raises(UsageError) as told:
        require_order(PAIR[::-1], found)
    assert str(told.value) == (
        "line 1: no 'id' names its row, and its question is not that of row 1: give them ids"
    )
    with pytest.raises(UsageError, match="its question is not any of the 1 rows'"):
        require_order(PAIR[:1], found)
    require_order([], read(written(tmp_path, [{"id": 3, "question": "?", "response": "x"}])))


COLUMNS = ("id", "text", "prompt", "resps", "score", "log", "extraction", "res")
CELLS: tuple[Any, ...] = ("a", 1, None, ["b"], ["b", "c"], {}, float("nan"))


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(COLUMNS), st.sampled_from(CELLS)))
def test_whatever_columns_there_are_the_given_ones_stay(row: Row) -> None:
    before = repr(row)
    try:
        found = in_our_columns(row)
    except BadCell as error:
        assert "texts, and one is needed" in str(error)
        return
    assert repr(row) == before
    assert {key for key in row if key != "filtered_resps"} <= set(found)
