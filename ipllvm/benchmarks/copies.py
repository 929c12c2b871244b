"""Where the files of a published benchmark are: in $IPLLVM_DATA, in the hub's cache, or on the hub."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from ipllvm.benchmarks.sources import local
from ipllvm.errors import BenchmarkUnavailable


@dataclass(frozen=True, slots=True)
class Published:
    """A data set on the hub; `files` says in words what a copy holds, `whole` whether a folder does."""

    name: str
    repository: str
    files: str
    whole: Callable[[Path], bool]

    def folder(self, offline: bool = False) -> Path:
        """$IPLLVM_DATA/NAME, else a snapshot of the hub, which is asked only where it must be.

        Raises BenchmarkUnavailable, in one line.
        """
        return local(self.name) or self._hub(offline)

    def _hub(self, offline: bool) -> Path:
        from huggingface_hub import snapshot_download

        cause: Exception | None = None
        for cached in (True,) if offline else (True, False):
            try:
                found = Path(snapshot_download(self.repository, repo_type="dataset", local_files_only=cached))
            except Exception as error:  # the hub's client lets errors of its HTTP library through
                cause = error
                continue
            if self.whole(found):
                return found
        raise BenchmarkUnavailable(
            f"benchmark '{self.name}' is neither on this machine nor can it be downloaded: with network, run "
            f"'ipllvm data get {self.name}', or copy its {self.files} "
            f"into $IPLLVM_DATA/{self.name}"
        ) from cause


def parquet_rows(name: str, shard: Path) -> list[dict[str, Any]]:
    """The rows of a parquet file; raises BenchmarkUnavailable where pyarrow is missing."""
    try:
        table = import_module("pyarrow.parquet").read_table
    except ModuleNotFoundError as error:
        line = f"benchmark '{name}' is in parquet here, which needs the package pyarrow: pip install pyarrow"
        raise BenchmarkUnavailable(line) from error
    rows: list[dict[str, Any]] = table(shard).to_pylist()
    return rows
