"""The manifest of a run's folder: every file with its checksum, and what no longer agrees."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from ipllvm import cli
from ipllvm.errors import UsageError
from ipllvm.reporting import manifest, report
from ipllvm.tests.reporting import reports


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run with all its views, a file in a folder of its own, and a manifest."""
    made = reports.mixed()
    report.write(made, tmp_path)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(b"picture")
    manifest.write(tmp_path, made, "ipllvm audit llava-tiny")
    return tmp_path


def changes(folder: Path) -> list[str]:
    """What the manifest finds."""
    return list(manifest.problems(folder, manifest.read(folder)))


def test_it_names_every_file_and_what_made_it(folder: Path) -> None:
    found = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    names = ["junit.xml", "pictures/a.png", "report.html", "report.json", "report.md"]
    assert [row["file"] for row in found["files"]] == names
    assert found["files"][1] == {
        "file": "pictures/a.png",
        "bytes": 7,
        "sha256": hashlib.sha256(b"picture").hexdigest(),
    }
    assert found["command"] == "ipllvm audit llava-tiny"
    assert (found["exit_status"], found["partial"]) == (1, True)
    assert found["models"] == {"llava-tiny": reports.FINGERPRINT, "llava-tiny (2)": "ff" * 32}
    assert found["versions"]["torch"] == "2.13.0"


def test_an_untouched_folder_is_whole(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert changes(folder) == []
    assert cli.main(["verify", str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder}: 5 files, all as they were written\n"


def test_each_kind_of_change_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "report.md").unlink()
    (folder / "junit.xml").unlink()
    (folder / "junit.xml").symlink_to(folder / "report.html")
    (folder / "pictures" / "a.png").write_bytes(b"pictura")
    (folder / "report.html").write_bytes(b"")
    (folder / "notes.txt").write_text("mine")
    assert cli.main(["verify", str(folder)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "junit.xml: missing"
    assert lines[1] == "pictures/a.png: changed"
    assert re.fullmatch(r"report.html: changed: [\d,]+ bytes then, 0 now", lines[2])
    assert lines[3:5] == ["report.md: missing", "notes.txt: not in the manifest"]
    assert lines[5] == f"{folder}: 5 of its files are not as they were written"


def test_a_file_or_a_link_that_came_later_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "notes.txt").write_text("mine")
    (folder / "pictures" / "b.png").symlink_to("/nowhere")
    assert cli.main(["verify", str(folder)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "notes.txt: not in the manifest",
        "pictures/b.png: not in the manifest",
        f"{folder}: 2 of its files are not as they were written",
    ]


def test_one_file_is_told_in_the_singular(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "notes.txt").write_text("mine")
    assert cli.main(["verify", str(folder)]) == 1
    assert capsys.readouterr().out.splitlines()[-1].endswith(": 1 of its files is not as it was written")


@pytest.mark.parametrize("name", ["../report.json", "/etc/passwd", "pictures/../../x"])
def test_no_file_outside_is_read(folder: Path, name: str) -> None:
    found = manifest.read(folder)
    found["files"][0]["file"] = name
    assert f"{name}: leads out of the folder" in list(manifest.problems(folder, found))


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"schema": "x", "files": []}', '{"schema": "ipllvm-manifest/1", "files": [1]}']
)
def test_what_is_no_manifest_is_told_in_one_line(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text)
    with pytest.raises(UsageError, match=r"manifest\.json: not an ipllvm-manifest/1"):
        manifest.read(folder)


def test_writing_it_again_leaves_itself_out(folder: Path) -> None:
    before: dict[str, Any] = manifest.read(folder)
    manifest.write(folder, reports.mixed(), "ipllvm audit llava-tiny")
    assert manifest.read(folder) == before


def test_a_manifest_and_its_report_speak_of_one_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever alters both files and the checksum is found where the two, or the report alone, disagree."""
    made = json.loads(json.dumps(reports.report(reports.result())))
    made["run"]["exit_status"] = 0
    (tmp_path / "report.json").write_text(json.dumps(made))
    manifest.write(tmp_path, made, "ipllvm audit llava-tiny")
    assert cli.main(["verify", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "manifest.json").read_text())
    for name, value in (("exit_status", 1), ("models", {"gpt": "0"}), ("files", found["files"] * 2)):
        (tmp_path / "manifest.json").write_text(json.dumps({**found, name: value}))
        assert cli.main(["verify", str(tmp_path)]) == (4 if name == "files" else 1)
    shown = capsys.readouterr()
    assert "manifest.json: its exit status is not that of report.json" in shown.out
    assert "manifest.json: its models is not that of report.json" in shown.out
    assert "manifest.json: lists a file twice" in shown.err
    made["results"][0]["verdict"]["p_holds"] = 0.9
    (tmp_path / "report.json").write_text(json.dumps(made))
    manifest.write(tmp_path, made, "ipllvm audit llava-tiny")
    assert cli.main(["verify", str(tmp_path)]) == 1
    assert (
        "it contradicts itself: permutation_invariance on easyvqa: HOLDS with p = 0.9"
        in capsys.readouterr().out
    )
