"""What was typed, as values: the whole line about one that can't be, and that a replay reads it again."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipllvm.errors import UnknownName, UsageError
from ipllvm.models import gpus
from ipllvm.session import parsing
from ipllvm.session.option import KnownWords, Option, number, whole
from ipllvm.session.options import OPTIONS


def refusal(call: Any, *given: Any) -> str:
    with pytest.raises(UsageError) as caught:
        call(*given)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("text", ["a=b", "a-b=c", "a=b=c", "ä=ö", "a= "])
def test_a_parameter_has_a_name_of_python(text: str) -> None:
    name, _, value = parsing.parameter("parameter", text).partition("=")
    assert name.isidentifier() and value == text.partition("=")[2]


@pytest.mark.parametrize("text", ["", "a", "a=", "=b", "1a=b", "a b=c", "a.b=c", "-=x y", "a b"])
def test_what_is_no_parameter(text: str) -> None:
    if text == "-=x y":
        assert parsing.parameter("parameter", text) == "_=x y"
        return
    assert refusal(parsing.parameter, "parameter", text) == f"--parameter {text}: write NAME=VALUE"


@pytest.mark.parametrize(("text", "found"), [("all", None), ("auto", None), ("1", 1), ("007", 7)])
def test_samples_are_a_number_or_all(text: str, found: int | None) -> None:
    assert parsing.samples("samples", text) == found


@pytest.mark.parametrize(
    "text", ["0", "-1", "1.0", "1e3", "all ", "All", "", "٣", "1_000", "0x10", "+1", "9" * 5000]
)
def test_what_is_no_number_of_samples(text: str) -> None:
    line = refusal(parsing.samples, "samples", text)
    assert line.startswith("--samples ")
    assert "give a whole number of at least 1" in line or len(text) > 1000


@given(st.integers(0, 10**9), st.integers(0, 10**9))
@settings(max_examples=40)
def test_a_whole_number_is_read_from_its_least_on(value: int, least: int) -> None:
    if value < least:
        assert refusal(parsing.whole, "n", str(value), least).endswith(f"whole number of at least {least}")
    else:
        assert parsing.whole("n", str(value), least) == value


@pytest.mark.parametrize(
    ("text", "found"), [("0", 0), ("12", 12), ("0.5", 0.5), (".25", 0.25), ("0.0", 0.0), ("0.99999", 0.99999)]
)
def test_an_error_budget_is_a_number_of_samples_or_a_share(text: str, found: float) -> None:
    assert parsing.budget("max-errors", text) == found


@pytest.mark.parametrize("text", ["1.0", "1.5", "-0.5", "nan", "inf", "1e-3", "0,5", "", ".", "50%", "²"])
def test_what_is_no_error_budget(text: str) -> None:
    line = refusal(parsing.budget, "max-errors", text)
    assert line == f"--max-errors {text}: give a whole number, or a share from 0 up to but not 1"


@pytest.mark.parametrize(("text", "fits"), [("0.1", True), ("100", True), ("0.09", False), ("100.1", False)])
def test_ends_of_a_range_belong_to_it(text: str, fits: bool) -> None:
    if fits:
        assert number(0.1, 100)("catch", text) == float(text)
        return
    assert refusal(number(0.1, 100), "catch", text) == f"--catch {text}: give a number from 0.1 to 100"


@pytest.mark.parametrize("text", ["", "nan", "-1", "1e1", "1.", "٣", "0x1", " 1", "1" * 60])
def test_what_is_no_number(text: str) -> None:
    assert refusal(number(0, 50), "power", text) == f"--power {text}: give a number from 0 to 50"


def test_a_word_for_none_is_no_number_elsewhere() -> None:
    assert whole(1, "auto")("batch-size", "auto") is None
    assert "give a whole number of at least 1" in refusal(whole(1), "draws", "auto")
    assert "give a whole number of at least 1" in refusal(whole(1), "draws", "")


def test_an_unknown_word_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(UnknownName) as caught:
        KnownWords(("population", "benchmark"))("target", "bencmark")
    assert str(caught.value) == (
        "unknown --target 'bencmark': did you mean 'benchmark'? Known: benchmark, population"
    )


DEVICES = ("auto", "cpu")


@pytest.mark.parametrize("text", [*DEVICES, "cuda", "cuda:0", "cuda:12"])
def test_a_device_is_taken_where_there_is_a_driver(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "drivers", lambda: True)
    assert parsing.device("device", text) == text
    monkeypatch.setattr(gpus, "drivers", lambda: False)
    monkeypatch.setattr("sys.platform", "linux")
    if text in DEVICES:
        assert parsing.device("device", text) == text
    else:
        assert refusal(parsing.device, "device", text) == (
            f"--device {text}: no GPU driver here; use --device cpu"
        )


@pytest.mark.parametrize(
    "text", ["cpu:0", "cpu:", "auto:1", "cuda:", "cuda:x", "cuda:-1", "cuda:²", "gpu", "CPU"]
)
def test_what_is_no_device(text: str) -> None:
    line = refusal(parsing.device, "device", text)
    assert line.startswith(f"unknown --device '{text}': ") and line.endswith("Known: auto, cpu, cuda, cuda:0")


@pytest.mark.parametrize(
    ("text", "device", "cards", "expected"),
    [
        ("auto", "auto", 0, "quick"),
        ("auto", "auto", 2, "paper"),
        ("auto", "cpu", 2, "quick"),
        ("auto", "cuda:1", 1, "paper"),
        ("audit", "cpu", 0, "audit"),
    ],
)
def test_a_profile_follows_the_device(
    text: str, device: str, cards: int, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpus, "count", lambda: cards)
    assert parsing.profile(text, device) == expected


def test_a_folder_that_can_not_be_one_is_refused_and_none_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert parsing.folder("report-dir", str(tmp_path / "a" / "b")) == tmp_path / "a" / "b"
    assert refusal(parsing.folder, "report-dir", str(tmp_path / "file" / "x")) == (
        f"--report-dir {tmp_path / 'file' / 'x'}: {tmp_path / 'file'} is not a folder; give another folder"
    )
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("text", ["x" * 5000, "a\0b", "~nobody-of-that-name/x"])
def test_a_folder_of_no_possible_name_is_one_line(text: str) -> None:
    assert refusal(parsing.folder, "report-dir", text).endswith("give another folder")


def test_models_are_checked_and_count_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m").mkdir()
    given = ["llava-tiny", "m", "./m", str(tmp_path / "m"), "llava-tiny", "m/../m"]
    assert parsing.models(given) == ("llava-tiny", "m")
    assert parsing.models([]) == ()
    with pytest.raises(UnknownName):
        parsing.models(["llava-tiny", "llava-tny"])


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("text", ["", " ", "\t"])
def test_an_empty_value_is_named_whatever_the_option(name: str, text: str) -> None:
    row = OPTIONS[name]
    if row.flag:
        assert row.read(text) is bool(text)
        return
    line = refusal(row.read, [text] if row.many else text)
    assert line == f"--{row.name} {text!r}: give a value, or leave the option out"


SMALL = ("0.5", "0.001", "0.0000001", "0.00000000000000000001", "0.000012345")


@pytest.mark.parametrize("text", SMALL)
def test_a_share_however_small_is_read_again_as_a_replay_spells_it(text: str) -> None:
    row = OPTIONS["max_errors"]
    value = row.read(text)
    (word,) = row.repeated(value)
    assert row.read(word.partition("=")[2]) == value == float(text)


@given(st.decimals(0, "0.999", allow_nan=False, places=15))
@settings(max_examples=60)
def test_no_share_is_lost_on_the_way_to_a_replay(share: Any) -> None:
    row = OPTIONS["max_errors"]
    value = row.read(f"{share:f}")
    for word in row.repeated(value):
        assert row.read(word.partition("=")[2]) == value


def made(**more: Any) -> Option:
    usual = {
        "bears": OPTIONS["seed"].bears,
        "parse": parsing.text,
        "default": None,
        "metavar": "",
        "flag": False,
    }
    return Option(**{"name": "a-b", "help": "", "many": False, "absent": "", "aliases": (), **usual, **more})


def test_an_option_is_spelled_plainly_first_and_then_as_nobody_else_can() -> None:
    found = made(aliases=("c",))
    assert found.spellings == ("--a-b", "--c", "--ipllvm-a-b", "--ipllvm-c")
    assert found.destination == "ipllvm_a_b"


@pytest.mark.parametrize(
    ("row", "value", "words"),
    [
        (made(), None, []),
        (made(absent="all"), None, ["--a-b=all"]),
        (made(absent="all", default="all"), None, []),
        (made(default="3"), 3, []),
        (made(default="3"), 4, ["--a-b=4"]),
        (made(default="0.5"), 0.5, []),
        (made(), 1e-7, ["--a-b=0.0000001"]),
        (made(), Path("x y"), ["--a-b=x y"]),
        (made(flag=True), True, ["--a-b"]),
        (made(flag=True), False, []),
        (made(many=True), ("x", "y=z"), ["--a-b=x", "--a-b=y=z"]),
        (made(many=True), (), []),
    ],
)
def test_what_a_command_line_says_of_a_value(row: Option, value: Any, words: list[str]) -> None:
    assert row.repeated(value) == words


def test_what_was_given_twice_counts_once_in_its_first_place() -> None:
    assert made(many=True).read(["b", "a", "b"]) == ("b", "a")
    assert made(many=True).read(None) == made(many=True).read([]) == ()
    assert made().read(None) is None and made().read(5) == "5"


@pytest.mark.parametrize("name", OPTIONS)
def test_a_default_is_a_value_of_its_option_and_help_is_a_line(name: str) -> None:
    row = OPTIONS[name]
    assert row.help and "\n" not in row.help
    assert re.fullmatch(r"[a-z][a-z-]*", row.name)
    if row.default is not None and not row.flag and not row.many:
        assert row.read(row.default) == row.read(row.default), "no default is refused"
