"""Parameters that a property declares: given on the command line, checked, and in its rows alone."""

from pathlib import Path

import pytest

from ipllvm.tests.plugin.sessions import session, suite

ON = ("--model=planted:invariant", "--benchmark=planted", "--samples=4", "-s")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return suite(tmp_path_factory.mktemp("parameters"), "suite_parameters")


def test_the_first_word_is_the_default_and_rows_say_what_was_declared(folder: Path) -> None:
    done = session(folder, *ON)
    assert done.status == 0, done.output
    assert any("strength mild paper" in line for line in done.lines)
    told = {"strength": "mild", "noise_kind": "paper", "permutation_scope": None}
    assert any(str(told) in line for line in done.lines)


def test_the_command_line_gives_another(folder: Path) -> None:
    done = session(folder, *ON, "--parameter", "strength=strong", "--noise=keskar", "-k", "read")
    assert done.status == 0, done.output
    assert any("strength strong keskar" in line for line in done.lines)


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ("strenght=strong", "unknown --parameter 'strenght': did you mean 'strength'?"),
        ("strength=string", "unknown --parameter strength 'string': did you mean 'strong'?"),
        ("strength", "--parameter strength: write NAME=VALUE"),
    ],
)
def test_what_no_property_declares_is_one_line(folder: Path, asked: str, line: str) -> None:
    done = session(folder, *ON, f"--parameter={asked}", "-k", "undeclared")
    assert done.status == 4
    assert any(line in each for each in done.lines), done.output
