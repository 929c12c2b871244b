"""Anybody's own questions: columns guessed or mapped, what is asked, and rows that can't be used."""

import base64
import csv
import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ipllvm.benchmarks import choice, own, own_columns
from ipllvm.benchmarks.hub import SPLITS, address
from ipllvm.benchmarks.names import ACCEPTED
from ipllvm.benchmarks.originals import listed
from ipllvm.cli import main
from ipllvm.errors import BenchmarkUnavailable, IpllvmError, UsageError
from ipllvm.records import Benchmark
from ipllvm.registry import SCORERS
from ipllvm.safety import reading
from ipllvm.tests.benchmarks.copies import png

Rows = list[dict[str, Any]]
PLAIN: Rows = [
    {"photo": "a.png", "query": "What stands there?", "label": "lamp", "category": "things"},
    {"photo": "b.png", "query": "Which colour?", "label": "teal", "category": "colours"},
    {"photo": "b.png", "query": "How many?", "label": "3", "category": "counts"},
]


def folder(tmp_path: Path) -> Path:
    tmp_path.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate("abc"):
        (tmp_path / f"{name}.png").write_bytes(png(number))
    return tmp_path


def written(tmp_path: Path, rows: Rows, toml: str = "", name: str = "mine.jsonl") -> str:
    path = folder(tmp_path) / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    if toml:
        path.with_suffix(".toml").write_text(toml)
    return str(path)


def read(*given: Any, **more: Any) -> Benchmark:
    return choice.load(choice.check(written(*given, **more)))


def test_columns_are_guessed_and_told(tmp_path: Path) -> None:
    found = read(tmp_path, PLAIN)
    assert "columns image = photo, question = query, answer = label, kind = category" in found.source
    assert "scorer exact_match" in found.source and found.name.endswith("mine.jsonl")
    first, second, third = found.samples
    assert first.prompt == "What stands there?\nAnswer the question using a single word or phrase."
    assert (first.id, first.answer, first.kind) == ("mine-00001", "lamp", "things")
    assert first.images[0].load().size == (4, 4)
    assert first.cluster != second.cluster == third.cluster


def test_choices_make_it_multiple_choice(tmp_path: Path) -> None:
    rows = [
        {"image": "a.png", "question": "Which?", "options": ["red", "blue"], "answer": "blue"},
        {"image": "a.png", "question": "Which one?", "options": ["red", "blue"], "answer": "(a)"},
    ]
    found = read(tmp_path, rows)
    assert found.scorer == "multiple_choice" and [s.answer for s in found.samples] == ["B", "A"]
    assert found.samples[0].prompt.splitlines()[:3] == ["Which?", "A. red", "B. blue"]


def test_yes_and_no_and_several_answers_have_their_scorers(tmp_path: Path) -> None:
    rows = [{"image": "a.png", "question": "Is it?", "answer": "Yes"}]
    found = read(tmp_path, rows)
    assert (found.scorer, found.samples[0].answer) == ("yes_no", "yes")
    found = read(
        tmp_path, [{**rows[0], "answer": None, "answers": ["sofa", "couch"]} | {"answer": ["sofa", "couch"]}]
    )
    grade = SCORERS.load(found.scorer)
    assert [grade(text, found.samples[0]).value for text in ("Couch.", "sofa", "chair")] == [1, 1, 0]


def test_questions_of_several_forms_are_each_graded_as_their_own(tmp_path: Path) -> None:
    rows = [
        {"image": "a.png", "question": "What?", "answer": "lamp"},
        {"image": "a.png", "question": "Which?", "answer": "blue", "choices": ["red", "blue"]},
        {"image": "b.png", "question": "Is it?", "answer": "No", "cluster": "b"},
        {"image": "b.png", "question": "Who?", "answer": ["sofa", "couch"]},
    ]
    found = read(tmp_path, rows)
    assert found.scorer == "mixed" and "choices = choices, cluster = cluster" in found.source
    assert [(s.answer, s.choices) for s in found.samples] == [
        ("lamp", ()), ("B", ("red", "blue")), ("no", ("yes", "no")), ("sofa", ()),
    ]  # fmt: skip
    assert found.samples[1].prompt.splitlines()[1:3] == ["A. red", "B. blue"]
    grade = SCORERS.load(found.scorer)
    replies = ("Lamp.", "(B)", "No, it is not.", "couch")
    assert [grade(text, sample).value for text, sample in zip(replies, found.samples, strict=True)] == [1] * 4
    assert [grade(text, found.samples[1]).value for text in ("lamp", "A", "blue")] == [0, 0, 1]


