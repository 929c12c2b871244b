"""The notebook of the documentation runs, cell by cell, and shows what it says."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

import ipllvm
from ipllvm.tests.docs.commands import DOCS

NOTEBOOK = DOCS / "notebook.ipynb"


def cells() -> list[str]:
    """The code of each cell."""
    found = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in found if cell["cell_type"] == "code"]


def run(source: str, names: dict[str, Any]) -> Any:
    """Run a cell; the value of its last line, as a notebook shows it."""
    *lines, last = ast.parse(source).body
    exec(compile(ast.Module(lines, []), "cell", "exec"), names)
    if isinstance(last, ast.Expr):
        return eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    return exec(compile(ast.Module([last], []), "cell", "exec"), names)


@pytest.mark.slow
def test_it_runs_and_shows_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    shown = [run(source, names) for source in cells()]
    assert shown[0] == ipllvm.__version__
    pages = [each._repr_html_() for each in shown if isinstance(each, ipllvm.Report)]
    assert len(pages) == 2 and "HOLDS" in pages[0] and "VIOLATED" in pages[1]
    assert ipllvm.Decision.VIOLATED in shown[-2] and shown[-1] == names["report"].answer


def test_it_was_saved_without_outputs_of_a_machine() -> None:
    found = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert all(cell.get("outputs", []) == [] for cell in found["cells"])
    assert found["nbformat"] == 4 and len(cells()) >= 6
