"""Files that are made: whole or not at all, under names nobody can guess, never through a link.

Whoever hands on a folder may have put links into it. What is written there is made by exclusive creation
and renamed to its place, and the folders below the one that the user has named must be real ones.
Everything here raises OSError; that of a link says so.
"""

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

LINK = "it is a link, which could lead out of the folder"
MOVED = "since the run began it has come to lead elsewhere"


class Place:
    """A folder that is written time and again, as it was found first: it may be missing, or a link.

    Whoever puts another link in its place, or in that of a folder above it, is told and not followed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._leads = os.path.realpath(folder)

    @property
    def moved(self) -> bool:
        """Whether it has come to lead elsewhere."""
        return os.path.realpath(self.folder) != self._leads

    def ready(self) -> None:
        """Make the folder where it is missing; raises OSError where it leads elsewhere than at first."""
        if self.moved:
            raise OSError(errno.ELOOP, MOVED, str(self.folder))
        make_folder(self.folder)


def replace(path: Path, content: str | bytes) -> None:
    """Put text, as UTF-8, or bytes at `path` in one step: a reader sees the old file or the new one.

    A link of that name is replaced, never followed. On an error the old file is as it was.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    handle, temporary = create(path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def create(folder: Path) -> tuple[int, Path]:
    """A new, empty file in `folder`, open for writing, and its name, which nobody could have taken."""
    path = folder / f".{secrets.token_hex(12)}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0), 0o666), path


def append(path: Path, text: str) -> None:
    """Add `text` to the end of a file, made where it is missing; a link or a pipe is refused.

    It begins on a line of its own: a process that was killed may have left half a line.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC"):
        flags |= getattr(os, name, 0)
    with os.fdopen(os.open(path, flags, 0o666), "ab") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        cut = about.st_size and os.pread(file.fileno(), 1, about.st_size - 1) != b"\n"
        file.write(b"\n" * bool(cut) + text.encode())


def probe(folder: Path) -> None:
    """Try whether a file can be made in `folder`."""
    handle, path = create(folder)
    os.close(handle)
    path.unlink()


def make_folder(path: Path) -> None:
    """Make `path`, which the user has named and which may be a link to a folder, where it is missing."""
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    path.mkdir(parents=True, exist_ok=True)


def inner_folder(folder: Path, *names: str) -> Path:
    """The folder `names` below `folder`, made where it is missing; none of them may be a link."""
    make_folder(folder)
    path = folder
    for name in names:
        path = path / name
        refuse_link(path)
        path.mkdir(exist_ok=True)
    return path


def refuse_link(path: Path) -> None:
    """Raise OSError where `path` is a symbolic link, wherever it leads."""
    if path.is_symlink():
        raise OSError(errno.ELOOP, LINK, str(path))


def refuse_links(folder: Path) -> None:
    """Raise OSError where `folder`, which another library will write into, is or holds a link."""
    refuse_link(folder)
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            refuse_link(Path(place, name))