def test_marks_of_pictures_around_the_words_go_and_a_hint_stands_before_them(tmp_path: Path) -> None:
    rows = [
        {"image": "a.png", "question": "<image>\nWhat?", "answer": "lamp", "hint": "It is lit."},
        {"image": ["a.png", "b.png"], "question": "<image><image> Which? ", "answer": "lamp"},
        {"image": "a.png", "question": "Who? <image>", "answer": "cat"},
    ]
    prompts = [sample.prompt.rpartition("\n")[0] for sample in read(tmp_path, rows).samples]
    assert prompts == ["It is lit.\nWhat?", "Which?", "Who?"]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"question": "Is <image> a cat?"}, "column 'question': 1 '<image>' for 1 pictures"),
        ({"question": "<image><image> Which?"}, "column 'question': 2 '<image>' for 1 pictures"),
        ({"question": "<image>"}, "column 'question': there are no words beside '<image>'"),
        ({"hint": "<image> see"}, "column 'hint': it holds '<image>'"),
        ({"choices": ["lamp", "<image>"]}, "column 'choices': a choice holds '<image>'"),
    ],
)
def test_marks_that_no_picture_can_take_are_told(change: dict[str, Any], line: str, tmp_path: Path) -> None:
    with pytest.raises(BenchmarkUnavailable, match=f"row 1, {line}"):
        read(tmp_path, [{"image": "a.png", "question": "What?", "answer": "lamp"} | change])


@pytest.mark.parametrize(
    "choices",
    [{"label": ["B", "A"], "text": ["red", "blue"]}, {"B": "red", "C": "blue"}, {"1": "x", "2": "y"}],
)
def test_choices_under_other_labels_are_told(choices: dict[str, Any], tmp_path: Path) -> None:
    row = {"image": "a.png", "question": "Which?", "choices": choices, "answer": "B"}
    with pytest.raises(BenchmarkUnavailable, match=r"row 1, column 'choices': .*label them A, B, C"):
        read(tmp_path, [row])


@pytest.mark.parametrize(
    "choices", [{"A": "red", "B": "blue"}, {"text": ["red", "blue"], "label": ["A", "B"]}]
)
def test_choices_may_be_named(choices: dict[str, Any], tmp_path: Path) -> None:
    row = {"image": "a.png", "question": "Which?", "choices": choices, "answer": "blue"}
    assert (found := read(tmp_path, [row]).samples[0]).choices == ("red", "blue") and found.answer == "B"


def test_a_toml_maps_columns_and_how_it_is_asked(tmp_path: Path) -> None:
    rows = [{"a": "b.png", "b": "What?", "c": "lamp", "d": "x/1", "e": "room"}]
    toml = (
        'image = "a"\nquestion = "b"\nanswer = "c"\nid = "d"\ncluster = "e"\nsuffix = "In one word."\n'
        'scorer = "exact_match"\nmax_new_tokens = 5\nlicence = "CC0"\n'
    )
    found = read(tmp_path, rows, toml)
    assert found.samples[0].prompt == "What?\nIn one word." and found.max_new_tokens == 5
    assert (found.samples[0].id, found.samples[0].cluster) == ("mine-x-1", "mine-room")
    assert found.source.endswith("scorer exact_match; licence CC0")


