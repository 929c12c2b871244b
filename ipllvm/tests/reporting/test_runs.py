"""What a person calls a run: latest, its name or the beginning of it, a folder, a file."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ipllvm.errors import UnknownName, UsageError
from ipllvm.reporting import runs
from ipllvm.tests.reporting import reports as reported

NAMES = ("2026-01-01T00-00-00Z", "2026-01-02T00-00-00Z", "2026-02-01T00-00-00Z")


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "index"),
    [("latest", 2), ("latest~1", 1), ("latest~2", 0), (NAMES[1], 1), ("2026-02", 2), ("2026-01-01", 0)],
)
def test_a_run_is_found_by_its_names(name: str, index: int, reports: Path) -> None:
    assert runs.find(name, reports) == reports / NAMES[index] / "report.json"


def test_a_path_is_what_it_is(reports: Path) -> None:
    file = reports / NAMES[0] / "report.json"
    assert runs.find(str(file), Path("nowhere")) == file
    assert runs.find(str(file.parent), Path("nowhere")) == file
    assert runs.find(str(reports), Path("nowhere")) == reports / NAMES[2] / "report.json"


def test_a_name_that_is_none_is_told_with_the_closest(reports: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean 'latest'"):
        runs.find("lastest", reports)
    with pytest.raises(UsageError, match="begins 2 runs"):
        runs.find("2026-01", reports)
    with pytest.raises(UsageError, match="3 runs in"):
        runs.find("latest~3", reports)


def test_a_run_is_outlined_with_each_benchmark_once(tmp_path: Path) -> None:
    """A property that asks another number of samples has an entry of its own of the same benchmark."""
    found, data = reported.result(), reported.result().benchmark
    part = replace(found, property="other", benchmark=replace(data, n=data.n + 1, total=data.total + 1))
    file = tmp_path / "report.json"
    file.write_text(json.dumps(reported.report(found, part)), encoding="utf-8")
    assert len(reported.report(found, part)["benchmarks"]) == 2
    assert runs.outline(file).benchmarks == data.name


def test_an_empty_folder_has_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"0 runs in .*measure one first"):
        runs.find("latest", tmp_path)
    with pytest.raises(UsageError, match="holds no report"):
        runs.find(str(tmp_path), tmp_path)
