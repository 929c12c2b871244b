"""Names of baselines: what a name, a file, a folder or a run stands for, and what nothing is."""

from pathlib import Path

import pytest

from ipllvm.errors import UsageError
from ipllvm.gate import names


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """Two baselines by name, and two runs that have kept one each."""
    for file in (
        "baselines/release-1.json",
        "baselines/release-2.json",
        "run-1/baseline.json",
        "run-2/baseline.json",
    ):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    (tmp_path / "bare").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("release-1", "baselines/release-1.json"),
        ("run-1", "run-1/baseline.json"),
        ("latest", "run-2/baseline.json"),
        ("latest~1", "run-1/baseline.json"),
    ],
)
def test_what_a_name_stands_for(reports: Path, text: str, file: str) -> None:
    assert names.find(text, reports) == reports / file


def test_a_path_is_taken_as_it_is_and_a_name_goes_before_it(
    reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert names.find(str(reports / "run-1"), reports) == reports / "run-1/baseline.json"
    assert names.find(str(reports / "run-2/baseline.json"), reports) == reports / "run-2/baseline.json"
    monkeypatch.chdir(reports)
    Path("release-2").touch()
    assert names.find("release-2", reports) == names.place(reports, "release-2")


def test_a_name_that_no_baseline_has_yet_is_open_or_told(reports: Path) -> None:
    assert names.find("release-3", reports) is None
    with pytest.raises(UsageError, match=r"did you mean 'release-.'\?.*made by --save-baseline=release-3"):
        names.baseline_file("release-3", reports, "--baseline")
    with pytest.raises(UsageError, match=r"no such baseline in .*Known: none$"):
        names.baseline_file("x", reports / "nowhere", "compare")


@pytest.mark.parametrize("text", ["../climbed.json", "/no/such/file", "a/b", "\0", "y" * 5000, ""])
def test_a_path_where_nothing_is_is_one_line(reports: Path, text: str) -> None:
    with pytest.raises(UsageError, match="no such file") as refused:
        names.find(text, reports)
    assert "\n" not in str(refused.value)


def test_a_folder_without_a_baseline_is_told(reports: Path) -> None:
    with pytest.raises(UsageError, match=r"the folder holds no baseline\.json: Known: release-1, release-2"):
        names.find(str(reports / "bare"), reports)


def test_a_folder_that_holds_one_run_stands_for_it_and_one_of_several_lists_them(reports: Path) -> None:
    """As `ipllvm check ... --report-dir same` leaves it, whose run has a time for a name."""
    (reports / "same/2026").mkdir(parents=True)
    (reports / "same/2026/baseline.json").touch()
    assert names.find(str(reports / "same"), reports) == reports / "same/2026/baseline.json"
    with pytest.raises(UsageError, match=r"holds 2 runs: name one of them: run-1, run-2$"):
        names.find(str(reports), reports)


def test_a_baseline_called_baseline_is_no_run(reports: Path) -> None:
    names.place(reports, "baseline").touch()
    with pytest.raises(UsageError, match="no such file"):
        names.find("latest~2", reports)
    assert names.find("baseline", reports) == names.place(reports, "baseline")


@pytest.mark.parametrize("text", ["../x", ".x", "x.json", "x.budget", "y" * 101, "a b"])
def test_a_name_that_can_not_be_a_files_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--save-baseline .*give at most 100 letters"):
        names.new("save-baseline", text)
    assert names.new("save-baseline", "release-1.2_b") == "release-1.2_b"


@pytest.mark.parametrize(("count", "cut"), [(9, False), (10, False), (11, True)])
def test_ten_names_are_listed_and_more_are_hinted_at(tmp_path: Path, count: int, cut: bool) -> None:
    (tmp_path / "baselines").mkdir()
    for number in range(count):
        (tmp_path / "baselines" / f"z{number:02}.json").touch()
    told = str(names.unknown("other", tmp_path))
    assert told.count("z0") == min(count, 10) and ("z09, ..." in told) == cut == ("..." in told)


def test_latest_is_the_newest_run_whatever_it_has_kept(tmp_path: Path) -> None:
    """Of two models, or where nothing is measured by sample, a run keeps no baseline."""
    for name, kept in (("run-1", True), ("run-2", True), ("run-3", False)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").touch()
        if kept:
            (tmp_path / name / "baseline.json").touch()
    assert names.find("latest~1", tmp_path) == tmp_path / "run-2" / "baseline.json"
    for asked, own in (("latest", "it is run-3, which"), ("run-3", "this run")):
        with pytest.raises(UsageError, match=rf"{asked}: {own} has kept no baseline.json.*\(run-1, run-2\)"):
            names.find(asked, tmp_path)
