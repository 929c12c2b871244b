"""`ipllvm report --merge DIR...`: one report of all parts of a run that `--shard I/N` has cut up."""

import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ipllvm.commands import repeated
from ipllvm.errors import UsageError
from ipllvm.models import gpus
from ipllvm.reporting import migration, runs
from ipllvm.reporting.folders import ensure_writable
from ipllvm.safety import places
from ipllvm.safety.printing import visible

if TYPE_CHECKING:
    from ipllvm.engine.context import Context

APART: Final = ("shard", "report_dir", "report_only", "batch_size", "max_errors", "device", "ray")
"""Options in which the parts of one run may differ."""
SAME: Final = (
    "model",
    "device",
    "dtype",
    "attention",
    "torch",
    "transformers",
    "images",
    "engine",
    "benchmark",
)
"""What of a context all parts must share: an answer elsewhere is another measurement."""
Kind = tuple[object, ...]
"""Its values, in that order."""
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
    or other numerics than the rest, and where this machine lacks the kind of device that measured it.
    """
    parts = [part for name in folders for part in found(Path(name))]
    first = _whole(parts)
    for part in parts:
        _require_outcomes(part)
    device = _device(_alike(parts))
    _gather(parts, into)
    variables = {**os.environ, places.VARIABLE: str(into.absolute())}
    asked = [*_words(first, into), *device, f"--report-dir={into}"]
    return subprocess.run(
        [sys.executable, "-m", "ipllvm", "check", *asked], env=variables, check=False
    ).returncode


def _gather(parts: Sequence[MeasuredShard], into: Path) -> None:
    """Copy what the parts have measured, and what they have worked out once."""
    from ipllvm.engine.store import derived, maintenance

    ensure_writable(into / OUTCOMES)
    for part in parts:
        for file in _files(part):
            maintenance.bring(file, into / OUTCOMES)
        derived.bring(part.folder / derived.NAME, into / derived.NAME)


def _device(kinds: set[Kind]) -> list[str]:
    """The option that names what measured the parts; raises UsageError where there is none of it here."""
    devices = {str(kind[SAME.index("device")]) for kind in kinds}
    if "cuda" in devices and not (gpus.drivers() or gpus.count()):
        raise UsageError(
            "the parts were measured on cuda, and there is no GPU here, where all of it would be measured "
            "again: merge where there is one"
        )
    return [f"--device={device}" for device in devices & {"cpu", "cuda"}] if len(devices) == 1 else []


def _words(part: MeasuredShard, into: Path) -> list[str]:
    """What the parts were asked, with the profile that `auto` came to, without their workers and devices.

    Raises UsageError where the user has to give the command himself.
    """
    try:
        words = repeated.words(part.report["run"], (*repeated.LEFT_OUT, "device", "profile", "-n"))
        return [*words, f"--profile={part.options['profile']}"]
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
    """Raises UsageError where a part has measured samples whose outcomes are not beside its report.

    They would be measured again without a word.
    """
    measured = {row["benchmark"]: found for row in part.report["not_tested"] if (found := _measured(row))}
    here = _samples(part)
    if any(measured.values()) and not here:
        raise UsageError(
            f"{_named(part)}: no outcomes in {visible(str(part.folder / OUTCOMES))}: were they put elsewhere "
            f"({places.VARIABLE})? Put them there, or measure this part again"
        )
    for name in measured.keys() & here.keys():
        if len(here[name]) < measured[name]:
            raise UsageError(
                f"{_named(part)}: outcomes of {len(here[name]):,} of the {measured[name]:,} samples of "
                f"{visible(name)} in {visible(str(part.folder / OUTCOMES))}: a file was left behind, or is "
                "damaged: run the command of this part again"
            )


def _measured(row: Mapping[str, Any]) -> int:
    """How many samples a part says that it has measured."""
    found = MEASURED.search(row["reason"])
    return int(found[1].replace(",", "")) if found else 0


def _samples(part: MeasuredShard) -> dict[str, set[str]]:
    """The samples of which there are outcomes, by benchmark."""
    from ipllvm.engine.store import maintenance

    tried = defaultdict[str, set[str]](set)
    for file in _files(part):
        for name, samples in maintenance.samples(file).items():
            tried[name] |= samples
    return tried


def _named(part: MeasuredShard) -> str:
    return f"shard {part.number}/{part.count} in {visible(str(part.folder))}"


def _files(part: MeasuredShard) -> list[Path]:
    from ipllvm.engine.store import maintenance

    return maintenance.files(part.folder / OUTCOMES)


def _alike(parts: Sequence[MeasuredShard]) -> set[Kind]:
    """The kinds of measurement that the parts have in common, of all models and benchmarks.

    A part that was measured anew has what it was before too. Raises UsageError where two have none in common.
    """
    shared: dict[tuple[str, str], tuple[set[Kind], MeasuredShard]] = {}
    for part in parts:
        for name, kinds in _kinds(part).items():
            common, where = shared.setdefault(name, (kinds, part))
            shared[name] = common & kinds, where
            if not common & kinds:
                raise UsageError(f"{_named(part)}: {_unlike(name, kinds, common, where)}")
    return {kind for kinds, _ in shared.values() for kind in kinds}


def _unlike(name: tuple[str, str], ours: set[Kind], theirs: set[Kind], where: MeasuredShard) -> str:
    """In what two parts differ that have no kind of measurement in common."""
    model, benchmark = map(visible, name)
    sides = [
        [{str(value) for value in values} for values in zip(*kinds, strict=True)] for kinds in (ours, theirs)
    ]
    told = [
        (name, *map(max, pair)) for name, *pair in zip(SAME, *sides, strict=True) if not pair[0] & pair[1]
    ]
    field, here, there = told[0] if told else ("measurement", "one", "another")
    return (
        f"{model} on {benchmark} with another {field}, {here}, than {_named(where)}, {there}: measure one of "
        "the two again"
    )


def _kinds(part: MeasuredShard) -> dict[tuple[str, str], set[Kind]]:
    """How a part was measured, by model and benchmark."""
    kinds = defaultdict[tuple[str, str], set[Kind]](set)
    for each in _contexts(part):
        kinds[each.model_name, each.benchmark_name].add(tuple(getattr(each, name) for name in SAME))
    return kinds


def _contexts(part: MeasuredShard) -> "set[Context]":
    from ipllvm.engine.store import maintenance

    contents = [maintenance.content(path) for path in _files(part)]
    for content in contents:
        if content.problem:
            raise UsageError(f"{_named(part)}: {visible(content.path.name)}: {content.problem}")
    return {context for content in contents for context in content.outcomes}
