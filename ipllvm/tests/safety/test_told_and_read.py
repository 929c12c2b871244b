"""Round trips through what is guarded: JSON that is printed, annotations, numbers, tables, nesting."""

import errno
import io
import json
import math
import os
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ipllvm.safety import places, reading, writing
from ipllvm.safety.printing import Guarded, annotate, as_json, guarded, open_closed, visible
from ipllvm.safety.reading import DEPTH, DIGITS, Refused, inflated, json_value, number

WORDS = st.text(st.sampled_from(':#[]vso \t\n\r\x1b\x07\u202e\u2028\x85a0mé大\U0001f600"\\{}'), max_size=12)


@settings(deadline=None, max_examples=80)
@given(st.lists(st.dictionaries(WORDS, WORDS, max_size=2) | WORDS | st.integers(), max_size=4))
@example(["##[error]x", {"::error::": "##vso[task]"}])
@example(["##VSO[x", "\n::error::"])
def test_json_that_is_printed_is_left_as_it_is_and_read_again(value: Any) -> None:
    target = io.StringIO()
    Guarded(target).write(as_json(value))
    assert target.getvalue() == as_json(value), "nothing had to be spelled out"
    assert json.loads(target.getvalue()) == value


@pytest.mark.parametrize(
    ("kind", "title", "message", "line"),
    [
        ("error", "ipllvm", "3 violated", "::error title=ipllvm::3 violated"),
        ("warning", "a", "100 % of\ntwo", r"::warning title=a::100 %25 of\ntwo"),
        ("notice", "a", "::error::x", r"::notice title=a:::\x3aerror::x"),
        ("notice", "a", "##[group]x\x1b[31m", r"::notice title=a::##\x5bgroup]x\x1b[31m"),
    ],
)
def test_an_annotation_is_one_command_whatever_its_message_holds(
    kind: str, title: str, message: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    annotate(kind, title, message)
    with guarded():
        annotate(kind, title, message)
    assert capsys.readouterr().out == f"{line}\n" * 2


def test_a_long_annotation_is_cut_before_its_signs_are_spelled(capsys: pytest.CaptureFixture[str]) -> None:
    annotate("error", "a", "%" * 1000)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.replace("%25", "%") == f"::error title=a::{'%' * 150}…{'%' * 149}"


def test_a_closed_output_is_opened_to_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(f"sys.{name}", None)
        monkeypatch.setattr(f"sys.__{name}__", None)
    open_closed()
    streams: list[Any] = [sys.stdout, sys.stderr]
    assert sys.stdout is sys.__stdout__
    print("to nowhere")
    for stream in streams:
        stream.flush()
        os.close(stream.fileno())


def test_an_open_output_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    open_closed()
    assert (sys.stdout, sys.stderr) == before


@pytest.mark.parametrize("limit", [1, 2, 5, 300])
def test_what_is_visible_is_no_longer_than_asked(limit: int) -> None:
    for text in ("", "a", "ab" * 400, "\x1b" * 9, "\U000e0001" * 99, "::x" * 200):
        shown = visible(text, limit)
        assert len(shown) <= limit and shown.isprintable()
        assert text[:limit] == shown or "…" in shown or "\\" in shown


NUMBERS = ["0", "-0", "7", "-12", "9" * DIGITS]


@pytest.mark.parametrize("text", NUMBERS)
def test_a_whole_number_is_read(text: str) -> None:
    assert number(text) == int(text) == json_value(text)


@pytest.mark.parametrize("text", ["", "-", "--1", "+1", "1.0", "1e3", " 1", "1_0", "٣", "²", "0x1", "１"])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"^it is not a whole number$"):
        number(text)


@pytest.mark.parametrize("text", ["1" * (DIGITS + 1), "-" + "1" * DIGITS])
def test_a_number_of_too_many_digits_is_refused_by_its_length(text: str) -> None:
    for read in (number, json_value):
        with pytest.raises(Refused, match=rf"a number of {len(text)} digits$"):
            read(text)


@pytest.mark.parametrize("shape", ["[]", "{}"])
def test_nesting_is_allowed_to_a_depth_and_no_further(shape: str) -> None:
    def nested(deep: int) -> str:
        return "[" * deep + "]" * deep if shape == "[]" else '{"a":' * deep + "1" + "}" * deep

    assert json_value(nested(DEPTH))
    for deep in (DEPTH + 1, 5000, 100_000):
        with pytest.raises(Refused, match=rf"^it is nested more than {DEPTH} deep$"):
            json_value(nested(deep))


