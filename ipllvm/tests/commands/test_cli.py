"""The command line itself: help is cheap, what is wrong is told in one line, exit statuses are pytest's."""

import json
import os
import resource
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from ipllvm import cli
from ipllvm.tests.commands.processes import environment, run

HEAVY = ("torch", "transformers", "scipy", "pytest", "jinja2", "PIL", "huggingface_hub", "rich")
LIGHT_LISTS = ("models", "benchmarks", "properties", "perturbations")
LOADED = """
import contextlib, io, json, sys
from ipllvm.cli import main
found = {}
for words in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main(words)
    found[" ".join(words)] = [name for name in json.loads(sys.argv[2]) if name in sys.modules]
print(json.dumps(found))
"""


def loaded(words: list[list[str]], names: tuple[str, ...]) -> dict[str, list[str]]:
    """Which modules are there after each of several command lines, run one after another."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, json.dumps(words), json.dumps(names)],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return dict(json.loads(done.stdout))


def test_help_loads_nothing() -> None:
    words = [["--help"], *([name, "--help"] for name in cli.COMMANDS)]
    assert {line: names for line, names in loaded(words, HEAVY).items() if names} == {}


def test_lists_do_without_torch() -> None:
    found = loaded([[name] for name in LIGHT_LISTS], ("torch", "transformers"))
    assert found == {name: [] for name in LIGHT_LISTS}


def spent(*words: str) -> tuple[float, subprocess.CompletedProcess[str]]:
    """A processor's seconds for Python with these words: the clock on the wall measures all else too."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, check=False, env=environment()
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime), ended


@cache
def numpy_takes() -> float:
    """Seconds of CPU for importing numpy in an interpreter of its own."""
    return spent("-c", "import numpy")[0]


@pytest.mark.parametrize("words", [["--help"], *([name, "--help"] for name in cli.COMMANDS)])
def test_help_takes_four_times_as_long_as_importing_numpy_at_most(words: list[str]) -> None:
    """0.1 s on the machine this was written on, beside it 0.3 s at most; another may be half as fast.

    What numpy takes is measured once, and anew where a command seems to take longer: other work slows both.
    """
    seconds, ended = spent("-m", "ipllvm", *words)
    for _ in range(3):
        if seconds < 4 * numpy_takes():
            break
        numpy_takes.cache_clear()
        seconds, ended = spent("-m", "ipllvm", *words)
    else:
        raise AssertionError(f"{seconds:.2f} s")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(f"usage: ipllvm {'' if len(words) == 1 else words[0]}")


def test_help_tells_every_command() -> None:
    _, printed = run(Path.cwd(), "--help", COLUMNS="60")
    assert {*cli.COMMANDS} <= {line.split()[0] for line in printed.splitlines() if line.startswith("    ")}
    assert max(map(len, printed.splitlines())) <= 60


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["chek", "llava-tiny"], "ipllvm: unknown command 'chek': did you mean 'check'? Known: audit, "),
        ([], "ipllvm: the following arguments are required: COMMAND (see ipllvm --help)"),
        (["check"], "ipllvm check: name the model first: ipllvm check MODEL\n"),
        (["models", "--all"], "ipllvm models: unrecognized arguments: --all (see ipllvm models --help)"),
        (["check", "-k", "x", "llava-tiny"], "ipllvm check: name the model first: ipllvm check MODEL -k "),
        (
            ["check", "x", "--report-dir", ""],
            "ipllvm check: --report-dir '': give a value, or leave ",
        ),
        (
            ["gate", "a", "b", "--markdown="],
            "ipllvm gate: --markdown '': give a value, or leave ",
        ),
        (["verify", "nowhere"], "ipllvm verify: nowhere/manifest.json: No such file or directory: name the "),
    ],
)
def test_what_can_not_be_used_is_told_in_one_line(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status: object = cli.main(words)
    except SystemExit as end:
        status = end.code
    printed = capsys.readouterr()
    assert (status, printed.out) == (4, "")
    assert printed.err.startswith(line)
    assert printed.err.count("\n") == 1


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m ipllvm properties | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=tmp_path,
        env=environment(PYTHONUNBUFFERED="1"),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("classification_retention "), "requirements first"


def test_ctrl_c_ends_with_the_status_of_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(rows: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ipllvm.commands.properties.show", interrupted)
    assert cli.main(["properties"]) == 2


def test_a_property_file_brings_the_plugin_along(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file of one's own has no conftest beside it that would; from a wheel nothing else would load it."""
    from ipllvm.commands import suite

    given: list[list[str]] = []

    def main(words: list[str], plugins: list[object]) -> int:
        given.append(words)
        return 0

    monkeypatch.setattr(pytest, "main", main)
    suite.run(["--model=x", str(tmp_path / "test_mine.py")])
    suite.run(["--model=x"])
    assert given[0][-2:] == ["-p", "ipllvm.plugin"] and "ipllvm.plugin" not in given[1]
    assert "-pno:anyio" in given[1] and "-pno:anyio" not in given[0], "a file of one's own may need them"


@pytest.mark.parametrize("command", ["check", "plan", "audit"])
def test_an_option_that_nobody_knows_is_told_with_the_closest(
    command: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([command, "planted:invariant", "--sample=3"]) == 4
    said = capfd.readouterr()
    assert "unknown option --sample: did you mean --samples?" in said.out + said.err
    assert "rootdir" not in said.out + said.err and "usage:" not in said.out + said.err


def test_all_options_are_listed_without_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["check", "--options"])
    printed = capsys.readouterr().out
    assert printed.startswith("property checks of large language-and-vision models:\n")
    assert "  --samples SAMPLES " in printed
    assert "  --report-only " in printed


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("ipllvm", "properties"), 0),
        (("ipllvm", "--help"), 0),
        (("ipllvm", "verify", "nothing"), 4),
        (("pytest", "-p", "ipllvm.plugin", "--collect-only", "test_many.py", "-q"), 0),
        (("pytest", "-p", "ipllvm.plugin", "test_many.py", "-v"), 1),
    ],
)
def test_a_reader_that_has_seen_enough_changes_nothing(
    tmp_path: Path, words: tuple[str, ...], status: int
) -> None:
    """`ipllvm ... | head -1` goes on to its end: its status is its answer, and nothing else is printed."""
    many = "import pytest\n@pytest.mark.parametrize('n', range(800))\ndef test_one(n): assert n != 7\n"
    (tmp_path / "test_many.py").write_text(many)
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=tmp_path,
        env=environment(),
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    os.close(write)
    assert done.returncode == status
    assert "Error" not in done.stderr and len(done.stderr.splitlines()) <= (status == 4)


@pytest.mark.parametrize(
    "words",
    [
        ("runs", "--report-dir={}"),
        ("store", "verify", "{}"),
        ("store", "merge", "{}"),
        ("plan", "planted:invariant", "--property={}.py"),
    ],
    ids=lambda words: " ".join(words),
)
def test_a_path_that_can_not_be_looked_at_is_one_line(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """As of a folder of somebody else, of which root is told nothing."""
    assert cli.main([word.format("x" * 300) for word in words]) == cli.USAGE_ERROR
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"ipllvm {words[0]}: File name too long: xxx") and "give another path" in line
