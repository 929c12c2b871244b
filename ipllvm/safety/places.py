"""Where ipllvm keeps what it has measured, and paths that somebody has named."""

import os
from pathlib import Path
from typing import Final

VARIABLE: Final = "IPLLVM_STORE"
NAME: Final = "ipllvm"


def cache() -> Path:
    """The folder of ipllvm in the user's cache; raises RuntimeError where there is no home folder."""
    above = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(above) / NAME


def store(beside: Path, carried: bool = False) -> Path:
    """The folder of outcomes, artifacts and what was derived from them.

    It is the one that IPLLVM_STORE names; where that is empty, or the user's cache can't be written, it is
    `beside`, the folder of reports; so is what is to be `carried` to another machine.
    """
    given = os.environ.get(VARIABLE)
    if given is not None:
        return (named(given) or Path(given)) if given else beside
    if carried:
        return beside
    try:
        usual = cache()
    except RuntimeError:  # a user without a home, as in some containers
        return beside
    return usual if _writable(usual) else beside


def named(name: str) -> Path | None:
    r"""The path of that name, `~` being a user's folder; None where none can be, or it can't be looked at.

    >>> named("~nobody-of-that-name/x") is named("x" * 5000) is named("a\0b") is None, named("a/b").name
    (True, 'b')
    """
    try:
        place = Path(name).expanduser()
        place.stat()
    except (FileNotFoundError, NotADirectoryError):
        return place
    except (OSError, RuntimeError, ValueError):  # too long for a name; no such user; a null byte; denied
        return None
    return place


def _writable(folder: Path) -> bool:
    """Whether a folder can be made or written, as far as its permissions tell."""
    try:
        there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    except OSError:
        return False
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)
