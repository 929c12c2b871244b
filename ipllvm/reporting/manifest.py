"""The manifest of a run's folder: what made it, and the size and SHA-256 of every file in it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from ipllvm.errors import UsageError
from ipllvm.reporting import migration
from ipllvm.reporting.folders import refuse_link, replace_file
from ipllvm.reporting.schema import Report
from ipllvm.reporting.text import visible
from ipllvm.safety import reading

NAME: Final = "manifest.json"
REPORT: Final = "report.json"
SIGNATURE: Final = "manifest.json.sig"
VERSION: Final = "ipllvm-manifest/1"
LATER: Final = "-later"
"""What the name of the folder ends in that has what is made of an audit afterwards."""
LONGEST: Final = 4096
"""Characters of a name."""


def write(folder: Path, report: Report, command: str) -> Path:
    """Writes manifest.json into the folder of a finished run; returns where. Raises UsageError."""
    files = [_entry(folder, path) for path in _files(folder)]
    made = {"schema": VERSION, "command": command, **_about(report), "files": files}
    return replace_file(folder, NAME, json.dumps(made, indent=1, ensure_ascii=False) + "\n")


def beside(folder: Path) -> Path:
    """Where goes what is made of a run afterwards: into its folder, of an audit into one beside it.

    An audit's folder is checked, and may be signed, as it was written. Raises UsageError for a link.
    """
    if not (folder / NAME).exists():
        return folder
    place = folder.resolve()
    later = place.with_name(f"{place.name}{LATER}")
    refuse_link(later)
    return later


def require_outside(folder: Path, place: Path) -> None:
    """Raises UsageError for a place in the folder of an audit."""
    if (folder / NAME).exists() and place.resolve().is_relative_to(folder.resolve()):
        named = visible(str(place), 4096)
        raise UsageError(
            f"{named}: in the folder of an audit, which stays as it was written: give another place"
        )


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a folder; raises UsageError where there is none, or one that can't be read."""
    shown = visible(str(folder / NAME), 4096)
    try:
        found = reading.json_file(folder / NAME)
        names = [_valid(row)["file"] for row in found["files"]]
    except OSError as error:
        raise UsageError(f"{shown}: {error.strerror}: name the folder of an audit") from error
    except reading.Refused as error:
        raise UsageError(f"{shown}: not an {VERSION}: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{shown}: not an {VERSION}") from error
    if found.get("schema") != VERSION:
        raise UsageError(f"{shown}: not an {VERSION}")
    if not names:
        raise UsageError(f"{shown}: lists no files, so that nothing can be checked")
    if len(set(names)) < len(names):
        raise UsageError(f"{shown}: lists a file twice")
    return dict(found)


def _valid(row: Any) -> Any:
    """An entry of a manifest; raises ValueError where it is none."""
    name, size, digits = row["file"], row["bytes"], row["sha256"]
    if not (isinstance(name, str) and 0 < len(name) < LONGEST and "\0" not in name):
        raise ValueError("no name of a file")
    if not (type(size) is int and isinstance(digits, str)):
        raise ValueError("no size or checksum")
    return row


def problems(folder: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    """What is missing or changed in a folder since its manifest was written, a line each."""
    for row in manifest["files"]:
        name, path = row["file"], folder / row["file"]
        if ".." in PurePosixPath(name).parts or PurePosixPath(name).is_absolute():
            yield f"{visible(name)}: leads out of the folder"
        elif _absent(folder, path):
            yield f"{visible(name)}: missing"
        elif (found := _entry(folder, path)) != row:
            change = f"{row['bytes']:,} bytes then, {found['bytes']:,} now"
            yield f"{visible(name)}: changed" + ("" if found["bytes"] == row["bytes"] else f": {change}")


def disagreements(folder: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    """What a manifest and the report beside it say otherwise of one run; what the report says otherwise of
    itself; nothing of a report that the manifest does not list.
    """
    if all(row["file"] != REPORT for row in manifest["files"]):
        return
    try:
        report = migration.read(folder / REPORT)
    except UsageError as error:
        yield str(error)
        return
    for name, value in _about(report).items():
        if manifest.get(name) != value:
            yield f"{NAME}: its {name.replace('_', ' ')} is not that of {REPORT}"


def _about(report: Report) -> dict[str, Any]:
    """What a manifest says of a run beside its files."""
    run = report["run"]
    return {
        **{name: run[name] for name in ("id", "started", "finished", "exit_status", "partial", "platform")},
        "models": {model["id"]: model["fingerprint"] for model in report["models"]},
        "benchmarks": {data["id"]: data["digest"] for data in report["benchmarks"]},
        "versions": run["versions"],
    }


def _absent(folder: Path, path: Path) -> bool:
    """Whether `path` is no file, or one that is reached through a link."""
    try:
        return path.resolve() != folder.resolve() / path.relative_to(folder) or not path.is_file()
    except (OSError, RuntimeError):  # a name longer than any file's; links in a circle
        return True


def added(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """The files that have come into a folder since its manifest was written."""
    known = {row["file"] for row in manifest["files"]}
    names = (path.relative_to(folder).as_posix() for path in _files(folder))
    return [visible(name) for name in names if name not in known]


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _entry(folder: Path, path: Path) -> dict[str, Any]:
    name = path.relative_to(folder).as_posix()
    return {"file": name, "bytes": path.stat().st_size, "sha256": digest(path)}


def _files(folder: Path) -> list[Path]:
    """Everything in a folder but its manifest, its signature and folders; links too, wherever they lead."""
    own = {folder / NAME, folder / SIGNATURE}
    there = (path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
    return sorted(path for path in there if path not in own)
