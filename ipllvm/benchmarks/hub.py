"""`hub:ORG/NAME[:CONFIG][@SPLIT]`: a data set of the hub as anybody's own data."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from ipllvm.benchmarks.own import benchmark, unpacked
from ipllvm.benchmarks.own_columns import columns, settings
from ipllvm.benchmarks.sources import Hub, files, local, reason, snapshot
from ipllvm.benchmarks.tables import opening
from ipllvm.errors import BenchmarkUnavailable, UnknownName, UsageError
from ipllvm.records import Benchmark
from ipllvm.safety.printing import visible

_ADDRESS = re.compile(
    r"hub:(?P<org>\w[\w.-]*)/(?P<name>\w[\w.-]*)(?::(?P<config>\w[\w.-]*))?(?:@(?P<split>\w[\w.-]*))?",
    re.ASCII,
)
_COMMIT = re.compile("[0-9a-f]{40}")
"""What the hub's cache calls a copy."""
MOST = 8
"""Names that a line lists."""
_SHARD = re.compile(r"-\d{5}-of-\d{5}.*")
SPLITS = ("test", "validation", "val", "dev", "train")


@dataclass(frozen=True, slots=True)
class Address:
    """A data set of the hub; config and split are "" where they were not named."""

    repository: str
    config: str
    split: str

    def patterns(self) -> tuple[str, ...]:
        """Where its parquet files may be, the likeliest first; `default` has no folder of its own.

        Names are whole: `main` is no part of `domain`, and `test` none of `latest`.
        """
        splits = (self.split,) if self.split else SPLITS
        folder = "" if self.config in ("", "default") else f"{self.config}/"
        names = (f"{folder}{split}{end}" for split in splits for end in ("-*.parquet", ".parquet"))
        return tuple(f"{where}{name}" for name in names for where in ("*/", ""))

    def lacking(self, files: Iterable[str]) -> str:
        """Why none of the parquet files fits, with the closest of what there is; empty where there are none.

        >>> Address("org/set", "", "tets").lacking(["data/test-00000-of-00001.parquet", "data/train.parquet"])
        "unknown split 'tets': did you mean 'test'? Known: test, train"
        """
        places = [PurePosixPath(file) for file in files if file.endswith(".parquet")]
        configs = {place.parent.name for place in places} - {""}
        if self.config not in ("", "default"):
            if places and self.config not in configs:
                return str(UnknownName("configuration", self.config, configs))
            places = [place for place in places if place.parent.name == self.config]
        splits = {_SHARD.sub("", place.stem) for place in places}
        if not splits or self.split:
            return str(UnknownName("split", self.split, splits)) if splits else ""
        listed = ", ".join(sorted(splits))
        return f"none of its splits is {', '.join(SPLITS)}: name one, as ...@SPLIT (there are: {listed})"


def address(name: str) -> Address:
    """What `name` says; raises UsageError.

    >>> address("hub:org/set:main@test")
    Address(repository='org/set', config='main', split='test')
    """
    match = _ADDRESS.fullmatch(name)
    if match is None:
        raise UsageError(f"{name}: give hub:ORG/NAME, hub:ORG/NAME:CONFIG or hub:ORG/NAME:CONFIG@SPLIT")
    return Address(f"{match['org']}/{match['name']}", match["config"] or "", match["split"] or "")


def load(name: str, offline: bool = False) -> Benchmark:
    """The rows of a split; a TOML of the data set's name in $IPLLVM_DATA maps its columns.

    Raises BenchmarkUnavailable and UsageError, in one line.
    """
    found = address(name)
    hub = Hub((found.repository,), found.patterns())
    folder = folder_of(name, offline)
    try:
        paths = files(folder, hub.files)
    except FileNotFoundError as error:
        raise BenchmarkUnavailable(f"{name}: {error}") from error
    if not paths:
        there = (path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet"))
        why = found.lacking(there) or f"{folder} holds none of {', '.join(hub.files)}"
        raise BenchmarkUnavailable(f"{name}: {why}")
    _require_one_configuration(name, found, {path.parent.relative_to(folder).as_posix() for path in paths})
    held: list[dict[str, Any]] = [row for path in paths for row in opening.named_rows(path)]
    mapping = local(found.repository.split("/")[0])
    given = settings(mapping / f"{found.repository.split('/')[1]}.toml") if mapping else {}
    mapped = columns(held, given, name)
    rows = unpacked(held, mapped)
    pictured = opening.with_pictures(rows, [mapped.image], folder) if mapped.image else rows
    loaded = benchmark(name, found.repository.split("/")[1], pictured, mapped)
    commit = f"; commit {folder.name[:12]}" if _COMMIT.fullmatch(folder.name) else ""
    return replace(loaded, source=f"{loaded.source}{commit}")


def _require_one_configuration(name: str, found: Address, folders: set[str]) -> None:
    """Raises UsageError where files of several folders fit: they are configurations, each a data set."""
    if len(folders) > 1:
        names = sorted({folder.rpartition("/")[2] for folder in folders})
        listed = ", ".join(visible(each, 40) for each in names[:MOST]) + ", ..." * (len(names) > MOST)
        asked = f"name one of its configurations as hub:{found.repository}:CONFIG ({listed})"
        raise UsageError(
            f"{name}: the files of {len(folders)} folders fit, which are not one data set: {asked}"
        )


def folder_of(name: str, offline: bool = False) -> Path:
    """A copy of the data set in $IPLLVM_DATA/ORG/NAME or from the hub; raises BenchmarkUnavailable."""
    found = address(name)
    hub = Hub((found.repository,), found.patterns())
    return local(found.repository) or _snapshot(name, hub, offline)


def _snapshot(name: str, hub: Hub, offline: bool) -> Path:
    cause: Exception | None = None
    why = ""
    for cached_only in (True,) if offline else (True, False):
        for pattern in hub.files:  # one after the other, so that no split is fetched that is not read
            try:
                return snapshot(hub.repositories[0], replace(hub, files=(pattern,)), cached_only).folder
            except Exception as error:  # the hub's client lets errors of its HTTP library through
                cause = error
                why = "" if cached_only else f" ({reason(error)})"
    if type(cause) is FileNotFoundError and (lacking := address(name).lacking(_files(hub, offline))):
        raise BenchmarkUnavailable(f"{name}{' in the cache' * offline}: {lacking}") from cause
    raise BenchmarkUnavailable(
        f"{name} is neither on this machine nor can it be downloaded{why}: with network, run "
        f"'ipllvm data get {name}'"
    ) from cause


def _files(hub: Hub, offline: bool) -> list[str]:
    """The files of a data set, offline those of them that are here; none where that can't be learnt."""
    import huggingface_hub

    try:
        if not offline:
            return list(huggingface_hub.list_repo_files(hub.repositories[0], repo_type="dataset"))
        folder = snapshot(hub.repositories[0], replace(hub, files=("*.parquet",)), cached_only=True).folder
    except Exception:  # as above
        return []
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")]
