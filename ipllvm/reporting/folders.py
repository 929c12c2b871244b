"""Where reports go: a fresh folder for each run, and files that are there whole or not at all."""

import errno
import os
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from ipllvm.errors import UsageError
from ipllvm.reporting.text import visible
from ipllvm.safety import writing
from ipllvm.safety.reading import FILE_BYTES


def refusal(folder: Path, error: OSError) -> UsageError:
    """The one line that says why `folder` can't be written."""
    why = error.strerror or type(error).__name__
    return UsageError(f"{visible(str(folder))}: can't be written ({why}): give another folder")


def ensure_writable(folder: Path, option: str = "") -> None:
    """Makes `folder` where it is missing and tries it with a file; raises UsageError that names `option`."""
    try:
        writing.make_folder(folder)
        writing.probe(folder)
    except OSError as error:
        raise UsageError(f"{option} {refusal(folder, error)}".lstrip()) from error


def run_name(started: datetime) -> str:
    """What a run is called: the UTC second, milliseconds and a random part, so that no two are called alike.

    >>> run_name(datetime(2025, 3, 1, 12, 0, 0, 45_678, UTC))[:-3]
    '2025-03-01T12-00-00Z-045'
    """
    began = started.astimezone(UTC)
    return f"{began:%Y-%m-%dT%H-%M-%SZ}-{began.microsecond // 1000:03d}{secrets.token_hex(2)[:3]}"


def run_folder(parent: Path, name: str) -> Path:
    """A new folder in `parent`, called `name`, with a counter where that is taken.

    Two runs, also on two machines that share `parent`, never get the same one. Raises UsageError.
    """
    try:
        writing.make_folder(parent)
        for number in count(1):
            folder = parent / (name if number == 1 else f"{name}-{number}")
            try:
                folder.mkdir()
                return folder
            except FileExistsError:
                continue
    except OSError as error:
        raise refusal(parent, error) from error
    raise AssertionError("count() has no end")


def ensure_there(places: Iterable[writing.Place]) -> None:
    """Makes each folder where it is missing; raises UsageError for one that has come to lead elsewhere."""
    for place in places:
        try:
            place.ready()
        except OSError as error:
            raise refusal(place.folder, error) from error


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
    try:
        writing.replace(path, text)
    except OSError as error:
        raise refusal(folder, error) from error
    return path


def refuse_link(path: Path) -> None:
    """Raises UsageError where `path`, a name of ipllvm's own in a report folder, is a link."""
    try:
        writing.refuse_link(path)
    except OSError as error:
        raise refusal(path, error) from error


def ensure_own(folders: Iterable[Path], files: Iterable[Path]) -> None:
    """Raises UsageError unless each is missing or what it is to be: a real folder, a regular file.

    These are names of ipllvm's own, below the folder that the user has named.
    """
    for path, sound, why in (
        *((folder, Path.is_dir, "it is not a folder") for folder in folders),
        *((file, Path.is_file, "it is not a regular file") for file in files),
    ):
        refuse_link(path)
        if os.path.lexists(path) and not sound(path):
            raise refusal(path, OSError(errno.EINVAL, why))
        if sound is Path.is_file and path.exists() and path.stat().st_size > FILE_BYTES:
            raise refusal(path, OSError(errno.EFBIG, f"it has more than {FILE_BYTES:,} bytes"))


def inner_folder(folder: Path, *names: str) -> Path:
    """The folder `names` below `folder`, made where it is missing; raises UsageError, also for a link."""
    try:
        return writing.inner_folder(folder, *names)
    except OSError as error:
        raise refusal(folder.joinpath(*names), error) from error
