"""Building and writing a report: what is listed once, what Holm says, and files that are whole."""

import json
import os
import shlex
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from ipllvm.engine.store.outcome_file import new_name, run_of
from ipllvm.errors import UsageError
from ipllvm.records import Decision
from ipllvm.reporting import folders, schema
from ipllvm.reporting.folders import ensure_writable, run_folder, run_name
from ipllvm.reporting.report import Run, WithoutResult, build, machine, replay, versions, write
from ipllvm.tests.reporting import reports

NOON = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_models_and_benchmarks_are_listed_once() -> None:
    made = reports.report(reports.result(), reports.result(name="other"))
    assert [model["id"] for model in made["models"]] == ["llava-tiny"]
    assert [data["id"] for data in made["benchmarks"]] == ["easyvqa"]
    assert [row["model"] for row in made["results"]] == ["llava-tiny", "llava-tiny"]


def test_two_models_of_one_name_are_told_apart() -> None:
    other = replace(reports.MODEL, fingerprint="ff" * 32)
    made = reports.report(
        reports.result(), replace(reports.result(), model=other), replace(reports.result(), model=other)
    )
    assert [row["model"] for row in made["results"]] == ["llava-tiny", "llava-tiny (2)", "llava-tiny (2)"]
    assert [schema.result(row).model for row in schema.rows(made)] == [reports.MODEL, other, other]


def test_times_are_utc_and_the_seconds_theirs() -> None:
    zone = timezone(timedelta(hours=2))
    run = replace(reports.RUN, started=NOON.astimezone(zone), finished=NOON + timedelta(seconds=1.5))
    made = reports.report(run=run)["run"]
    assert (made["started"], made["finished"]) == ("2025-03-01T12:00:00Z", "2025-03-01T12:00:01.500000Z")
    assert made["seconds"] == 1.5


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        build([], replace(reports.RUN, started=datetime(2025, 3, 1), finished=datetime(2025, 3, 1)))


def test_one_partial_row_makes_the_run_partial() -> None:
    assert not reports.report(reports.result())["run"]["partial"]
    assert reports.report(reports.result(), replace(reports.result(), partial=True))["run"]["partial"]
    assert reports.report(run=replace(reports.RUN, partial=True))["run"]["partial"]


def test_holm_is_taken_over_the_primary_requirements_of_each_model() -> None:
    results = [reports.result(name=f"p{i}", p=p) for i, p in enumerate([0.001, 0.012, 0.02, 0.04, 0.3])]
    seen = reports.result(kind="observation", p=0.0001)
    side = replace(reports.result(), claim=replace(reports.CLAIM, primary=False))
    other = replace(reports.result(p=0.04), model=replace(reports.MODEL, name="other"))
    first, second = reports.report(*results, seen, side, other)["multiplicity"]["families"]
    assert (first["model"], first["k"], second["model"], second["k"]) == ("llava-tiny", 5, "other", 1)
    assert [round(claim["p_holds"], 6) for claim in first["claims"]] == [0.005, 0.048, 0.06, 0.08, 0.3]
    assert [claim["stands"] for claim in first["claims"]] == [True, True, False, False, False]
    assert second["claims"][0]["p_holds"] == pytest.approx(0.04)
    assert second["claims"][0]["stands"]


def test_a_violation_is_adjusted_in_its_own_family() -> None:
    violated = [reports.result(Decision.VIOLATED, name=name, p=0.02) for name in ("a", "b", "c")]
    (family,) = reports.report(*violated)["multiplicity"]["families"]
    assert [round(claim["p_violated"], 6) for claim in family["claims"]] == [0.06] * 3
    assert [claim["stands"] for claim in family["claims"]] == [False] * 3


def test_a_primary_requirement_that_was_lost_counts_with_p_1() -> None:
    lost = WithoutResult(test="t", reason="errors", model="llava-tiny", primary=True)
    side = WithoutResult(test="u", reason="errors", model="llava-tiny")
    (family,) = reports.report(reports.result(p=0.03), not_measured=(lost, side))["multiplicity"]["families"]
    assert (family["k"], len(family["claims"])) == (2, 1)
    assert family["claims"][0]["p_holds"] == pytest.approx(0.06)
    assert not family["claims"][0]["stands"]


def test_a_replay_command_survives_the_shell() -> None:
    test, options = "properties/test_a.py::test_a[it's $HOME; x]", ["--model=/my models/a'b", "--seed=3"]
    assert shlex.split(replay(test, options)) == ["pytest", test, *options]


