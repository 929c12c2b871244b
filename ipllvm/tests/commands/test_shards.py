"""A run cut into shards and put together is the run; what is missing or unlike is told."""

import copy
import json
import shutil
import sqlite3
import subprocess
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ipllvm import cli
from ipllvm.commands import shards
from ipllvm.engine.context import Context
from ipllvm.engine.store import maintenance
from ipllvm.models import gpus
from ipllvm.tests.plugin.sessions import Session, properties, session

CHOSEN = (
    "-k",
    "invariance or image_use",
    "--benchmark=planted-2",
    "--samples=60",
    "--draws=1",
    "--device=cpu",
)
MODEL = "--model=planted:exact-drop,d=0.3"
FREE = ("seconds", "replay", "flips", "counterexample", "settings", "test")
"""What tells of where and how it was measured."""


def _shard(folder: Path, number: int, *more: str) -> Path:
    where = folder / f"part{number}"
    where.mkdir()
    done = session(where, *properties(*CHOSEN, MODEL, f"--shard={number}/2", "--report-dir=out", *more))
    assert done.status == 0, done.output
    return where / "out"


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("shards")
    return [_shard(folder, number) for number in (1, 2)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return session(tmp_path_factory.mktemp("whole"), *properties(*CHOSEN, MODEL, "--no-store"))


def _report(folder: Path) -> tuple[Path, dict[str, Any]]:
    (file,) = folder.glob("*/report.json")
    return file, json.loads(file.read_text(encoding="utf-8"))


def _merge(into: Path, *folders: Path) -> int:
    return cli.main(["report", "--merge", *map(str, folders), f"--report-dir={into}"])


def test_a_shard_decides_nothing_and_says_what_it_measured(parts: list[Path]) -> None:
    for folder in parts:
        _, report = _report(folder)
        assert report["results"] == [] and len(report["not_tested"]) == 2
        assert "30 of 60 samples measured" in report["not_tested"][0]["reason"]
        assert [*(folder / "outcomes").glob("*.sqlite")], "carried beside the report"


@pytest.mark.slow
def test_together_they_are_the_run(parts: list[Path], whole: Session, tmp_path: Path) -> None:
    assert _merge(tmp_path / "all", *parts) == whole.status == 1
    _, found = _report(tmp_path / "all")
    for ours, theirs in zip(found["results"], whole.report()["results"], strict=True):
        assert {k: v for k, v in ours.items() if k not in FREE} == {
            k: v for k, v in theirs.items() if k not in FREE
        }
        reused = ours["settings"].pop("reused")
        assert ours["settings"] == theirs["settings"]
        assert reused.startswith(f"{ours['trials']:,} of {ours['trials']:,} outcomes"), (
            "nothing was measured again"
        )
    outcomes = tmp_path / "all" / "outcomes"
    before = sum((maintenance.content(file).outcomes for file in maintenance.files(outcomes)), Counter())
    merged = maintenance.merge(outcomes)
    assert (merged.outcomes, merged.notes) == (before.total(), ())
    assert len(maintenance.files(outcomes)) == 1


def test_a_missing_shard_is_told(
    parts: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _merge(tmp_path / "all", parts[0]) == 4
    assert "1 of 2 shards are missing: 2" in capsys.readouterr().err
    assert _merge(tmp_path / "all", parts[0], parts[0]) == 4
    assert "shard 1/2 is in several folders" in capsys.readouterr().err
    assert not (tmp_path / "all").exists()


def test_a_part_without_its_outcomes_is_told_and_not_measured_again(
    parts: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(parts[1], bare, ignore=shutil.ignore_patterns("*.sqlite"))
    assert _merge(tmp_path / "all", parts[0], bare) == 4
    line = capsys.readouterr().err
    assert f"shard 2/2 in {bare}: no outcomes in" in line and "IPLLVM_STORE" in line
    assert not (tmp_path / "all").exists()


def _interrupted(report: dict[str, Any]) -> None:
    report["run"]["partial"] = True


def _otherwise(report: dict[str, Any]) -> None:
    report["run"]["options"]["seed"] = 5


def _cut_otherwise(report: dict[str, Any]) -> None:
    report["run"]["options"]["shard"]["count"] = 3


def _no_shard(report: dict[str, Any]) -> None:
    report["run"]["options"]["shard"] = None


def _another_program(report: dict[str, Any]) -> None:
    report["run"]["command"] = "rm -rf x"


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (_interrupted, "was interrupted"),
        (_otherwise, "another --seed"),
        (_cut_otherwise, "shards of different runs"),
        (_no_shard, "no run with --shard"),
    ],
)
def test_a_part_of_another_run_is_told(
    parts: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: Any, line: str
) -> None:
    file, report = _report(parts[1])
    spoilt = copy.deepcopy(report)
    spoil(spoilt)
    place = tmp_path / "part" / file.parent.name
    place.mkdir(parents=True)
    (place / "report.json").write_text(json.dumps(spoilt), encoding="utf-8")
    assert _merge(tmp_path / "all", parts[0], tmp_path / "part") == 4
    assert line in capsys.readouterr().err


def test_only_this_program_is_started(
    parts: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copies = []
    for folder in parts:
        file, report = _report(folder)
        _another_program(report)
        place = tmp_path / folder.parent.name / file.parent.name
        place.mkdir(parents=True)
        (place / "report.json").write_text(json.dumps(report), encoding="utf-8")
        shutil.copytree(folder / "outcomes", place.parent / "outcomes")
        copies.append(place.parent)
    assert _merge(tmp_path / "all", *copies) == 4
    assert "its command begins with rm, which a report can't ask for by itself" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("field", "value"), [("model", "0123"), ("device", "cuda"), ("torch", "0.1"), ("engine", 1)]
)
def test_a_part_that_was_measured_otherwise_is_told(
    parts: list[Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    field: str,
    value: Any,
) -> None:
    usual = shards._contexts

    def contexts(part: shards.MeasuredShard) -> set[Context]:
        return {replace(each, **{field: value}) if part.number == 2 else each for each in usual(part)}

    monkeypatch.setattr(shards, "_contexts", contexts)
    assert _merge(tmp_path / "all", *parts) == 4
    assert f"with another {field}, {value}, than shard 1/2" in capsys.readouterr().err
    assert not (tmp_path / "all").exists()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines that merges would start, in place of starting them."""
    begun: list[list[str]] = []

    def start(words: list[str], **_: Any) -> SimpleNamespace:
        begun.append(words)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(subprocess, "run", start)
    return begun


def _stored(folder: Path) -> Counter[Context]:
    return sum((maintenance.content(each).outcomes for each in maintenance.files(folder)), Counter())


def test_a_merge_that_was_killed_while_it_gathered_gathers_again(
    parts: list[Path], tmp_path: Path, asked: list[list[str]]
) -> None:
    outcomes = tmp_path / "all" / "outcomes"
    outcomes.mkdir(parents=True)
    for file in maintenance.files(parts[0] / "outcomes"):
        (outcomes / file.name).write_bytes(file.read_bytes()[:9_000])
    assert _merge(tmp_path / "all", *parts) == 0
    assert _stored(outcomes) == _stored(parts[0] / "outcomes") + _stored(parts[1] / "outcomes")
    assert _merge(tmp_path / "all", *parts) == 0, "and once more"
    assert [*outcomes.glob("*.merging")] == [] and len(asked) == 2


def test_what_the_parts_have_worked_out_once_comes_along(
    parts: list[Path], tmp_path: Path, asked: list[list[str]]
) -> None:
    assert _merge(tmp_path / "all", *parts) == 0
    kept = {each.name for part in parts for each in (part / "derived").iterdir()}
    assert kept and {each.name for each in (tmp_path / "all" / "derived").iterdir()} == kept


def test_parts_may_be_merged_into_the_folder_of_one(
    parts: list[Path], tmp_path: Path, asked: list[list[str]]
) -> None:
    first = tmp_path / "first"
    shutil.copytree(parts[0], first)
    assert _merge(first, first, parts[1]) == 0
    assert _stored(first / "outcomes") == _stored(parts[0] / "outcomes") + _stored(parts[1] / "outcomes")


def test_a_part_that_was_measured_anew_beside_what_it_was_before_is_taken(
    parts: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[list[str]]
) -> None:
    usual = shards._contexts

    def contexts(part: shards.MeasuredShard) -> set[Context]:
        older = {replace(each, torch="0.1", benchmark="00") for each in usual(part) if part.number == 2}
        return usual(part) | older

    monkeypatch.setattr(shards, "_contexts", contexts)
    assert _merge(tmp_path / "all", *parts) == 0


def test_parts_of_other_data_under_one_name_are_told(
    parts: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: list[list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    usual = shards._contexts

    def contexts(part: shards.MeasuredShard) -> set[Context]:
        return {replace(each, benchmark=f"{part.number:02}") for each in usual(part)}

    monkeypatch.setattr(shards, "_contexts", contexts)
    assert _merge(tmp_path / "all", *parts) == 4
    assert "on planted-2 with another benchmark, 02, than shard 1/2" in capsys.readouterr().err


@pytest.mark.parametrize(("count", "status"), [(0, 4), (1, 0)])
def test_what_a_gpu_has_measured_is_merged_as_that_and_not_measured_again_by_a_cpu(
    parts: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: list[list[str]],
    capsys: pytest.CaptureFixture[str],
    count: int,
    status: int,
) -> None:
    usual = shards._contexts
    monkeypatch.setattr(shards, "_contexts", lambda part: {replace(c, device="cuda") for c in usual(part)})
    monkeypatch.setattr(gpus, "count", lambda: count)
    assert _merge(tmp_path / "all", *parts) == status
    if count:
        assert "--device=cuda" in asked[0]
    else:
        line = capsys.readouterr().err
        assert "measured on cuda, and there is no GPU here" in line and not (tmp_path / "all").exists()


def test_the_merge_has_the_device_and_profile_of_the_parts_and_workers_of_its_own(
    parts: list[Path], tmp_path: Path, asked: list[list[str]]
) -> None:
    copies = []
    for folder in parts:
        shutil.copytree(folder, tmp_path / folder.parent.name)
        file, report = _report(tmp_path / folder.parent.name)
        report["run"]["command"] += " -n 8 --device=cuda:7 --profile=auto"
        file.write_text(json.dumps(report), encoding="utf-8")
        copies.append(tmp_path / folder.parent.name)
    assert _merge(tmp_path / "all", *copies) == 0
    (words,) = asked
    assert [word for word in words if word.startswith(("--device", "--profile", "-n"))] == [
        "--profile=quick",
        "--device=cpu",
    ]


def test_a_part_of_whose_samples_some_have_no_outcomes_is_told(
    parts: list[Path], tmp_path: Path, asked: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """A worker's file was left behind, say."""
    place = tmp_path / "lost"
    shutil.copytree(parts[1], place)
    (file,) = maintenance.files(place / "outcomes")
    with closing(sqlite3.connect(file)) as held, held:
        few = "SELECT sample FROM outcomes GROUP BY sample LIMIT 12"
        held.execute(f"DELETE FROM outcomes WHERE sample IN ({few})")
    assert _merge(tmp_path / "all", parts[0], place) == 4
    assert "outcomes of 18 of the 30 samples of planted-2" in capsys.readouterr().err
