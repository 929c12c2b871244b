"""The documentation: commands and options that there are, scripts that run, errors by their words, links."""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import pytest

from ipllvm import cli
from ipllvm.commands.suite import _Group
from ipllvm.tests.docs.commands import DOCS, PAGES, script, shown
from ipllvm.tests.docs.served import program
from ipllvm.tests.test_sizes import MODULES, ROOT

SCRIPTS = [page for page in PAGES if script(page)]
QUICK = ["-k", "image_use", "--benchmark=planted", "--samples=24"]
STAND_INS = {
    "MODEL": "planted:invariant", "--model=MODEL": "--model=planted:invariant",
    "reports/RUN": "runs/one", "reports/OTHER": "runs/two", "reports": "runs",
    "questions.jsonl": "planted", "--benchmark=questions.jsonl": "--benchmark=planted",
}  # fmt: skip


@cache
def options(command: str) -> frozenset[str]:
    """The long options of a command, those of the properties among them where it passes them on."""
    from ipllvm.session.registration import register

    module = import_module(f"ipllvm.commands.{command}")
    parser = argparse.ArgumentParser()
    module.arguments(parser)
    if getattr(module, "PASSES_ON", False):
        register(cast("pytest.Parser", _Group(parser)))
    return frozenset(_names(parser))


def _names(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The options of a command and of its verbs."""
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for verb in action.choices.values():
                yield from _names(verb)


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(DOCS)) for page in PAGES])
def test_commands_and_their_options_are_there(page: Path) -> None:
    for words in shown(page):
        assert words[1] in cli.COMMANDS
        named = {word.strip("[]").partition("=")[0] for word in words if word.strip("[").startswith("--")}
        assert named <= options(words[1]) | {"--junitxml"}, words


def test_every_error_is_told_by_words_that_the_program_says() -> None:
    source = re.sub(r'"\s*\n\s*f?"', "", "\n".join(MODULES.values()))
    rows = re.findall(
        r"^\| (`.*?`(?: \.\.\. `.*?`)?) \|", (DOCS / "errors.md").read_text("utf-8"), re.MULTILINE
    )
    assert len(rows) > 25
    assert [words for row in rows for words in re.findall(r"`([^`]+)`", row) if words not in source] == []


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Path]:
    """An empty folder, and `ipllvm` on the path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    with program(folder):
        yield tmp_path


def run(folder: Path, commands: str) -> None:
    """Run commands in a shell that stops at the first that fails."""
    here = os.environ | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "CI": ""}
    made = subprocess.run(
        ["bash", "-ec", commands],
        cwd=folder,
        env=here,
        capture_output=True,
        text=True,
        timeout=900,
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
def test_the_cheat_sheet_runs(shell: Path) -> None:
    """Each of its commands, on a planted model and few questions where it names none."""
    first = ["ipllvm check planted:invariant", *QUICK, "--report-only"]
    lines = [
        " ".join([*first, f"--report-dir={name}; mkdir -p runs; mv {name}/2* runs/{name}"])
        for name in ("one", "two")
    ]
    for words in shown(DOCS / "cheat-sheet.md"):
        words = [STAND_INS.get(word, word) for word in words if not word.startswith("--samples")]
        if words[1] in ("check", "audit", "plan"):
            words += ["--samples=24"] if "-k" in words else QUICK
        words += ["--bundle", "pages"] if words[1] == "view" else []
        lines.append(f"{' '.join(words)} || [ $? -lt 2 ]")
    run(shell, "\n".join(lines))


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
    for page in PAGES:
        assert (tmp_path / "site" / page.relative_to(DOCS).with_suffix(".html")).is_file()
    assert "ipllvm.records.values.Verdict" in reference
    assert (tmp_path / "site" / "repository" / "reports" / "measured.html").is_file()
