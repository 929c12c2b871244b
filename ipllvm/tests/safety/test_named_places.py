"""What somebody may give for a path: each command says in one line that there is nothing of that name."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ipllvm.api.report import read_report
from ipllvm.benchmarks import copies, mmvp, sources
from ipllvm.cli import main
from ipllvm.commands import verify
from ipllvm.errors import IpllvmError, UsageError
from ipllvm.reporting import runs
from ipllvm.safety.places import named, store
from ipllvm.scorers import judge_prompts

CapturedText = pytest.CaptureFixture[str]
NOBODY = "~nobody-of-that-name/x"
NONE = {"of nobody": NOBODY, "too long": "x" * 300, "a path too long": "x/" * 3000, "a null byte": "a\0b"}
HARMLESS = (
    "",
    " ",
    ".",
    "no such",
    "a/b/c",
    "latest~",
    "latest~1x",
    "latest~²",
    "ab\ncd",
    "\u202e",
    "-",
    "~~",
)


@pytest.mark.parametrize("name", NONE.values(), ids=NONE)
def test_what_can_be_no_path_is_none(name: str) -> None:
    assert named(name) is None


def test_a_path_may_be_missing_and_home_is_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "file").write_text("")
    assert named("~/file") == tmp_path / "file"
    assert named("~/none") == tmp_path / "none"
    assert named(f"{tmp_path}/file/below") == tmp_path / "file" / "below", "a file is not a folder"
    assert named("") == Path()


@pytest.mark.parametrize("name", [*NONE.values(), *HARMLESS, f"latest~{'9' * 5000}", "latest~999999999"])
def test_a_name_of_no_run_is_one_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for look_up in (lambda: runs.find(name, tmp_path / "reports"), lambda: read_report(name)):
        with pytest.raises(UsageError) as told:
            look_up()
        assert str(told.value).isprintable() and len(str(told.value)) < 2_001


COMMANDS: dict[str, Callable[[str], list[str]]] = {
    "gate": lambda name: ["gate", name, name],
    "verify": lambda name: ["verify", name],
    "report": lambda name: ["report", name],
    "compare": lambda name: ["compare", name, name],
    "replay": lambda name: ["replay", name, "property", "sample"],
    "view": lambda name: ["view", name],
    "history": lambda name: ["history", name],
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", [each for each in NONE.values() if "\0" not in each], ids=lambda n: n[:8])
def test_a_command_ends_with_a_line_and_the_status_of_a_bad_command_line(
    command: str,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        status = main(COMMANDS[command](name))
    except SystemExit as ended:
        status = int(ended.code or 0)
    told = capsys.readouterr().err.strip()
    assert status == 4, told
    assert told.startswith(f"ipllvm {command}: ") and "\n" not in told and "Error" not in told


def test_a_folder_that_is_denied_is_not_called_impossible(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def denied(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", denied)
    with pytest.raises(UsageError, match="it can be no folder, or can't be looked at"):
        verify._place("denied/run", Path("reports"))


@pytest.mark.parametrize("name", [NONE["of nobody"], NONE["too long"]], ids=["of nobody", "too long"])
def test_a_data_folder_that_can_be_none_holds_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPLLVM_DATA", name)
    assert sources.local("mme") is None
    assert not judge_prompts.folder().name.startswith("~")
    nowhere = copies.Published("mmvp", "org/mmvp", "files", lambda folder: False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(IpllvmError, match="neither on this machine nor can it be downloaded"):
        nowhere.folder(offline=True)
    with pytest.raises(IpllvmError):
        mmvp.load(offline=True)


@pytest.mark.parametrize("given", ["", NOBODY, "kept"])
def test_the_store_is_where_its_variable_says(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IPLLVM_STORE", given)
    assert store(tmp_path / "reports") == (Path(given) if given else tmp_path / "reports")


def test_latest_counts_back_from_the_last_run(tmp_path: Path) -> None:
    for day in range(1, 13):
        folder = tmp_path / f"2026-01-{day:02}"
        folder.mkdir()
        (folder / "report.json").write_text("{}")
    names = [runs.find(name, tmp_path).parent.name[-2:] for name in ("latest", "latest~0", "latest~11")]
    assert names == ["12", "12", "01"]
    with pytest.raises(UsageError, match="latest~12: 12 runs in "):
        runs.find("latest~12", tmp_path)
    with pytest.raises(UsageError, match=r"2026-01-1: begins 3 runs: 2026-01-10, 2026-01-11, 2026-01-12"):
        runs.find("2026-01-1", tmp_path)
    assert runs.runs(tmp_path / "none") == []


def test_a_report_that_is_a_folder_or_leads_nowhere_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "folder" / "report.json").mkdir(parents=True)
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "report.json").symlink_to(tmp_path / "gone")
    assert runs.runs(tmp_path) == []
    assert runs.outline(tmp_path / "folder" / "report.json").answer == "unreadable"
