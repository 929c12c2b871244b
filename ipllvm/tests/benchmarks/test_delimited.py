"""Tables with cells between commas or tabs: cells of any text, pictures left in the file, bad rows told."""

import base64
from pathlib import Path

import pytest

from ipllvm.benchmarks.tables import delimited
from ipllvm.errors import UsageError
from ipllvm.tests.benchmarks.copies import png


def table(tmp_path: Path, text: str, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


def test_cells_are_texts_whatever_they_hold(tmp_path: Path) -> None:
    text = '\ufeffa,b\n"x, ""y""","line 1\nline 2"\n\u2028,\n\n3,4\n'
    assert delimited.rows(table(tmp_path, text)) == [
        {"a": 'x, "y"', "b": "line 1\nline 2"},
        {"a": "\u2028", "b": ""},
        {"a": "3", "b": "4"},
    ]


def test_tabs_are_for_tsv(tmp_path: Path) -> None:
    assert delimited.rows(table(tmp_path, "a\tb\n1,5\t2\n", "t.tsv")) == [{"a": "1,5", "b": "2"}]


@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
@pytest.mark.parametrize("between", [",", ";", "\t", "|"])
def test_the_header_says_what_stands_between_cells(between: str, name: str, tmp_path: Path) -> None:
    text = f'a{between}"b, free"\n1{between}"2; 3"\n'
    assert delimited.rows(table(tmp_path, text, name)) == [{"a": "1", "b, free": "2; 3"}]


def test_blanks_go_from_the_names_of_columns_alone(tmp_path: Path) -> None:
    assert delimited.rows(table(tmp_path, "a, b\n1, 2\n")) == [{"a": "1", "b": " 2"}]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a,b\n1\n", "row 1 has 1 cells, the header 2"),
        ("a,b\n1,2\n1,2,3\n", "row 2 has 3 cells, the header 2"),
        ("a,b,a\n1,2,3\n", "two columns are called 'a'"),
        ("a,\n1,\n", ""),
        ('a,b\n1,"2\n3,4\n', "row 1 can't be read: a cell that begins with a quotation mark"),
        ('a\tb\n"x" y\t2\n', "row 1 can't be read: a cell that begins with a quotation mark"),
        ("a,b\n1,2\n1,\udcff\n", "row 2 can't be read: it is not UTF-8"),
        ("a,\udcff\n", "its header can't be read: it is not UTF-8"),
        ("a,b\r1,2\r", "its header can't be read: lines end in a carriage return alone"),
    ],
)
def test_a_table_that_would_lose_something_is_refused(tmp_path: Path, text: str, line: str) -> None:
    path = table(tmp_path, text)
    if not line:
        assert delimited.rows(path) == [{"a": "1", "": ""}]
        return
    with pytest.raises(UsageError, match=line):
        delimited.rows(path)


def test_a_long_cell_of_base64_is_a_picture_that_stays_in_the_file(tmp_path: Path) -> None:
    data = png(5) + bytes(delimited.KEPT)
    text = base64.b64encode(data).decode()
    (row,) = delimited.rows(table(tmp_path, f'id,image\n1,"{text}"\n'))
    assert isinstance(row["image"], delimited.CellImage)
    assert row["image"].load().size == (4, 4)
    (other,) = delimited.rows(table(tmp_path, f"id,image\n1,{'no base64! ' * 999}\n", "u.csv"))
    assert isinstance(other["image"], str)


def test_a_picture_whose_file_has_changed_is_an_error_of_its_sample(tmp_path: Path) -> None:
    text = base64.b64encode(png(5) + bytes(delimited.KEPT)).decode()
    path = table(tmp_path, f"id,image\n1,{text}\n")
    (row,) = delimited.rows(path)
    for content in (b"", b"id,image\n1", b"\xff" * 9_999, b"id,image\n" + b"2,x" * 3_000):
        path.write_bytes(content)
        with pytest.raises(OSError, match=r"t\.csv"):
            row["image"].load()
