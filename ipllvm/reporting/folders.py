"""Where reports go: a fresh folder for each run, and files that are there whole or not at all."""

import errno
import os
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from ipllvm.errors import UsageError
from ipllvm.reporting.text import visible


def refusal(folder: Path, error: OSError) -> UsageError:
    """The one line that says why `folder` can't be written."""
    why = error.strerror or type(error).__name__
    return UsageError(f"--report-dir {visible(str(folder))}: can't be written ({why}): give another folder")


def ensure_writable(folder: Path) -> None:
    """Makes `folder` where it is missing and tries it with a file; raises UsageError."""
    probe = folder / f".probe.{os.getpid()}"
    try:
        _make_folder(folder)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise refusal(folder, error) from error


def run_folder(parent: Path, started: datetime) -> Path:
    """A new folder in `parent`, named by the UTC time, with a counter where that second is taken.

    Two runs, also on two machines that share `parent`, never get the same one. Raises UsageError.
    """
    stamp = started.astimezone(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    try:
        _make_folder(parent)
        for number in count(1):
            folder = parent / (stamp if number == 1 else f"{stamp}-{number}")
            try:
                folder.mkdir()
                return folder
            except FileExistsError:
                continue
    except OSError as error:
        raise refusal(parent, error) from error
    raise AssertionError("count() has no end")


def inside(folder: Path, name: str) -> Path:
    """The path of `name` in `folder`; raises UsageError where it would lead out of it."""
    path = folder / name
    if path.name == ".." or not path.parent.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{visible(name)}: leads out of the report folder {visible(str(folder))}")
    return path


def replace_file(folder: Path, name: str, text: str | bytes) -> Path:
    """Writes `text` as UTF-8, or bytes as they are, to `name` in `folder`, in one step.

    A reader sees the old or the new file. A link of that name is replaced, never followed. Raises
    UsageError where it can't be written; the old file then stays as it was.
    """
    path = inside(folder, name)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        _write_synced(temporary, text)
        temporary.replace(path)
    except OSError as error:
        raise refusal(folder, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return path


def _make_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    folder.mkdir(parents=True, exist_ok=True)


def _write_synced(path: Path, text: str | bytes) -> None:
    path.unlink(missing_ok=True)
    with path.open("xb") as file:
        file.write(text.encode() if isinstance(text, str) else text)
        file.flush()
        os.fsync(file.fileno())