def test_pictures_may_lie_in_another_folder_if_one_says_so(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    folder(tmp_path)
    path = tmp_path / "rows" / "mine.jsonl"
    path.write_text(json.dumps(PLAIN[0]))
    with pytest.raises(UsageError, match=r"row 1, column 'photo': there is no picture"):
        choice.load(str(path))
    path.with_suffix(".toml").write_text('pictures = ".."')
    assert choice.load(str(path)).samples


def test_questions_in_words_alone_are_taken_if_one_says_so(tmp_path: Path) -> None:
    rows = [{key: value for key, value in row.items() if key != "photo"} for row in PLAIN]
    with pytest.raises(UsageError, match='or image = "" for questions without pictures'):
        read(tmp_path, rows)
    found = read(tmp_path, rows, 'image = ""')
    assert [sample.images for sample in found.samples] == [(), (), ()]
    assert len({sample.cluster for sample in found.samples}) == 3
    assert "3 rows without pictures" in found.source
    assert found.digest != read(tmp_path, [*rows[:2], {**rows[2], "label": "4"}], 'image = ""').digest


def test_several_pictures_a_sample(tmp_path: Path) -> None:
    found = read(tmp_path, [{"images": ["a.png", "b.png"], "question": "Same?", "answer": "no"}])
    assert len(found.samples[0].images) == 2


@pytest.mark.parametrize(
    ("given", "expected"),
    [([1, 0], ["yes", "no"]), ([1, -1], "row 2"), ([1, 2], "row 2, answer: 2 is not among its 2")],
)
def test_a_class_that_the_hub_keeps_as_a_number_is_its_name(
    given: list[int], expected: list[str] | str, tmp_path: Path
) -> None:
    """Answers were "0" and "1", so that every "yes" was wrong."""
    arrow = pytest.importorskip("pyarrow")
    label = {"names": ["no", "yes"], "_type": "ClassLabel"}
    features = {"question": {"dtype": "string", "_type": "Value"}, "answer": label, "tags": [label]}
    asked = {"image": ["a.png", "b.png"], "question": ["Is it red?", "Is it blue?"], "tags": [[0], [1, 0]]}
    table = arrow.table({**asked, "answer": given})
    path = folder(tmp_path) / "own.parquet"
    pytest.importorskip("pyarrow.parquet").write_table(
        table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})}), path
    )
    if isinstance(expected, str):
        with pytest.raises(IpllvmError, match=expected):
            own.load(path)
        return
    found = own.load(path)
    assert [sample.answer for sample in found.samples] == expected and found.scorer == "yes_no"


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_tables_are_read_as_json_lines_are(suffix: str, tmp_path: Path) -> None:
    as_lines = read(tmp_path, PLAIN)
    path = tmp_path / f"mine{suffix}"
    if suffix == ".parquet":
        arrow = pytest.importorskip("pyarrow")
        pytest.importorskip("pyarrow.parquet").write_table(arrow.Table.from_pylist(PLAIN), path)
    else:
        with path.open("w", newline="") as lines:
            writer = csv.DictWriter(lines, list(PLAIN[0]), delimiter="\t" if suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(PLAIN)
    found = choice.load(str(path))
    assert (found.samples, found.digest) == (as_lines.samples, as_lines.digest)


def test_base64_and_data_addresses_are_pictures(tmp_path: Path) -> None:
    code = base64.b64encode(png(7)).decode()
    rows = [
        {"image": cell, "question": "What?", "answer": "lamp"}
        for cell in (code, f"data:image/png;base64,{code}", {"bytes": code, "path": "x"})
    ]
    found = read(tmp_path, rows)
    assert len({sample.cluster for sample in found.samples}) == 1
    assert found.samples[2].images[0].load().size == (4, 4)


def test_the_digest_is_of_rows_and_pictures(tmp_path: Path) -> None:
    before = read(tmp_path, PLAIN).digest
    assert read(tmp_path, PLAIN).digest == before
    assert read(tmp_path, [*PLAIN[:2], {**PLAIN[2], "label": "4"}]).digest != before
    path = written(tmp_path, PLAIN)
    (tmp_path / "b.png").write_bytes(png(9))
    assert choice.load(path).digest != before


@pytest.mark.parametrize(
    ("answers", "scorer"),
    [
        (["yes", 3], "exact_match"), (["yes", "No"], "yes_no"), (["no", 0.5], "exact_match"),
        ([3, 4], "exact_match"), (["yes", "maybe"], "exact_match"),
    ],
)  # fmt: skip
def test_every_answer_counts_for_the_scorer(answers: list[object], scorer: str, tmp_path: Path) -> None:
    rows = [{"image": "a.png", "question": f"{n}?", "answer": each} for n, each in enumerate(answers)]
    found = read(tmp_path, rows)
    assert found.scorer == scorer


FORMS: dict[str, Callable[[list[str]], str]] = {
    "json": json.dumps, "python": repr, "numpy": lambda texts: str(np.array(texts)),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_lists_that_are_written_as_text_are_lists(name: str, tmp_path: Path) -> None:
    form = FORMS[name]
    row = {"image": form(["a.png", "b.png"]), "question": "Which?", "answer": form(["red", "dark blue"])}
    found = read(tmp_path, [row, {"image": "c.png", "question": "Where?", "answer": "[1, 2]"}])
    assert [len(sample.images) for sample in found.samples] == [2, 1] and found.scorer == "any_answer"
    assert found.samples[0].labels == ((ACCEPTED, "red"), (ACCEPTED, "dark blue"))
    assert found.samples[1].answer == "[1, 2]"
    (chosen,) = read(tmp_path, [{**row, "choices": form(["red", "dark blue"]), "answer": "B"}]).samples
    assert chosen.choices == ("red", "dark blue")


def test_of_an_array_that_holds_more_than_texts_no_option_is_left_out() -> None:
    assert listed("['red' 'dark blue']") == ["red", "dark blue"]
    assert listed("['red' 5 'blue' 'green']") == listed("['red' None\n 'blue']") == []


def test_a_picture_of_many_rows_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []

    def file_bytes(path: Path, limit: int) -> bytes:
        opened.append(path)
        return path.read_bytes()

    monkeypatch.setattr(reading, "file_bytes", file_bytes)
    rows = [{"image": "a.png", "question": f"What {n}?", "answer": "x"} for n in range(3)]
    assert len(read(tmp_path, rows).samples) == 3
    assert opened == [tmp_path / "a.png"]


def test_an_answer_that_is_the_letter_and_the_text_of_one_choice_is_that_choice(tmp_path: Path) -> None:
    asked = {"image": "a.png", "question": "Which?", "choices": ["A", "B"], "answer": "B"}
    assert read(tmp_path, [asked]).samples[0].answer == "B"


ASKED: dict[str, Any] = {"image": "a.png", "question": "Which?", "choices": ["1", "2", "4"]}


@pytest.mark.parametrize(("first", "said", "letter"), [(0, 2, "C"), (1, "2", "B"), (0, 1.0, "B")])
def test_answers_may_be_places_if_one_says_from_where(
    first: int, said: object, letter: str, tmp_path: Path
) -> None:
    found = read(tmp_path, [{**ASKED, "answer": said}], f"answers_from = {first}")
    assert [found.samples[0].answer, found.scorer] == [letter, "multiple_choice"]


@pytest.mark.parametrize(
    ("change", "toml", "said"),
    [
        ({"answer": 3}, "answers_from = 0", "column 'answer': there is no choice at place 4 of 3"),
        ({"answer": "B"}, "answers_from = 0", "column 'answer': a whole number is needed, not 'B'"),
        ({"answer": 2}, "answers_from = 2", "'answers_from' is 0 or 1"),
        ({"answer": 2}, "", "2 may be the text of a choice or the place of one: write it as text, or say"),
        (
            {"answer": "A", "choices": ["B", "A", "D", "C"]},
            "",
            "'A' may be the text of choice B or the letter of 'B': write it as a place, and say answers_from",
        ),
        (
            {"answer": "b", "choices": ["x", "y", "b"]},
            "",
            "'b' may be the text of choice C or the letter of 'y'",
        ),
        ({"answer": 0}, "", "of one: if it is a place among them, say answers_from = 0 (or 1) in the TOML"),
        (
            {"answer": "a", "choices": [{"text": "a"}, {"text": "b"}]},
            "",
            "column 'choices': a text is needed",
        ),
    ],
)
def test_places_that_nobody_counts_from_anywhere_are_told(
    change: dict[str, Any], toml: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(IpllvmError) as error:
        read(tmp_path, [{**ASKED, **change}], toml)
    assert said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("choices", "answer", "letter"),
    [
        ([{"label": "A", "text": "red"}, {"label": "B", "text": "blue"}], "blue", "B"),
        ([{"id": "A", "text": "red"}, {"id": "B", "text": "blue"}], "A", "A"),
        ([1, 2, 4], 4, "C"),
        ('{"A": "red", "B": "blue"}', "B", "B"),
        (["1", "2"], "2", "B"),
    ],
)
def test_numbers_and_names_are_choices_too(
    choices: object, answer: object, letter: str, tmp_path: Path
) -> None:
    found = read(tmp_path, [{**ASKED, "choices": choices, "answer": answer}])
    assert found.samples[0].answer == letter and all(
        isinstance(each, str) for each in found.samples[0].choices
    )


def test_a_number_is_an_answer_without_its_point_and_annotators_say_theirs(tmp_path: Path) -> None:
    plain = {"image": "a.png", "question": "How many?"}
    found = read(tmp_path, [{**plain, "answer": 3.0}, {**plain, "image": "b.png", "answer": 2.5}])
    assert [sample.answer for sample in found.samples] == ["3", "2.5"]
    said = [{"answer": "red", "answer_confidence": "yes"}, {"answer": "crimson"}]
    found = read(tmp_path, [{**plain, "answers": said}])
    assert [value for _, value in found.samples[0].labels] == ["red", "crimson"]
    with pytest.raises(BenchmarkUnavailable, match="row 1, column 'answers': a text is needed"):
        read(tmp_path, [{**plain, "answers": [{"said": "red"}]}])


def test_a_json_file_is_a_list_of_rows_rows_by_id_or_a_row_a_line(tmp_path: Path) -> None:
    path = folder(tmp_path) / "rows.json"
    lines = "".join(json.dumps(row) + "\n" for row in PLAIN)
    named = {f"q{number}": row for number, row in enumerate(PLAIN)}
    for text in (json.dumps(PLAIN, indent=1), json.dumps(PLAIN), json.dumps(named), lines):
        path.write_text(text)
        found = choice.load(choice.check(str(path)))
        assert [sample.answer for sample in found.samples] == ["lamp", "teal", "3"]
    assert found.samples[0].id == "rows-00001"
    path.write_text('["a"]')
    with pytest.raises(UsageError, match=r"rows\.json: rows are a list of objects"):
        choice.load(str(path))


def test_pictures_that_a_hub_s_column_only_names_are_read_from_their_paths(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    place = folder(tmp_path) / "named.parquet"

    def with_pictures(column: Any) -> Benchmark:
        table = arrow.table({"image": column, "question": ["What?"] * 2, "answer": ["lamp"] * 2})
        import_module("pyarrow.parquet").write_table(table, place)
        return choice.load(str(place))

    struct = arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())])
    held = {"bytes": (tmp_path / "a.png").read_bytes(), "path": "gone.png"}
    named = {"bytes": None, "path": "b.png"}
    for column in (
        arrow.array([held, named], type=struct),
        arrow.array([[held, named], [named]], type=arrow.list_(struct)),
        arrow.array([named, named]),  # of which Arrow knows no bytes at all
    ):
        found = with_pictures(column)
        image: Any = found.samples[1].images[0]
        assert image.load().mode == "RGB" and image.digest() == sha256(png(1)).digest()
    assert [
        len(sample.images) for sample in with_pictures(arrow.array([[held, named], [named]])).samples
    ] == [2, 1]
    with pytest.raises(UsageError, match=r"row 2, column 'image': '/etc/b.png' leads out of"):
        with_pictures(arrow.array([held, {**named, "path": "/etc/b.png"}], type=struct))
    with pytest.raises(BenchmarkUnavailable, match="row 1, column 'image': there is no picture"):
        with_pictures(arrow.array([{"bytes": None, "path": None}, held], type=struct))


