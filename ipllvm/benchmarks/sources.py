"""Where the files of a published benchmark are: in $IPLLVM_DATA, in the hub's cache, or on the hub."""

import os
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ipllvm.errors import BenchmarkUnavailable
from ipllvm.safety.places import named

_SHARD = re.compile(r"^(?P<stem>.+)-(?P<number>\d{5})-of-(?P<of>\d{5})(?P<rest>.*)$")


@dataclass(frozen=True, slots=True)
class Hub:
    """A data set on the hub: any of the repositories holds it, `files` are patterns of what is needed.

    The first pattern that fits any file counts; what `also` fits is fetched with it. `revision` pins a
    commit; without one the commit that was read is recorded.
    """

    repositories: tuple[str, ...]
    files: tuple[str, ...]
    also: tuple[str, ...] = ()
    revision: str | None = None
    gated: bool = False


@dataclass(frozen=True, slots=True)
class Copy:
    """A folder with the files, and what a report says of where they are from."""

    folder: Path
    source: str


def local(name: str) -> Path | None:
    """$IPLLVM_DATA/NAME, where it is a folder."""
    root = os.environ.get("IPLLVM_DATA")
    folder = named(root) if root else None
    return folder / name if folder is not None and (folder / name).is_dir() else None


def find(name: str, hub: Hub, offline: bool = False) -> Copy:
    """A copy of a benchmark; the hub is asked only where there is none; raises BenchmarkUnavailable."""
    folder = local(name)
    if folder is not None:
        return Copy(folder, f"$IPLLVM_DATA/{name}")
    cause: Exception | None = None
    asked = False
    for cached_only in (True,) if offline or not hub.repositories else (True, False):
        for repository in hub.repositories:
            try:
                return snapshot(repository, hub, cached_only)
            except Exception as error:  # the hub's client lets errors of its HTTP library through
                cause, asked = error, not cached_only
    why = f" ({reason(cause)})" if cause is not None and asked else ""
    terms = " (accept its terms on the hub and run 'hf auth login' first)" if hub.gated else ""
    fetch = f"with network, run 'ipllvm data get {name}'{terms}, or " if hub.repositories else ""
    raise BenchmarkUnavailable(
        f"benchmark '{name}' is neither on this machine nor can it be downloaded{why}: {fetch}copy it into "
        f"$IPLLVM_DATA/{name}"
    ) from cause


def reason(error: Exception) -> str:
    """What the hub's client says, in one line."""
    first = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}"[:200]


def snapshot(repository: str, hub: Hub, cached_only: bool) -> Copy:
    """The needed files of a repository; raises FileNotFoundError where they are not all there."""
    from huggingface_hub import snapshot_download

    folder = Path(
        snapshot_download(
            repository,
            repo_type="dataset",
            revision=hub.revision,
            allow_patterns=[*hub.files, *hub.also],
            local_files_only=cached_only,
        )
    )
    if not files(folder, hub.files):
        raise FileNotFoundError(f"{repository} holds none of {', '.join(hub.files)}")
    return Copy(folder, f"{repository} at commit {folder.name[:12]}")


def files(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    """The files of the first pattern that fits any, in their order; raises FileNotFoundError.

    Shards that say how many they are must all be there.
    """
    there = sorted(path for path in folder.rglob("*") if path.is_file())
    for pattern in patterns:
        found = [p for p in there if fnmatchcase(p.relative_to(folder).as_posix(), pattern)]
        if found:
            missing = incomplete(found)
            if missing:
                raise FileNotFoundError(f"a half copy: {missing} is missing")
            return found
    return []


def incomplete(found: list[Path]) -> str | None:
    """The name of the first shard that is missing, of those that say how many they are.

    >>> incomplete([Path("test-00000-of-00002.parquet")])
    'test-00001-of-00002.parquet'
    """
    names = {path.name for path in found}
    for name in sorted(names):
        if match := _SHARD.match(name):
            for number in range(int(match["of"])):
                wanted = f"{match['stem']}-{number:05d}-of-{match['of']}{match['rest']}"
                if wanted not in names:
                    return wanted
    return None
