"""Completion: a script that the shell takes, with the commands, options and names that there are."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ipllvm import cli
from ipllvm.commands import completion
from ipllvm.registry import BENCHMARKS


def script(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--completion", name])
    return capsys.readouterr().out


def test_bash_takes_it_and_it_knows_commands_options_and_names(capsys: pytest.CaptureFixture[str]) -> None:
    made = script("bash", capsys)
    if bash := shutil.which("bash"):
        subprocess.run([bash, "-n"], input=made, text=True, check=True, timeout=60)
    for word in (*cli.COMMANDS, "--save-baseline", "--report-dir", "permutation_invariance", "llava-tiny"):
        assert word in made
    assert all(name in made for name in BENCHMARKS)


def test_tcsh_has_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert "permutation_invariance" in script("tcsh", capsys)


RUNS = ["2026-11-27T09-38-49Z", "2026-11-28T10-00-00Z"]
BEGUN = {
    "check --prope": ["--property"],
    "check --property permutation_inva": ["permutation_invariance"],
    "check llava-o": ["llava-ov-tiny", "llava-ov"],
    "check MODEL --benchmark=charts-": ["charts-mc"],
    "check MODEL --benchmark scenes-t": ["scenes-tall"],
    "check MODEL --fail-on=wo": ["worse"],
    "check MODEL --baseline=rel": ["release-1"],
    "paper --only table": ["table1", "table2", "table3"],
    "gate release-1 2026": RUNS,
    "compare rel": ["release-1"],
    "history rel": ["release-1"],
    "report 20": RUNS,
    "report rel": [],
    "replay 2026-11-28": RUNS[1:],
    "verify la": ["latest"],
    "store ver": ["verify"],
}
"""What is typed, and what it is completed to."""


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which two runs and a baseline lie; the shells are there."""
    for run in RUNS:
        (tmp_path / "reports" / run).mkdir(parents=True)
    (tmp_path / "reports" / "baselines").mkdir()
    for name in ("release-1.json", "release-1.budget.json"):
        (tmp_path / "reports" / "baselines" / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shell(name: str) -> str:
    """Where a shell is; skips the test where it is not."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} here")
    return found


@pytest.mark.parametrize("typed", BEGUN)
def test_bash_completes_what_was_begun(typed: str, reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Words as bash cuts them: the equals sign of an option is one of its own."""
    words = typed.replace("=", " = ").split()
    ask = f"COMP_WORDS=(ipllvm {' '.join(words)}) COMP_CWORD={len(words)}; _ipllvm; echo ${{COMPREPLY[@]}}"
    begin = [shell("bash"), "--norc", "-c", f"{script('bash', capsys)}\n{ask}"]
    done = subprocess.run(begin, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == BEGUN[typed], done.stderr


def test_bash_completes_a_value_that_has_no_letter_yet(capsys: pytest.CaptureFixture[str]) -> None:
    ask = "COMP_WORDS=(ipllvm check MODEL --fail-on =) COMP_CWORD=4; _ipllvm; echo ${COMPREPLY[@]}"
    begin = [shell("bash"), "--norc", "-c", f"{script('bash', capsys)}\n{ask}"]
    done = subprocess.run(begin, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["violated", "worse"]


def test_fish_completes_what_was_begun(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begin = [shell("fish"), "--no-config", "-c", script("fish", capsys)]
    for typed, completed in BEGUN.items():
        asked = [*begin[:-1], f"{begin[-1]}\ncomplete -C 'ipllvm {typed}'"]
        done = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60)
        option = typed.split()[-1].partition("=")[0] + "=" if "=" in typed else ""
        assert [line.split("\t")[0] for line in done.stdout.splitlines()] == [
            f"{option}{word}" for word in completed
        ], done.stderr


def test_zsh_completes_what_was_begun(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Typed into an interactive shell, with a tab behind it."""
    (reports / "_ipllvm").write_text(script("zsh", capsys))
    typing, terminal = pty.openpty()
    began = [shell("zsh"), "-f", "-i"]
    child = subprocess.Popen(began, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True)
    try:
        seen(
            typing,
            "autoload -Uz compinit; compinit -u -D; eval \"$(cat _ipllvm)\"; echo rea''dy\n",
            ["ready"],
        )
        for typed, completed in BEGUN.items():
            seen(typing, f"ipllvm {typed}\t\t", completed)
            os.write(typing, b"\x15")  # the line is emptied
    finally:
        child.kill()
        child.wait()
        os.close(typing)
        os.close(terminal)


def seen(typing: int, keys: str, words: list[str], limit: float = 30) -> None:
    """Type keys, and read until the words are on the screen; raises AssertionError where they never are."""
    os.write(typing, keys.encode())
    shown, until = "", time.monotonic() + limit
    while time.monotonic() < until and not all(word in shown for word in words):
        if select.select([typing], [], [], 0.2)[0]:
            shown += os.read(typing, 65536).decode(errors="replace")
    assert all(word in shown for word in words), (keys, shown)


def test_without_its_package_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    with pytest.raises(SystemExit, match="4"):
        cli.main(["--completion", "bash"])
    assert "pip install 'ipllvm[completion]'" in capsys.readouterr().err


def test_a_shell_that_the_installed_shtab_does_not_know_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shtab.SUPPORTED_SHELLS", ["bash"])
    with pytest.raises(SystemExit, match="4"):
        cli.main(["--completion", "fish"])
    assert "--completion fish needs a newer shtab" in capsys.readouterr().err


def test_an_unknown_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="4"):
        cli.main(["--completion", "ksh"])
    assert "invalid choice: 'ksh'" in capsys.readouterr().err


def test_names_are_those_of_the_lists() -> None:
    found = completion.names()
    assert found["--benchmark"] == list(BENCHMARKS)
    assert "permutation_invariance" in found["--property"] and "llava-1.5" in found["model"]