def test_a_file_of_another_kind_says_which_are_read(tmp_path: Path) -> None:
    other = folder(tmp_path) / "rows.xlsx"
    other.write_bytes(b"PK")
    for ask in (choice.check, lambda name: choice.load(choice.check(name))):
        with pytest.raises(UsageError, match=r"read from .jsonl, .*, .parquet: save the sheet as .csv"):
            ask(str(other))
    assert choice.is_own(str(other)) and not choice.is_own("mme")


def test_check_tries_each_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, PLAIN)
    assert main(["data", "check", path]) == 0
    (tmp_path / "b.png").write_bytes(b"\x89PNG rubbish")
    capsys.readouterr()
    assert main(["data", "check", path]) == 1
    assert "2 pictures that can't be read: 'mine-00002'" in capsys.readouterr().out
    assert main(["data", "check", "--no-pictures", path]) == 0


ONE = {"photo": "a.png", "query": "Which  colour?", "label": "red"}
CHOSEN = {**ONE, "options": ["red", "blue"]}
ANSWERED_TWICE: list[tuple[Rows, str]] = [
    ([ONE, {**ONE, "label": "blue"}], "row 2 asks the same of the same picture as row 1"),
    (
        [ONE, PLAIN[1], {**ONE, "query": " which colour?", "label": "blue"}],
        "row 3 asks the same of the same picture",
    ),
    (
        [{**ONE, "id": "x"}, {**ONE, "id": "y", "label": ["blue", "teal"]}],
        "their answers differ ('red', 'blue')",
    ),
    (
        [CHOSEN, {**CHOSEN, "options": ["blue", "red"], "label": "blue"}],
        "their answers differ ('red', 'blue')",
    ),
    ([ONE, {**ONE, "label": "blue"}, {**ONE, "label": "teal"}], "both answers as a list; 1 more row like it"),
    ([ONE, {**ONE, "photo": "same.png", "label": "blue"}], "of the same picture as row 1"),
]


