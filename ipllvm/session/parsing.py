"""What was typed, as a value: each function checks one kind of option and raises UsageError in one line."""

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from ipllvm.errors import UnknownName, UsageError
from ipllvm.models import gpus
from ipllvm.models.sources import check_name, local_folder
from ipllvm.safety import reading

DEVICES = ("auto", "cpu", "cuda")
_DECIMAL = re.compile(r"\d{0,20}\.?\d{1,20}", re.ASCII)


def models(names: Sequence[str]) -> tuple[str, ...]:
    """Checked names; two spellings of one folder count once."""
    first: dict[str | Path, str] = {}
    for name in names:
        place = local_folder(name)
        first.setdefault(place.resolve() if place else name, check_name(name))
    return tuple(first.values())


def profile(text: str, device: str) -> str:
    """A profile's name; auto is quick on a CPU and paper on a GPU."""
    if text != "auto":
        return text
    return "paper" if gpus.count() and not device.startswith("cpu") else "quick"


def text(name: str, text: str) -> str:
    """What was typed, as it is."""
    return text


def parameter(name: str, text: str) -> str:
    """NAME=VALUE; the name may be written with hyphens."""
    key, equals, value = text.partition("=")
    if not (key.replace("-", "_").isidentifier() and equals and value):
        raise UsageError(f"--{name} {text}: write NAME=VALUE")
    return f"{key.replace('-', '_')}={value}"


def samples(name: str, text: str) -> int | None:
    """A number of samples; None for all, and for the profile's."""
    return None if text in ("all", "auto") else whole(name, text, 1)


def whole(name: str, text: str, least: int) -> int:
    """A whole number of at least `least`."""
    try:
        found = reading.number(str(text))
    except reading.Refused as error:
        raise UsageError(f"--{name} {text}: give a whole number of at least {least}: {error}") from None
    if found < least:
        raise UsageError(f"--{name} {text}: give a whole number of at least {least}")
    return found


def budget(name: str, text: str) -> float:
    """A number of samples, or a share of them below 1."""
    if text.isascii() and text.isdecimal():
        return whole(name, text, 0)
    share = float(text) if _DECIMAL.fullmatch(text) else -1.0
    if not 0 <= share < 1:
        raise UsageError(f"--{name} {text}: give a whole number, or a share from 0 up to but not 1")
    return share


def number(name: str, text: str, least: float, most: float) -> float:
    """A number from `least` to `most`."""
    found = float(text) if _DECIMAL.fullmatch(text) else least - 1
    if not least <= found <= most:
        raise UsageError(f"--{name} {text}: give a number from {least:g} to {most:g}")
    return found


def one_of(name: str, text: str, known: Sequence[str]) -> str:
    """One of the known words; raises UnknownName for another."""
    if text not in known:
        raise UnknownName(f"--{name}", text, known)
    return text


def device(name: str, text: str) -> str:
    """A device of torch, if this machine can have it."""
    kind, colon, index = text.partition(":")
    if kind not in DEVICES or (colon and (kind != "cuda" or not re.fullmatch(r"[0-9]{1,4}", index))):
        raise UnknownName(f"--{name}", text, (*DEVICES, "cuda:0"))
    if kind == "cuda" and sys.platform == "linux" and not gpus.drivers():
        raise UsageError(f"--{name} {text}: no GPU driver here; use --device cpu")
    return text


def claims_file(name: str, text: str) -> Path:
    """The file, if it can be read as claims."""
    from ipllvm import claims

    path = Path(text)
    claims.load(path)
    return path


def folder(name: str, text: str) -> Path:
    """The folder, unless it is plain that it can't be written; nothing is made yet."""
    path = Path(text)
    try:
        path.expanduser().stat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError, RuntimeError) as error:
        raise UsageError(f"--{name} {path}: {_reason(error)}; give another folder") from error
    there = next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        why = "not writable" if there.is_dir() else "not a folder"
        raise UsageError(f"--{name} {path}: {there} is {why}; give another folder")
    return path


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