def test_toml_is_held_to_the_same_depth_and_is_one_line_where_it_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text("a = " + "[" * 40 + "]" * 40)
    assert reading.toml_file(file)["a"]
    for text, line in (
        ("a = " + "[" * DEPTH + "]" * DEPTH, f"it is nested more than {DEPTH} deep"),
        ("a = 1\na = 2", "Cannot overwrite a value (at end of document)"),
        ("\xff = 1", "not UTF-8: invalid start byte at byte 0"),
    ):
        file.write_bytes(text.encode("latin-1"))
        with pytest.raises(Refused) as error:
            reading.toml_file(file)
        assert str(error.value) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"a": 1, "b": 2, "a": 3}', "not JSON: the name 'a' stands twice in one table"),
        ('[{"a": {"b": 1, "b": 1}}]', "not JSON: the name 'b' stands twice in one table"),
        ('{"\\u0061": 1, "a": 1}', "not JSON: the name 'a' stands twice in one table"),
        ('{"\\u001b": 1, "\\u001b": 1}', "not JSON: the name '\\x1b' stands twice in one table"),
        ("NaN", "not JSON: a number that is not finite: NaN"),
        ("[-Infinity]", "not JSON: a number that is not finite: -Infinity"),
        ("1e999", "not JSON: a number that is not finite: 1e999"),
        ("", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("1 2", "not JSON: Extra data: line 1 column 3 (char 2)"),
    ],
)
def test_what_python_would_read_and_json_does_not_have_is_refused(text: str, line: str) -> None:
    for given_as in (text, text.encode()):
        with pytest.raises(Refused) as error:
            json_value(given_as)
        assert str(error.value) == line


def test_numbers_that_are_not_finite_are_read_where_they_may_be() -> None:
    assert json_value("[NaN, Infinity, 1e999]", finite=False)[1:] == [math.inf, math.inf]
    assert json_value("\ufeff[1]".encode()) == [1], "a byte order mark is no part of it"


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=200), st.integers(0, 300))
def test_what_is_packed_is_unpacked_up_to_its_limit(data: bytes, limit: int) -> None:
    packed = zlib.compress(data)
    if len(data) <= limit:
        assert inflated(packed, limit) == data
        for cut in (packed[:-1], packed[: len(packed) // 2]):
            with pytest.raises(Refused, match=r"^it can't be unpacked: "):
                inflated(cut, limit)
    else:
        with pytest.raises(Refused, match=rf"^it unpacks to more than {limit} bytes$"):
            inflated(packed, limit)


@pytest.mark.parametrize(
    ("size", "limit", "fits"), [(0, 0, True), (5, 5, True), (6, 5, False), (1, 0, False)]
)
def test_a_file_is_read_up_to_its_limit(size: int, limit: int, fits: bool, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"a" * size)
    if fits:
        assert reading.file_bytes(tmp_path / "x", limit) == b"a" * size
    else:
        with pytest.raises(Refused, match=rf"^it has {size} bytes, more than {limit}$"):
            reading.file_bytes(tmp_path / "x", limit)


def test_a_folder_and_a_pipe_keep_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Refused, match=r"^it is not a regular file$"):
        reading.file_bytes(tmp_path / "pipe")
    with pytest.raises(IsADirectoryError) as error:
        reading.file_bytes(tmp_path)
    assert str(error.value) == f"[Errno {errno.EISDIR}] Is a directory: '{tmp_path}'", "not a number of ours"


def next_handle() -> int:
    """The lowest number that no open file has."""
    handle = os.open(os.devnull, os.O_RDONLY)
    os.close(handle)
    return handle


def test_what_is_refused_is_closed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"a" * 9)
    before = next_handle()
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "large"):
        with pytest.raises((OSError, Refused)):
            reading.file_bytes(path, 5)
    assert next_handle() == before


def test_a_name_that_no_file_can_have_is_no_place_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(places.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/" + "x" * 300)
    assert places.store(Path("reports")) == Path("reports")
    assert places.store(Path("reports"), carried=True) == Path("reports")


def test_half_a_line_is_ended_before_another_is_added(tmp_path: Path) -> None:
    file = tmp_path / "lines"
    for text in ("one\n", "two", "three\n"):
        writing.append(file, text)
    assert file.read_text() == "one\ntwo\nthree\n"
    file.write_text("")
    writing.append(file, "first\n")
    assert file.read_text() == "first\n"