@pytest.mark.parametrize(("rows", "said"), ANSWERED_TWICE)
def test_two_answers_to_one_question_are_refused(rows: Rows, said: str, tmp_path: Path) -> None:
    """Also under two ids, with the picture under two names, or with the choices in another order."""
    (folder(tmp_path) / "same.png").write_bytes(png(0))
    with pytest.raises(BenchmarkUnavailable) as error:
        read(tmp_path, rows)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_questions_that_agree_or_are_of_other_pictures_stay(tmp_path: Path) -> None:
    rows = [
        ONE,
        {**ONE, "label": "RED"},
        {**ONE, "label": ["crimson", "red"]},
        {**ONE, "photo": "b.png", "label": "blue"},
        {**ONE, "query": "Which shade?", "label": "blue"},
    ]
    assert len(read(tmp_path, rows).samples) == 5
    other = [CHOSEN, {**CHOSEN, "options": ["blue", "red"]}, {**CHOSEN, "options": ["red", "teal", "blue"]}]
    assert len(read(tmp_path / "choices", other).samples) == 3


def test_of_data_of_the_hub_two_answers_are_told(tmp_path: Path) -> None:
    """Nobody here can mend them: the report's source says which rows."""
    mapped = own_columns.columns([ONE], {"image": ""}, "x")
    found = own.benchmark("hub:a/b", "b", [ONE, {**ONE, "label": "blue"}], mapped)
    assert found.source.endswith("leave one out, or give one row both answers as a list")
    assert "row 2 asks the same as row 1" in found.source