def test_versions_are_told_without_importing_torch() -> None:
    told = {"python", "ipllvm", "torch", "transformers", "numpy", "pillow", "scipy"}
    assert told <= set(versions())
    code = (
        "import sys; from ipllvm.reporting import report, terminal, junit; report.versions(); "
        "print(sorted({'torch', 'transformers', 'statsmodels', 'jsonschema'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_all_files_are_written_and_read_back(tmp_path: Path) -> None:
    made = reports.mixed()
    path = write(made, tmp_path / "reports" / "run")
    assert path == tmp_path / "reports" / "run" / "report.json"
    assert json.loads(path.read_text(encoding="utf-8")) == made
    comment = path.with_name("report.md").read_text(encoding="utf-8")
    assert comment.startswith("**1 law broken, 1 test failed, 1 of 4 requirements violated**; ")
    assert names(path.parent) == ["junit.xml", "report.html", "report.json", "report.md"]


def test_text_of_any_kind_can_be_written(tmp_path: Path) -> None:
    odd = replace(reports.result(), property="\ud800\u202e\x00", settings={"path": "caf\udce9"})
    back = json.loads(write(reports.report(odd), tmp_path).read_text(encoding="utf-8"))
    assert back["results"][0]["settings"] == {"path": "caf?"}


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(reports.report(), tmp_path)
    old = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match=r"can't be written \(No space left on device\)"):
        write(reports.mixed(), tmp_path)
    assert path.read_bytes() == old
    assert names(tmp_path) == ["junit.xml", "report.html", "report.json", "report.md"]


def test_views_that_find_no_room_are_named_and_the_report_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync, calls = os.fsync, iter(range(99))

    def filling(handle: int) -> None:
        if next(calls) not in (0, 1):
            raise OSError(28, "No space left on device")
        sync(handle)

    monkeypatch.setattr(os, "fsync", filling)
    with pytest.raises(UsageError, match=r"report.html and junit.xml missing \(No space left") as raised:
        write(reports.report(), tmp_path)
    assert str(raised.value).endswith(f"when that is mended run: ipllvm report {tmp_path}")
    assert names(tmp_path) == ["report.json", "report.md"]


def test_a_link_in_the_folder_is_replaced_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "report.json").symlink_to(outside)
    write(reports.report(), folder)
    assert outside.read_text() == "mine"
    assert not (folder / "report.json").is_symlink()


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "..", "link/x"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="leads out of the report folder"):
        folders.replace_file(folder, name, "text")
    assert names(tmp_path) == ["run"]


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_file_in_place_of_the_folder_is_refused_in_one_line(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("mine")
    folder = tmp_path / "file" / below
    line = f"{folder}: can't be written (Not a directory): give another folder"
    for attempt in (
        lambda: ensure_writable(folder),
        lambda: write(reports.report(), folder),
        lambda: run_folder(folder, run_name(NOON)),
    ):
        with pytest.raises(UsageError) as caught:
            attempt()
        assert str(caught.value) == line
    assert (tmp_path / "file").read_text() == "mine"


def test_a_denied_folder_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("ipllvm.safety.writing.create", denied)
    with pytest.raises(UsageError) as caught:
        ensure_writable(tmp_path, "--bundle")
    assert str(caught.value) == (
        f"--bundle {tmp_path}: can't be written (Permission denied): give another folder"
    )


def test_trying_a_folder_leaves_nothing_in_it(tmp_path: Path) -> None:
    ensure_writable(tmp_path / "new")
    assert names(tmp_path / "new") == []


def test_no_run_gets_the_folder_of_another(tmp_path: Path) -> None:
    stamp = "2025-03-01T12-00-00Z"
    made = [run_folder(tmp_path / "reports", stamp) for _ in range(3)]
    assert [folder.name for folder in made] == [stamp, f"{stamp}-2", f"{stamp}-3"]
    assert all(folder.is_dir() for folder in made)


def test_no_two_runs_are_called_alike_and_names_are_in_order() -> None:
    """Outcomes of a run that began in the same second, elsewhere too, are not taken for its own."""
    moments = [NOON + timedelta(milliseconds=step) for step in (0, 1, 20, 999, 1000)]
    made = [run_name(moment) for moment in moments]
    assert made == sorted(made) and len({run_name(NOON) for _ in range(5)}) > 1
    assert [run_of(new_name(each)) for each in made] == made


def test_a_run_knows_its_platform_and_versions() -> None:
    run = Run("id", NOON, NOON, "pytest", 0, 0)
    assert run.versions["python"] == sys.version.split()[0]
    assert run.platform


def test_the_gpu_and_its_driver_are_told_where_there_are_any(tmp_path: Path) -> None:
    assert machine(tmp_path) == {}
    (tmp_path / "gpus" / "0000:01:00.0").mkdir(parents=True)
    (tmp_path / "gpus" / "0000:01:00.0" / "information").write_text("Model: \t\t NVIDIA H100\nIRQ: 5\n")
    (tmp_path / "version").write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat\n")
    assert machine(tmp_path) == {"driver": "535.104.05", "gpu": "NVIDIA H100"}
