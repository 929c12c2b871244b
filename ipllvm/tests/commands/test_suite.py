"""The suite as a command runs it."""

import argparse
import os

import pytest

from ipllvm.commands import suite
from ipllvm.errors import UsageError


def test_what_a_run_sets_for_its_workers_is_gone_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a script that calls it, processes that are begun later find their own folder's modules."""
    during: list[str | None] = []
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)

    def main(*words: object, **more: object) -> int:
        during.append(os.environ.get("PYTHONSAFEPATH"))
        return 0

    monkeypatch.setattr(pytest, "main", main)
    assert suite.run([]) == 0
    assert during == ["1"] and "PYTHONSAFEPATH" not in os.environ


@pytest.mark.parametrize(
    "words",
    [
        ["llava-tiny", "llava-next-tiny"],
        ["llava-tiny", "-k", "permutation", "models/step-200"],
        ["llava-tiny", "--samples=60", "models/step-200", "-x"],
        ["--model=llava-tiny", "-n", "2", "llava-next-tiny"],
    ],
)
def test_a_word_that_is_no_options_is_refused(words: list[str]) -> None:
    """A folder of that name was handed to pytest, which found no tests in it and said nothing."""
    asked = argparse.Namespace(words=words, command="check")
    with pytest.raises(UsageError, match=r"^\S+: one MODEL stands first; name more with --model=\S+$"):
        suite.asked(asked)


def test_values_of_options_and_files_of_tests_are_handed_on() -> None:
    words = [
        "llava-tiny",
        "-k",
        "a or b",
        "-n",
        "2",
        "--samples",
        "60",
        "test_mine.py::test_it",
        "-p",
        "no:x",
    ]
    assert list(suite.asked(argparse.Namespace(words=words, command="check")).rest) == words[1:]
