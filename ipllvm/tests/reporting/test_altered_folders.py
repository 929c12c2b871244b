"""The folder of an audit and its manifest: any byte that changes is found, and a bad manifest is one line."""

import json
from pathlib import Path
from typing import Any

import pytest

from ipllvm.errors import UsageError
from ipllvm.reporting import folders, manifest
from ipllvm.safety.reading import FILE_BYTES
from ipllvm.tests.reporting import reports

DIGEST = "0" * 64


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    """A small audit: a report, two files, one of them empty, and their manifest."""
    made = reports.report(reports.result())
    (tmp_path / "report.json").write_text(json.dumps(made), encoding="utf-8")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "ä b.txt").write_bytes(b"abc")
    (tmp_path / "empty").write_bytes(b"")
    manifest.write(tmp_path, made, "ipllvm audit m")
    return tmp_path


def told(folder: Path) -> list[str]:
    """All that is wrong with a folder."""
    found = manifest.read(folder)
    added = [f"{name}: added" for name in manifest.added(folder, found)]
    return [*manifest.problems(folder, found), *added, *manifest.disagreements(folder, found)]


def test_nothing_is_wrong_with_a_folder_as_it_was_written(audit: Path) -> None:
    assert told(audit) == []
    assert [row["file"] for row in manifest.read(audit)["files"]] == ["empty", "in/ä b.txt", "report.json"]


@pytest.mark.parametrize("place", range(3))
def test_any_byte_that_changes_is_found(place: int, audit: Path) -> None:
    data = bytearray(b"abc")
    data[place] ^= 1
    (audit / "in" / "ä b.txt").write_bytes(bytes(data))
    assert told(audit) == ["in/ä b.txt: changed"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "3 bytes then, 0 now"),
        (b"abcd", "3 bytes then, 4 now"),
        (b"x" * 2000, "then, 2,000 now"),
    ],
)
def test_another_size_is_told(content: bytes, line: str, audit: Path) -> None:
    (audit / "in" / "ä b.txt").write_bytes(content)
    (found,) = told(audit)
    assert found.startswith("in/ä b.txt: changed: 3 bytes then, ") and found.endswith(line)


def test_what_was_renamed_is_missing_and_added(audit: Path) -> None:
    (audit / "empty").rename(audit / "in" / "new\nline")
    assert told(audit) == ["empty: missing", "in/new\\nline: added"]


def test_a_folder_in_a_files_place_and_a_file_in_a_folders(audit: Path) -> None:
    (audit / "empty").unlink()
    (audit / "empty").mkdir()
    assert told(audit) == ["empty: missing"]
    (audit / "in" / "ä b.txt").unlink()
    (audit / "in").rmdir()
    (audit / "in").write_text("")
    assert told(audit) == ["empty: missing", "in/ä b.txt: missing", "in: added"]


def test_a_link_to_the_same_bytes_is_no_file_of_the_audit(audit: Path) -> None:
    (audit / "empty").unlink()
    (audit / "empty").symlink_to("elsewhere")
    (audit / "elsewhere").write_bytes(b"")
    assert told(audit) == ["empty: missing", "elsewhere: added"]


def test_a_folder_that_became_a_link_hides_nothing(audit: Path) -> None:
    (audit / "in").rename(audit / "moved")
    (audit / "in").symlink_to("moved")
    assert "in/ä b.txt: missing" in told(audit)


def changed(folder: Path, **fields: Any) -> None:
    """The manifest with other fields."""
    found = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps({**found, **fields}), encoding="utf-8")


