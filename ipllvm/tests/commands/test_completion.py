"""Completion: a script that the shell takes, with the commands, options and names that there are."""

import shutil
import subprocess
import sys

import pytest

from ipllvm import cli
from ipllvm.commands import completion
from ipllvm.registry import BENCHMARKS


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--completion", shell])
    return capsys.readouterr().out


def test_bash_takes_it_and_it_knows_commands_options_and_names(capsys: pytest.CaptureFixture[str]) -> None:
    made = script("bash", capsys)
    if bash := shutil.which("bash"):
        subprocess.run([bash, "-n"], input=made, text=True, check=True, timeout=60)
    for word in (*cli.COMMANDS, "--save-baseline", "--report-dir", "permutation_invariance", "llava-tiny"):
        assert word in made
    assert all(name in made for name in BENCHMARKS)


@pytest.mark.parametrize("shell", ["zsh", "tcsh"])
def test_other_shells_have_theirs(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "permutation_invariance" in script(shell, capsys)


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("check --prope", ["--property"]),
        ("check --model = llava-o", ["llava-ov-tiny", "llava-ov"]),
        ("check MODEL --fail-on wo", ["worse"]),
        ("paper --only table", ["table1", "table2", "table3"]),
    ],
)
def test_bash_completes_what_was_begun(
    typed: str, completed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash here")
    place = len(typed.split())
    ask = f"COMP_WORDS=(ipllvm {typed}) COMP_CWORD={place}; _shtab_ipllvm; echo ${{COMPREPLY[@]}}"
    words = [bash, "--norc", "-c", f"{script('bash', capsys)}\n{ask}"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == completed, done.stderr


def test_without_its_package_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    with pytest.raises(SystemExit, match="4"):
        cli.main(["--completion", "bash"])
    assert "pip install 'ipllvm[completion]'" in capsys.readouterr().err


def test_an_unknown_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="4"):
        cli.main(["--completion", "fish"])
    assert "invalid choice: 'fish'" in capsys.readouterr().err


def test_names_are_those_of_the_lists() -> None:
    found = completion.names()
    assert found["--benchmark"] == list(BENCHMARKS)
    assert "permutation_invariance" in found["--property"] and "llava-1.5" in found["model"]
