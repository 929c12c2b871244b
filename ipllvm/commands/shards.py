"""`ipllvm report --merge DIR...`: one report of all parts of a run that `--shard I/N` has cut up."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ipllvm.commands import repeated
from ipllvm.errors import UsageError
from ipllvm.reporting import migration, runs
from ipllvm.reporting.folders import ensure_writable
from ipllvm.safety import places
from ipllvm.safety.printing import visible

if TYPE_CHECKING:
    from ipllvm.engine.context import Context

APART: Final = ("shard", "report_dir", "report_only", "batch_size", "max_errors", "device", "ray")
"""Options in which the parts of one run may differ."""
SAME: Final = ("model", "device", "dtype", "attention", "torch", "transformers", "images", "engine")
"""What of a context all parts must share: an answer elsewhere is another measurement."""
OUTCOMES: Final = "outcomes"
LISTED: Final = 12
MOST: Final = 1_000_000
"""Shards of a run."""
MEASURED: Final = re.compile(r"^shard \S+: ([\d,]+) of [\d,]+ samples measured")
"""What a part says of each property (ipllvm/evaluation/schedules.py)."""


@dataclass(frozen=True, slots=True)
class MeasuredShard:
    """A shard that was measured: its folder of reports, which of how many it is, and its report."""

    folder: Path
    number: int
    count: int
    report: Mapping[str, Any]

    @property
    def options(self) -> dict[str, Any]:
        """What of its options all parts must share."""
        return {k: v for k, v in self.report["run"]["options"].items() if k not in APART}


def merge(folders: Sequence[str], into: Path) -> int:
    """Gather the outcomes of all parts in `into` and run their command on these; the run's status.

    Raises UsageError where a part is missing, interrupted, of another run, or was measured by another model
    or other numerics than the rest.
    """
    parts = [part for name in folders for part in found(Path(name))]
    first = _whole(parts)
    for part in parts:
        _require_outcomes(part)
    _alike(parts)
    store = into / OUTCOMES
    ensure_writable(store)
    for part in parts:
        for file in _files(part):
            if not (store / file.name).exists():
                shutil.copy2(file, store)
    variables = {**os.environ, places.VARIABLE: str(into.absolute())}
    asked = [*_words(first, into), f"--report-dir={into}"]
    return subprocess.run(
        [sys.executable, "-m", "ipllvm", "check", *asked], env=variables, check=False
    ).returncode


def _words(part: MeasuredShard, into: Path) -> list[str]:
    """What the parts were asked; raises UsageError where the user has to give the command himself."""
    try:
        return repeated.words(part.report["run"])
    except UsageError as error:
        raise UsageError(
            f"{_named(part)}: {error}, which a report can't ask for by itself. The outcomes are in "
            f"{visible(str(into))}: give the command of the parts without --shard, with "
            f"{places.VARIABLE}={visible(str(into))}"
        ) from None


def found(folder: Path) -> Iterator[MeasuredShard]:
    """The newest run of each shard in a folder of reports; raises UsageError where there is none."""
    newest: dict[tuple[int, int], MeasuredShard] = {}
    for run in runs.runs(folder):
        report = migration.read(run / runs.FILE)
        shard = report["run"]["options"].get("shard")
        if shard:
            place = _place(shard, run)
            newest[place] = MeasuredShard(folder, *place, report)
    if not newest:
        raise UsageError(f"{visible(str(folder))}: no run with --shard: give the --report-dir of each")
    yield from newest.values()


def _place(shard: Any, run: Path) -> tuple[int, int]:
    """Which shard of how many a report says that it is; raises UsageError where it is none."""
    number, count = ((shard.get(name) if isinstance(shard, dict) else None) for name in ("number", "count"))
    if type(number) is not int or type(count) is not int or not 1 <= number <= count <= MOST:
        raise UsageError(
            f"{visible(str(run))}: its report says it is shard {visible(str(shard), 60)}: there is none"
        )
    return number, count


def _whole(parts: Sequence[MeasuredShard]) -> MeasuredShard:
    """One of the parts, if they are all parts of one run and each is whole."""
    first, counts = parts[0], {part.count for part in parts}
    if len(counts) > 1:
        raise UsageError(f"shards of different runs: cut into {' and '.join(map(str, sorted(counts)))}")
    for part in parts:
        differ = [k for k, v in part.options.items() if v != first.options.get(k)]
        if differ:
            listed = ", ".join(f"--{name.replace('_', '-')}" for name in differ)
            raise UsageError(f"{_named(part)}: not of the run of {_named(first)}: another {listed}")
        if part.report["run"]["partial"]:
            raise UsageError(f"{_named(part)}: was interrupted: run its command again")
        if lost := part.report["not_measured"]:
            raise UsageError(f"{_named(part)}: {len(lost)} tests could not be measured: {lost[0]['reason']}")
    twice = [n for n, times in Counter(part.number for part in parts).items() if times > 1]
    if twice:
        raise UsageError(f"shard {twice[0]}/{first.count} is in several folders: leave one out")
    missing = sorted({*range(1, first.count + 1)} - {part.number for part in parts})
    if missing:
        more = f" and {len(missing) - LISTED} more" * (len(missing) > LISTED)
        listed = ", ".join(map(str, missing[:LISTED]))
        raise UsageError(
            f"{len(missing)} of {first.count} shards are missing: {listed}{more}: give their folders"
        )
    return first


def _require_outcomes(part: MeasuredShard) -> None:
    """Raises UsageError where a part has measured samples and their outcomes are not beside its report: they
    would be measured again without a word.
    """
    reasons = (each["reason"] for each in part.report["not_tested"])
    counts = [int(found[1].replace(",", "")) for reason in reasons if (found := MEASURED.search(reason))]
    if any(counts) and not _files(part):
        raise UsageError(
            f"{_named(part)}: no outcomes in {visible(str(part.folder / OUTCOMES))}: were they put elsewhere "
            f"({places.VARIABLE})? Put them there, or measure this part again"
        )


def _named(part: MeasuredShard) -> str:
    return f"shard {part.number}/{part.count} in {visible(str(part.folder))}"


def _files(part: MeasuredShard) -> list[Path]:
    from ipllvm.engine.store import maintenance

    return maintenance.files(part.folder / OUTCOMES)


def _alike(parts: Sequence[MeasuredShard]) -> None:
    """Raises UsageError where one part was measured otherwise than another."""
    first: dict[str, tuple[Context, MeasuredShard]] = {}
    for part in parts:
        for context in _contexts(part):
            known, where = first.setdefault(context.model_name, (context, part))
            for name in SAME:
                ours, theirs = getattr(context, name), getattr(known, name)
                if ours != theirs:
                    raise UsageError(
                        f"{_named(part)}: {visible(context.model_name)} with another {name}, {ours}, than "
                        f"{_named(where)}, {theirs}: measure one of the two again"
                    )


def _contexts(part: MeasuredShard) -> "set[Context]":
    from ipllvm.engine.store import maintenance

    contents = [maintenance.content(path) for path in _files(part)]
    for content in contents:
        if content.problem:
            raise UsageError(f"{_named(part)}: {visible(content.path.name)}: {content.problem}")
    return {context for content in contents for context in content.outcomes}
