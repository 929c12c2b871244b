"""The documentation: commands and options that there are, scripts that run, errors by their words, links."""

import argparse
import os
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn, cast

import pytest

from ipllvm import cli
from ipllvm.commands.suite import _Group
from ipllvm.errors import IpllvmError
from ipllvm.tests.docs.commands import DOCS, GUIDES, PAGES, README, script, shown
from ipllvm.tests.docs.served import program
from ipllvm.tests.test_sizes import MODULES, ROOT

SCRIPTS = [page for page in PAGES if script(page)]
PUT_IN = {"[--protocol": "--protocol", "P]": "paper", "[--rule": "--rule", "R]": "R", "[--judge": "--judge"}
PUT_IN |= {"$part": "--shard=1/8"}
"""What stands for optional parts in a synopsis, and for a variable of the shell."""


class Refusing(argparse.ArgumentParser):
    """A parser that raises what it has to say."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


@cache
def parser(command: str) -> argparse.ArgumentParser:
    """The parser of a command, with the options of the properties where it passes them on, and pytest's."""
    from ipllvm.session.registration import register

    made = Refusing(allow_abbrev=False)
    passes_on = command == PYTEST
    if command == PYTEST:
        made.add_argument("folder", choices=["properties"])
    else:
        module = import_module(f"ipllvm.commands.{command}")
        module.arguments(made)
        passes_on = getattr(module, "PASSES_ON", False)
    if passes_on:
        group = _Group(made)
        register(cast("pytest.Parser", group))
        for name in ("-k", "-n", "--junitxml"):
            with suppress(argparse.ArgumentError):
                made.add_argument(name)
    return made


def values(found: argparse.Namespace) -> None:
    """Read the values of the properties' options as a run does; raises UsageError for one that is none."""
    from ipllvm.session.options import OPTIONS

    for row in OPTIONS.values():
        typed = getattr(found, row.destination, None)
        if typed is not None and row.name != "ray" and not str(typed).startswith("['lmms:"):
            row.read(typed)


PYTEST = "pytest"


@pytest.mark.parametrize("page", [*GUIDES, README], ids=lambda page: page.stem)
def test_every_command_is_taken_by_its_parser_with_its_values(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not run for that: those that are cheap are, below. Only what a user has to put in is put in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "questions.jsonl").write_text("{}")
    for words in shown(page):
        command = PYTEST if words[0] == PYTEST else words[1]
        given = [PUT_IN.get(word, word).strip("[]") for word in words[1 if words[0] == PYTEST else 2 :]]
        if not given or given == ["..."]:
            assert command in cli.COMMANDS, "a command that is only named"
            continue
        try:
            values(parser(command).parse_args(given))
        except SystemExit as ended:  # --options and their like print and end
            assert not ended.code
        except (ValueError, IpllvmError, argparse.ArgumentError) as error:
            raise AssertionError(f"{shlex.join(words)}: {error}") from error


def test_the_readme_names_every_command() -> None:
    rows = [line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith("| `ipllvm")]
    named = {word for row in rows for word in re.findall(r"`(?:ipllvm )?(\w+)[^`]*`", row.split(" | ")[0])}
    assert [name for name in cli.COMMANDS if name not in named] == []


def test_a_parser_refuses_what_is_wrong() -> None:
    for words in (["--sample=3"], ["MODEL", "--samples=-3"], ["MODEL", "--undecided=maybe"]):
        with pytest.raises((ValueError, IpllvmError)):
            values(parser("check").parse_args(words))


def test_every_error_is_told_by_words_that_the_program_says() -> None:
    source = re.sub(r'"\s*\n\s*f?"', "", "\n".join(MODULES.values()))
    rows = re.findall(
        r"^\| (`.*?`(?: \.\.\. `.*?`)?) \|", (DOCS / "errors.md").read_text("utf-8"), re.MULTILINE
    )
    assert len(rows) > 25
    assert [words for row in rows for words in re.findall(r"`([^`]+)`", row) if words not in source] == []


def _kinds(kind: type[Exception]) -> Iterator[type[Exception]]:
    for each in kind.__subclasses__():
        yield each
        yield from _kinds(each)


def test_the_page_of_every_error_has_those_that_are_raised() -> None:
    made = runpy.run_path(str(ROOT / ".ci" / "error_page.py"))
    found = list(
        made["messages"](
            'raise UsageError(f"{name}: give " "another folder")\n'
            'raise StoreFull("no " + "room on the disk")\n'
            'raise ValueError("a fault of ours")\nraise UsageError(said)\n'
            'raise NotTested("one way to be" if one else f"the other way of {way}")\n'
        )
    )
    assert found == ["…: give another folder", "no room on the disk", "one way to be", "the other way of …"]
    named = {"IpllvmError", "UnknownName"} | set(made["NAMES"])
    assert {each.__name__ for each in _kinds(IpllvmError) if each.__module__.startswith("ipllvm.")} <= named
    page = made["page"]()
    assert page.count("\n- ") > 350
    assert "a model in memory needs its processor" in page and "a fault of ours" not in page


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Path]:
    """An empty folder, and `ipllvm` and its Python on the path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (folder / "python").chmod(0o755)
    with program(folder):
        yield tmp_path


def run(folder: Path, commands: str, **variables: str) -> None:
    """Run commands in a shell that stops at the first that fails."""
    packages = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    here = os.environ | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": packages, "CI": ""}
    made = subprocess.run(
        ["bash", "-ec", commands],
        cwd=folder,
        env=here | variables,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert made.returncode == 0, f"{commands}\n{made.stdout[-2000:]}\n{made.stderr[-2000:]}"


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("page", SCRIPTS, ids=[page.stem for page in SCRIPTS])
def test_a_page_runs_from_top_to_bottom(page: Path, shell: Path) -> None:
    run(shell, script(page))


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.skipif(find_spec("mkdocs") is None, reason="no MkDocs here: pip install '.[docs]'")
def test_the_site_is_built_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    words = [
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "-q",
        "-f",
        str(ROOT / ".ci" / "mkdocs.yml"),
        "-d",
        str(tmp_path / "site"),
    ]
    made = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=600, check=False)
    assert made.returncode == 0, made.stderr
    reference = (tmp_path / "site" / "reference.html").read_text(encoding="utf-8")
    assert "NotMeasured" in reference
    families = (tmp_path / "site" / "families.html").read_text(encoding="utf-8")
    assert families.count("<table>") == families.count('<div class="scroll" tabindex="0"><table>') > 0
    assert "site.css" in families and (tmp_path / "site" / "site.css").is_file()
    assert "needs its processor" in (tmp_path / "site" / "all-errors.html").read_text(encoding="utf-8")
    for page in PAGES:
        assert (tmp_path / "site" / page.relative_to(DOCS).with_suffix(".html")).is_file()
    assert "ipllvm.records.values.Verdict" in reference
    assert (tmp_path / "site" / "repository" / "reports" / "measured.html").is_file()