HALF = "row 2, column '{}': it holds \\ud800, half of a character: write it whole, in UTF-8"
BAD = [
    ({"photo": "none.png"}, "row 2, column 'photo': there is no picture 'none.png'"),
    ({"photo": "../../../etc/hostname"}, "row 2, column 'photo': '../../../etc/hostname' leads out of"),
    ({"photo": "/etc/hostname"}, "row 2, column 'photo': '/etc/hostname' leads out of"),
    ({"photo": "https://example.org/a.png"}, "is an address: download the picture"),
    ({"photo": None}, "row 2, column 'photo': there is no picture"),
    ({"photo": 7}, "row 2, column 'photo': a picture's path or base64 is needed, not int"),
    ({"query": " "}, "row 2, column 'query': it is blank"),
    ({"label": ""}, "row 2, column 'label': it is blank"),
    ({"label": {"a": 1}}, "row 2, column 'label': a text is needed"),
    ({"id": "1"}, "row 2, column 'id': '1' is row 1's too"),
    ({"choices": ["red", " "]}, "row 2, column 'choices': it is blank"),
    ({"photo": "\ud800.png"}, "row 2, column 'photo': it is not a path"),
    *(({column: "a\ud800"}, HALF.format(column)) for column in ("query", "label", "id", "category")),
    ({"choices": ["red", "\udc00"]}, "row 2, column 'choices': it holds \\udc00, half of a character"),
]


