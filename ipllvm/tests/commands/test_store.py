"""`ipllvm store` on folders of outcomes: what it prints, its exit status, bad input."""

import subprocess
import sys
from pathlib import Path

import pytest

from ipllvm import cli
from ipllvm.engine.store import Store
from ipllvm.records import Response
from ipllvm.tests.engine.outcomes import batch, context, trials


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files of two processes: 30 outcomes in one context, one outcome and one error in another."""
    for changes, outcomes in (
        ({}, batch(trials(30))),
        ({"dtype": "bfloat16"}, batch(trials(1)) | {trials(2)[1]: Response("", error="ValueError")}),
    ):
        store = Store(tmp_path)
        store.view(context(**changes)).update(outcomes)
        store.close()
    return tmp_path


def test_info_counts_by_context(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["store", "info", str(folder)]) == 0
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert "2 files, 31 outcomes, 1 errors" in head
    assert sorted(row.split()[-2:] for row in rows) == [["1", "1"], ["30", "0"]]


def test_verify_and_merge(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["store", "verify", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 files, all whole"
    assert cli.main(["store", "merge", str(folder)]) == 0
    assert "2 files merged into" in capsys.readouterr().out
    assert cli.main(["store", "merge", str(folder)]) == 0
    assert "nothing to merge" in capsys.readouterr().out


def test_a_damaged_file_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    next(folder.glob("*.sqlite")).write_bytes(b"nonsense" * 99)
    assert cli.main(["store", "info", str(folder)]) == 1
    assert cli.main(["store", "verify", str(folder)]) == 1
    assert "1 with problems" in capsys.readouterr().out


def test_no_such_folder_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["store", "info", str(tmp_path / "none")]) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert "no such folder" in line


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom ipllvm import cli\n"
        "try:\n    cli.main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print({'torch', 'numpy', 'sqlite3'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"
