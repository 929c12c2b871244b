"""Whatever is printed: nothing steers the terminal, nothing commands who reads the log."""

import io
import os
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ipllvm.errors import IpllvmError
from ipllvm.safety.printing import Guarded, guarded, visible

STEERING = ":#[]vso \t\n\r\x1b\x9b\x07\u202e\u2066\u2028\x85a0m;K\ud800é"
HOSTILE = st.text(st.sampled_from(STEERING), max_size=30)
COMMAND = re.compile(r"(?m)^\s*::|##(vso)?\[")


def harmless(text: str) -> bool:
    bare = re.sub("\x1b\\[[0-9;]*[mK]", "", text)
    lines = re.split("[\n\r]", bare)
    return not any(COMMAND.search(line) for line in lines) and all(
        c.isprintable() or c in "\n\r\t" for c in bare
    )


@given(HOSTILE)
@example("::error::x")
@example(" \u2028::error::x")
@example("##vso[task.setvariable]")
def test_what_is_made_visible_is_harmless_and_on_one_line(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert harmless(shown)
    assert len(shown) <= 300
    assert visible(shown) == shown


@given(st.lists(HOSTILE, max_size=6))
@example([":", ":error::x"])
@example(["##", "[error]x"])
@example(["##v", "so[task]"])
@example(["ok\n", "  ", "::error::x"])
@example(["\x1b[31m", "::error::x"])
@example(["\x1b", "]0;title\x07"])
@example(["a" * 99 + "\n:", ":x"])
def test_what_a_stream_is_given_in_parts_is_harmless_as_a_whole(parts: list[str]) -> None:
    target = io.StringIO()
    stream = Guarded(target)
    for part in parts:
        assert stream.write(part) == len(part)
    assert harmless(target.getvalue())


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=30))
def test_plain_text_is_left_as_it_is(text: str) -> None:
    target = io.StringIO()
    Guarded(target).write(f"it is {text}\n\x1b[1;31mred\x1b[0m\n")
    if harmless(f"it is {text}"):
        assert target.getvalue() == f"it is {text}\n\x1b[1;31mred\x1b[0m\n"


def test_a_stream_that_knows_few_characters_gets_the_others_spelled_out() -> None:
    target = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Guarded(target).write("Δ")
    target.seek(0)
    assert target.read() == "\\u0394"


def test_both_outputs_are_guarded_and_given_back(capsys: object) -> None:
    import sys

    before = sys.stdout, sys.stderr
    with guarded():
        print("::error::one")
        print("\x1b]0;two\x07", file=sys.stderr)
    assert (sys.stdout, sys.stderr) == before
    found = capsys.readouterr()  # type: ignore[attr-defined]
    assert (found.out, found.err) == (":\\x3aerror::one\n", "\\x1b]0;two\\x07\n")


def test_an_error_of_ours_is_one_harmless_line() -> None:
    assert str(IpllvmError("::error::a\n\x1b[31mb")) == ":\\x3aerror::a\\n\\x1b[31mb"


@pytest.mark.parametrize("buffering", [1, -1], ids=["lines", "blocks"])
def test_what_is_printed_after_its_reader_has_gone_is_dropped(buffering: int) -> None:
    """As in `| head -1`: neither writing, nor the end of the process, raises."""
    read, write = os.pipe()
    with os.fdopen(write, "w", buffering) as target:
        stream = Guarded(target)
        stream.write("one line\n")
        stream.flush()
        assert os.read(read, 99) == b"one line\n"
        os.close(read)
        for _ in range(9):
            assert stream.write("more\n" * 9_999) == 5 * 9_999
            stream.flush()
        target.flush()


def test_without_an_output_nothing_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in `>&-`."""
    monkeypatch.setattr("sys.stdout", None)
    with guarded():
        print("one")
