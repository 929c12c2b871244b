"""Files of others: read within limits, refused in a line that says which limit."""

import os
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.safety import reading
from ipllvm.safety.reading import Refused

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


@given(VALUES)
def test_what_json_writes_is_read(value: object) -> None:
    import json

    assert reading.json_value(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"\xff", "not UTF-8: invalid start byte at byte 0"),
        (b"{", "not JSON: Expecting property name"),
        (b"", "not JSON: Expecting value"),
        (b"NaN", "not finite: NaN"),
        (b"[-Infinity]", "not finite: -Infinity"),
        (b"1e999", "not finite: 1e999"),
        (b"1" * 5_000, "a number of 5,000 digits"),
        (b"[" * 65 + b"]" * 65, "nested more than 64 deep"),
        (b"[" * 500_000, "nested more than 64 deep"),
        (b'{"a":' * 100_000, "nested more than 64 deep"),
        (b'{"a":' * 70 + b"1" + b"}" * 70, "nested more than 64 deep"),
        (b'{"a": 1, "b": 2, "a": 3}', "the name 'a' stands twice in one table"),
        (b'[{"b": {"a\\n": 1, "a\\n": 1}}]', "the name 'a\\n' stands twice"),
        (b'{"a\\ud800": 1, "a\\ud800": 1}', "the name 'a\\ud800' stands twice"),
    ],
)
def test_what_is_no_json_is_refused_in_one_line(text: bytes, line: str) -> None:
    with pytest.raises(Refused) as caught:
        reading.json_value(text)
    assert line in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_as_deep_as_allowed_is_read() -> None:
    assert reading.json_value("[" * 64 + "]" * 64)
    assert reading.json_value("[NaN]", finite=False)


def test_only_regular_files_are_opened_and_none_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero"), Path("/dev/null")):
        with pytest.raises((Refused, IsADirectoryError), match=r"regular file|directory"):
            reading.file_bytes(path)


def test_a_file_has_at_most_as_many_bytes_as_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert reading.file_bytes(path, 5) == b"12345"
    with pytest.raises(Refused, match="it has 5 bytes, more than 4"):
        reading.file_bytes(path, 4)


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * 5_000, "a = [", "a = " + "1" * 5_000, "a." * 3_000 + "b = 1", "a = 1\na = 2", "\0", "[a"],
)
def test_what_is_no_toml_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "file.toml").write_text(text)
    with pytest.raises(Refused) as caught:
        reading.toml_file(tmp_path / "file.toml")
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 300


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\xef\xbb\xbfa = 1")
    assert reading.toml_file(tmp_path / "file") == {"a": 1}


def test_what_unpacks_to_too_much_is_refused() -> None:
    packed = zlib.compress(bytes(10_000))
    assert reading.inflated(packed, 10_000) == bytes(10_000)
    for data, limit, line in (
        (packed, 9_999, "more than 9,999 bytes"),
        (packed[:-8], 10_000, "cut short"),
        (b"nonsense", 10_000, "can't be unpacked"),
    ):
        with pytest.raises(Refused, match=line):
            reading.inflated(data, limit)


@pytest.mark.parametrize("text", ["", "-", "1.5", "one", "٣", "1" * 41])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        reading.number(text)