@pytest.mark.parametrize(("change", "said"), BAD, ids=[repr(change) for change, _ in BAD])
def test_a_bad_row_says_its_number_and_column(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    rows = [{**PLAIN[0], "id": "1"}, {**PLAIN[1], "id": "2", **change}]
    with pytest.raises((UsageError, BenchmarkUnavailable)) as error:
        read(tmp_path, rows)
    assert said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("rows", "toml", "said"),
    [
        ([], "", "holds no rows"),
        (
            [{"photo": "a.png", "label": "x"}],
            "",
            "no column for question (there are: photo, label): say which in mine.toml",
        ),
        (PLAIN, 'imige = "photo"', "unknown key 'imige': did you mean 'image'?"),
        (PLAIN, 'image = "phto"', "unknown column 'phto': did you mean 'photo'?"),
        (PLAIN, "image = 3", "'image' can't be 3"),
        (PLAIN, "max_new_tokens = 0", "'max_new_tokens' must be from 1 to 32,768"),
        (PLAIN, 'scorer = "exact"', "unknown scorer 'exact': did you mean 'exact_match'?"),
        (PLAIN, "[", "mine.toml: can't be read"),
        (
            PLAIN,
            'question = "label"',
            "column 'label', taken for the question, is the answer's: a model would",
        ),
        (PLAIN, 'hint = "label"', "column 'label', taken for the hint, is the answer's"),
        (PLAIN, 'choices = "label"', "column 'label', taken for the choices, is the answer's"),
        (
            [{**row, "hint": f" {row['label']}".upper()} for row in PLAIN],
            "",
            "column 'hint', taken for the hint, holds what 'label' holds in every row: a model would be "
            'shown the right answer: say another in mine.toml, as hint = "COLUMN" or "" for none',
        ),
    ],
)
def test_a_file_that_cant_be_mapped_is_told(rows: Rows, toml: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(IpllvmError) as error:
        read(tmp_path, rows, toml)
    assert said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none.jsonl", "there is no such file"),
        ("hub:org", "give hub:ORG/NAME"),
        ("mme@papr", "unknown protocol of 'mme' 'papr': did you mean 'paper'?"),
        ("scenes@paper", "unknown published benchmark 'scenes'"),
        ("scens", "unknown benchmark 'scens': did you mean 'scenes'?"),
    ],
)
def test_what_is_no_benchmark_is_told_early(name: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        choice.check(name)
    assert said in str(error.value)


LACKING = (
    ("@trian", "unknown split 'trian': did you mean 'train'? Known: test, train"),
    (":main@validation", "unknown split 'validation': Known: test, train"),
    (":mian@test", "unknown configuration 'mian': did you mean 'main'? Known: main"),
    (":other", "unknown configuration 'other': Known: main"),
)


@pytest.mark.parametrize("offline", [False, True])
def test_a_split_that_the_hub_lacks_is_told_with_those_there_are(
    offline: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = ["README.md", "data/testmini-00000-of-00002.parquet", "data/testmini-00001-of-00002.parquet"]
    monkeypatch.delenv("IPLLVM_DATA", raising=False)
    (tmp_path / "data").mkdir()
    if offline:
        for name in files:
            (tmp_path / name).write_bytes(b"")
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *args, **settings: str(tmp_path))
    monkeypatch.setattr("huggingface_hub.list_repo_files", lambda *args, **settings: files)
    for named, said in (
        ("@testmin", "unknown split 'testmin': did you mean 'testmini'? Known: testmini"),
        (
            "",
            f"none of its splits is {', '.join(SPLITS)}: name one, as ...@SPLIT (there are: testmini)",
        ),
    ):
        with pytest.raises(BenchmarkUnavailable) as caught:
            choice.load(f"hub:org/set{named}", offline=offline)
        assert str(caught.value) == f"hub:org/set{named}{' in the cache' * offline}: {said}"


def test_a_data_set_of_the_hub_is_read_from_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setenv("IPLLVM_DATA", str(tmp_path))
    home = tmp_path / "org" / "set" / "main"
    home.mkdir(parents=True)
    rows = [
        {"image": {"bytes": png(n), "path": None}, "question": "What?", "answer": f"lamp {n}"}
        for n in range(3)
    ]
    for split, part in (("train", rows[:1]), ("test", rows[1:])):
        parquet.write_table(arrow.Table.from_pylist(part), home / f"{split}-00000-of-00001.parquet")
    assert [s.answer for s in choice.load("hub:org/set").samples] == ["lamp 1", "lamp 2"]
    assert [s.answer for s in choice.load("hub:org/set:main@train").samples] == ["lamp 0"]
    for named, said in LACKING:
        with pytest.raises(BenchmarkUnavailable) as caught:
            choice.load(f"hub:org/set{named}")
        assert str(caught.value) == f"hub:org/set{named}: {said}"


def test_the_commit_of_a_copy_from_the_hub_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IPLLVM_DATA", raising=False)
    place = folder(tmp_path / "snapshots" / ("0123456789" * 4))
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table({"image": [png(1)], "question": ["Which?"], "answer": ["lamp"]})
    parquet.write_table(table, place / "test.parquet")
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *args, **settings: str(place))
    assert choice.load("hub:org/set").source.endswith("; commit 012345678901")


