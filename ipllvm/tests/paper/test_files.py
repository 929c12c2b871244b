"""The page's folder: what is of this page, what was of the one before, what is a user's."""

import json
from pathlib import Path

import pytest

from ipllvm.paper import document, files
from ipllvm.paper.parts import chosen
from ipllvm.paper.words import Document
from ipllvm.tests.paper.measured import Point, estimate, measured, row, series


def _page(*keys: str) -> Document:
    grids: list[Point] = [((float(grid),), 90.0 - grid) for grid in (0, 2, 4, 8, 14)]
    scores = {"clean": estimate(90.0, 85.0, 94.0), "permuted": estimate(80.0, 75.0, 84.0)}
    given = measured(
        {
            ("permutation_invariance", "m", "scenes"): row("scenes", scores),
            ("patch_shuffle", "m", "scenes"): row("scenes", {}, series("shuffled", grids)),
        }
    )
    return document.build(chosen(keys), ["m"], [], given)


def _names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


ALWAYS = {"paper.md", "paper.html", "cells.csv", "files.json"}
FIGURE = {"figures/fig2-scenes.svg", "figures/fig2-scenes.csv"}


def test_a_second_page_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    files.write(_page("table1", "fig2"), tmp_path)
    assert _names(tmp_path) == ALWAYS | {"table1.tex"} | FIGURE
    files.write(_page("fig2"), tmp_path)
    assert _names(tmp_path) == ALWAYS | FIGURE
    files.write(_page("table1"), tmp_path)
    assert _names(tmp_path) == ALWAYS | {"table1.tex"}


def test_what_a_user_has_put_or_changed_there_stays(tmp_path: Path) -> None:
    files.write(_page("table1", "fig2"), tmp_path)
    (tmp_path / "table1.tex").write_text("my own table")
    (tmp_path / "notes.md").write_text("mine")
    (tmp_path / "figures/own.svg").write_text("mine")
    files.write(_page("fig2"), tmp_path)
    assert _names(tmp_path) == ALWAYS | FIGURE | {"table1.tex", "notes.md", "figures/own.svg"}
    assert (tmp_path / "table1.tex").read_text() == "my own table"


def test_a_page_that_is_cut_short_leaves_its_files_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write(_page("table1"), tmp_path)

    def full(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(files, "_remove", full)
        files.write(_page("fig2"), tmp_path)
    files.write(_page("fig4"), tmp_path)
    assert _names(tmp_path) == ALWAYS | {"fig4.tex"}


@pytest.mark.parametrize(
    "listed", ["[1]", "{", '{"notes.md": 3, "": "x", ".": "", "a/b/../notes.md": ""}', '{"x": {"y": 1}}']
)
def test_a_list_that_is_none_removes_nothing(listed: str, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("mine")
    (tmp_path / "files.json").write_text(listed)
    files.write(_page("table1"), tmp_path)
    assert _names(tmp_path) == ALWAYS | {"table1.tex", "notes.md"}


def test_nothing_is_removed_outside_of_the_folder(tmp_path: Path) -> None:
    import hashlib

    outside, folder = tmp_path / "own.txt", tmp_path / "page"
    outside.write_text("mine")
    (folder / "deeper").mkdir(parents=True)
    (folder / "deeper/own.txt").write_text("mine")
    (folder / "link.txt").symlink_to(outside)
    digest = hashlib.sha256(b"mine").hexdigest()
    names = ["../own.txt", str(outside), "figures/../../own.txt", "deeper/own.txt", "link.txt"]
    (folder / "files.json").write_text(json.dumps(dict.fromkeys(names, digest)))
    files.write(_page("table1"), folder)
    assert outside.is_file() and (folder / "deeper/own.txt").is_file() and (folder / "link.txt").is_symlink()
