"""`ipllvm store` on folders of outcomes: what it prints, its exit status, bad input."""

import gc
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ipllvm import cli
from ipllvm.engine.store.outcomes import Store
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


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_file_that_is_damaged_inside_is_told_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(tmp_path)
    store.view(context()).update(batch(trials(2_000)))
    store.close()
    (file,) = tmp_path.glob("*.sqlite")
    whole = file.read_bytes()
    middle = len(whole) // 2
    file.write_bytes(whole[:middle] + bytes(20_000) + whole[middle + 20_000 :])
    assert cli.main(["store", "info", str(tmp_path)]) == 1
    gc.collect()
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"{file.name}: damaged: database disk image is malformed"
    ]
    assert cli.main(["store", "verify", str(tmp_path)]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_outcomes_without_a_checksum_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file in folder.glob("*.sqlite"):
        with sqlite3.connect(file) as connection:
            connection.execute("UPDATE outcomes SET checksum = NULL")
        connection.close()
    assert cli.main(["store", "verify", str(folder)]) == 0
    assert "all whole, 31 outcomes unchecked" in capsys.readouterr().out


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


def test_export_gives_every_row_to_others(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from pyarrow import parquet

    file = folder / "all.parquet"
    assert cli.main(["store", "export", str(file), str(folder)]) == 0
    assert capsys.readouterr().out == f"{file}: 32 rows\n"
    table = parquet.read_table(file)
    rows = table.to_pylist()
    assert len(rows) == 32 and [row["error"] for row in rows if row["error"]] == ["ValueError"]
    asked, answer = next(iter(batch(trials(30)).items()))
    first = next(row for row in rows if row["sample"] == asked.sample and row["dtype"] != "bfloat16")
    assert (first["perturbation"], first["draw"]) == (asked.perturbation, asked.draw)
    assert (first["text"], tuple(first["tokens"])) == (answer.text, answer.tokens)
    assert first["model"] == context().model and first["seed"] == str(asked.seed)


def test_export_leaves_out_what_is_damaged_and_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from pyarrow import parquet

    max(folder.glob("*.sqlite"), key=lambda file: file.stat().st_size).write_bytes(b"nonsense" * 99)
    file = folder / "all.parquet"
    assert cli.main(["store", "export", str(file), str(folder)]) == 1
    assert ": left out: damaged" in capsys.readouterr().out
    assert parquet.read_table(file).num_rows in (2, 30)
    assert cli.main(["store", "export", "/proc/no/all.parquet", str(folder)]) == 4
    assert "can't be written" in capsys.readouterr().err and not list(folder.glob("*.tmp"))


def test_without_pyarrow_the_extra_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert cli.main(["store", "export", str(folder / "x.parquet"), str(folder)]) == 4
    assert "pip install 'ipllvm[hub]'" in capsys.readouterr().err


def test_the_store_is_where_runs_keep_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.joinpath("outcomes").mkdir()
    for file in folder.glob("*.sqlite"):
        file.rename(folder / "outcomes" / file.name)
    monkeypatch.setenv("IPLLVM_STORE", str(folder))
    assert cli.main(["store"]) == 0
    assert "2 files, 31 outcomes" in capsys.readouterr().out