BAD: dict[str, tuple[object, str]] = {
    "no files": ([], "lists no files, so that nothing can be checked"),
    "a file twice": ([{"file": "a", "bytes": 0, "sha256": DIGEST}] * 2, "lists a file twice"),
    "no list": (3, "not an ipllvm-manifest/1"),
    "no rows": (["a"], "not an ipllvm-manifest/1"),
    "a row without a checksum": ([{"file": "a", "bytes": 0}], "not an ipllvm-manifest/1"),
    "a name of no kind": ([{"file": 1, "bytes": 0, "sha256": DIGEST}], "not an ipllvm-manifest/1"),
    "an empty name": ([{"file": "", "bytes": 0, "sha256": DIGEST}], "not an ipllvm-manifest/1"),
    "a null byte": ([{"file": "a\0", "bytes": 0, "sha256": DIGEST}], "not an ipllvm-manifest/1"),
    "a name of a page": ([{"file": "a" * 5000, "bytes": 0, "sha256": DIGEST}], "not an ipllvm-manifest/1"),
    "a size that is none": ([{"file": "a", "bytes": True, "sha256": DIGEST}], "not an ipllvm-manifest/1"),
    "half a byte": ([{"file": "a", "bytes": 0.5, "sha256": DIGEST}], "not an ipllvm-manifest/1"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_manifest_that_can_check_nothing_is_refused(name: str, audit: Path) -> None:
    files, words = BAD[name]
    changed(audit, files=files)
    with pytest.raises(UsageError) as refused:
        manifest.read(audit)
    assert str(refused.value) == f"{audit / 'manifest.json'}: {words}"


@pytest.mark.parametrize("schema", [None, "ipllvm-manifest/2", "ipllvm-report/1", 1])
def test_another_schema_is_refused(schema: object, audit: Path) -> None:
    changed(audit, schema=schema)
    with pytest.raises(UsageError, match=r"manifest\.json: not an ipllvm-manifest/1$"):
        manifest.read(audit)


@pytest.mark.parametrize("name", ["../out", "/etc/passwd", "in/../../out", "a/../../../out"])
def test_a_name_that_leads_out_is_told_and_not_read(name: str, audit: Path) -> None:
    changed(audit, files=[{"file": name, "bytes": 0, "sha256": DIGEST}])
    assert f"{name}: leads out of the folder" in told(audit)


def test_a_name_longer_than_any_files_is_missing(audit: Path) -> None:
    changed(audit, files=[{"file": "n" * 300, "bytes": 0, "sha256": DIGEST}])
    assert told(audit)[0].endswith("…: missing") or told(audit)[0] == f"{'n' * 300}: missing"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "other"),
        ("exit_status", 0),
        ("partial", True),
        ("models", {"llava-tiny": "ff" * 32}),
        ("benchmarks", {}),
        ("versions", {"torch": "0"}),
        ("finished", "2025-03-01T12:00:43Z"),
    ],
)
def test_a_manifest_of_another_run_disagrees_with_the_report(field: str, value: object, audit: Path) -> None:
    changed(audit, **{field: value})
    assert told(audit) == [f"manifest.json: its {field.replace('_', ' ')} is not that of report.json"]


def test_a_report_that_is_not_listed_is_added_and_not_trusted(audit: Path) -> None:
    rows = [row for row in manifest.read(audit)["files"] if row["file"] != "report.json"]
    changed(audit, files=rows, id="other")
    assert told(audit) == ["report.json: added"]


def test_what_is_made_of_an_audit_later_lies_beside_it(audit: Path, tmp_path: Path) -> None:
    later = manifest.beside(audit)
    assert later == audit.with_name(f"{audit.name}-later")
    manifest.require_outside(audit, later)
    for inside in (audit, audit / "in", audit / "new" / "er", later / ".." / audit.name):
        with pytest.raises(UsageError, match="in the folder of an audit, which stays as it was written"):
            manifest.require_outside(audit, inside)
    (audit / "manifest.json").unlink()
    assert manifest.beside(audit) == audit
    manifest.require_outside(audit, audit)


@pytest.mark.parametrize("name", ["../a", "/a", "..", "a/../../b"])
def test_no_file_is_written_outside_of_its_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "in" / "a").mkdir(parents=True)
    with pytest.raises(UsageError, match="leads out of the report folder"):
        folders.replace_file(tmp_path / "in", name, "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_names_of_our_own_are_what_they_are_to_be(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    folders.ensure_own([tmp_path / "folder", tmp_path / "none"], [tmp_path / "file", tmp_path / "none"])
    with pytest.raises(UsageError, match=r"it is not a folder"):
        folders.ensure_own([tmp_path / "file"], [])
    with pytest.raises(UsageError, match=r"it is not a regular file"):
        folders.ensure_own([], [tmp_path / "folder"])
    (tmp_path / "link").symlink_to("file")
    with pytest.raises(UsageError):
        folders.ensure_own([], [tmp_path / "link"])
    with (tmp_path / "large").open("wb") as file:
        file.truncate(FILE_BYTES + 1)
    with pytest.raises(UsageError, match=f"it has more than {FILE_BYTES:,} bytes"):
        folders.ensure_own([], [tmp_path / "large"])
