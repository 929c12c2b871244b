"""A run cut into shards and put together is the run; what is missing or unlike is told."""

import copy
import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ipllvm import cli
from ipllvm.commands import shards
from ipllvm.engine.context import Context
from ipllvm.engine.store import maintenance
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