@pytest.mark.parametrize(
    ("name", "read"),
    [("hub:org/set:main", "lamp"), ("hub:org/set:en", "tree"), ("hub:org/set:domain", "dog")],
)
def test_a_configuration_is_its_own_folder_and_no_other(
    name: str, read: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`main` is no part of `domain`, nor `en` of `golden`."""
    import pyarrow
    from pyarrow import parquet

    monkeypatch.setenv("IPLLVM_DATA", str(tmp_path))
    for place, answer in (("main", "lamp"), ("domain", "dog"), ("en", "tree"), ("golden", "sun")):
        table = pyarrow.table({"image": [png(1)], "question": ["Which?"], "answer": [answer]})
        parquet.write_table(table, folder(tmp_path / "org" / "set" / place) / "test-00000-of-00001.parquet")
    assert [sample.answer for sample in choice.load(name).samples] == [read]
    with pytest.raises(UsageError, match=r"4 folders fit.*hub:org/set:CONFIG \(domain, en, golden, main\)"):
        choice.load("hub:org/set")


def test_the_config_default_is_wherever_the_hub_keeps_it() -> None:
    """Which is `data/` in most data sets; other configs are folders of their own."""
    assert fnmatchcase("data/test-00000-of-00001.parquet", address("hub:org/set:default@test").patterns()[0])
    assert not fnmatchcase("data/test-00000-of-00001.parquet", address("hub:org/set:main").patterns()[0])


def test_why_the_hub_gave_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **settings: object) -> str:
        raise ConnectionError("401 Unauthorized")

    monkeypatch.delenv("IPLLVM_DATA", raising=False)
    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    with pytest.raises(BenchmarkUnavailable, match=r"be downloaded \(ConnectionError: 401 Unauthorized\): "):
        choice.load("hub:org/set")


def test_a_data_set_that_is_not_here_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(BenchmarkUnavailable, match="run 'ipllvm data get hub:org/set'"):
        choice.load("hub:org/set", offline=True)


def test_two_columns_of_one_name_are_refused_in_parquet_too(tmp_path: Path) -> None:
    """Of two answers one would be taken and the other lost without a word."""
    pyarrow, parquet = (pytest.importorskip(name) for name in ("pyarrow", "pyarrow.parquet"))
    cells = [pyarrow.array([value]) for value in ("a.png", "Which colour?", "red", "blue")]
    table = pyarrow.table(cells, names=["image", "question", "answer", "answer"])
    path = folder(tmp_path) / "mine.parquet"
    parquet.write_table(table, path)
    with pytest.raises(UsageError, match="two columns are called 'answer'"):
        choice.load(choice.check(str(path)))


@pytest.mark.parametrize(
    ("scorer", "answers", "row", "why"),
    [
        ("yes_no", ["yes", "red", "blue"], 2, "'red'"),
        ("multiple_choice", ["red", "A"], 1, "'red'"),
        ("numeric", ["3", "n/a"], 2, "the answer 'n/a' is not a number"),
    ],
)
def test_a_right_answer_that_its_own_rule_refuses_is_told_with_its_row(
    tmp_path: Path, scorer: str, answers: list[str], row: int, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"image": "a.png", "question": f"Which, {i}?", "answer": each} for i, each in enumerate(answers)]
    path = written(tmp_path, rows, f'scorer = "{scorer}"')
    with pytest.raises(BenchmarkUnavailable) as found:
        choice.load(path)
    assert f"row {row}, column 'answer': " in str(found.value) and why in str(found.value)
    assert main(["data", "check", path]) != 0
    assert f"row {row}, column 'answer'" in "".join(capsys.readouterr())


def test_an_answer_may_be_as_long_as_the_longest_right_one(tmp_path: Path) -> None:
    long = "a lamp that stands on the table beside the window and shines on an open book"
    rows = [{**PLAIN[0], "label": long}, PLAIN[1]]
    assert choice.load(written(tmp_path / "a", rows)).max_new_tokens >= len(long) / 2
    assert choice.load(written(tmp_path / "b", PLAIN)).max_new_tokens == 16
    assert choice.load(written(tmp_path / "c", rows, "max_new_tokens = 9")).max_new_tokens == 9
