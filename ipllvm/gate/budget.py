"""A train of releases: how much of an error budget each gate against the same baseline may spend.

The gates made so far are kept beside the baseline, as NAME.budget.json: which checkpoint, at which level,
with what p-value, and the evidence of sequential runs. Gates that end at once write one after the other. A
gate has its place from when it is given a level, so that two of them never have the same. Imports no torch.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ipllvm.errors import UsageError, first_line
from ipllvm.safety import reading, writing
from ipllvm.safety.printing import visible

SCHEMA = "ipllvm-budget/1"
_RATE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) false alarms? per (\d{1,9}) checkpoints?", re.ASCII)
_SHARE = re.compile(r"(\d{1,2}(?:\.\d{1,9})?) ?% of alarms false", re.ASCII)
MOST = 10_000
"""Gates against one baseline: for so many there is a level."""
Share = Annotated[float, Meta(ge=0, le=1)]
WAIT = 60.0
"""Seconds that a gate waits for others that write the same record; each takes milliseconds."""
HOW = 'write "1 false alarm per 100 checkpoints" or "5 % of alarms false"'


@dataclass(frozen=True, slots=True)
class Budget:
    """Either `alarms` per so many `checkpoints`, or a `share` of the alarms that may be false."""

    text: str
    alarms: float = 0.0
    checkpoints: int = 0
    share: float = 0.0

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Entry:
    """One gate: the checkpoint's fingerprint, what was measured, its level, its p-value, whether it alarmed.

    `evidence` are the e-values of a sequential run by claim.
    """

    checkpoint: str
    measured: str
    level: Share
    p: Share
    alarm: bool
    started: str = ""
    evidence: Mapping[str, float] | None = None


def parse(name: str, text: str) -> Budget:
    """The budget that was typed; raises UsageError in one line.

    >>> parse("budget", "1 false alarm per 100 checkpoints").alarms
    1.0
    >>> parse("budget", "5 % of alarms false").share
    0.05
    """
    if found := _RATE.fullmatch(text.strip()):
        alarms, checkpoints = float(found[1]), int(found[2])
        if 0 < alarms <= checkpoints:
            return Budget(text, alarms, checkpoints)
    elif found := _SHARE.fullmatch(text.strip()):
        share = float(found[1]) / 100
        if 0 < share < 1:
            return Budget(text, share=share)
    raise UsageError(f"--{name} {text!r}: {HOW}")


def file_of(baseline: Path) -> Path:
    """Where the gates against a baseline are kept.

    >>> str(file_of(Path("baselines/release-1.json")))
    'baselines/release-1.budget.json'
    """
    return baseline.with_name(f"{baseline.stem}.budget.json")


def digest(content: bytes) -> str:
    """By what a record knows the baseline that its gates were made against: of the bytes of its file.

    >>> digest(b"{}")
    '44136fa355b3678a'
    """
    return hashlib.sha256(content).hexdigest()[:16]


def load(file: Path, baseline: str = "") -> list[Entry]:
    """The gates made so far, in their order; none without a file.

    `baseline` is the digest of the one that they have to be against, where both say it. Raises UsageError in
    one line.
    """
    if not file.exists():
        return []
    try:
        found = reading.json_file(file)
        if found["schema"] != SCHEMA:
            raise ValueError(f"not of schema {SCHEMA}")
        if baseline and found.get("baseline", baseline) != baseline:
            raise ValueError("its gates were made against another baseline, which had this name")
        gates = msgspec.convert(found["gates"], list[Entry])
        if len(gates) > MOST:
            raise ValueError(f"more than {MOST:,} gates")
        return gates
    except (OSError, KeyError, TypeError, ValueError) as error:
        why = visible(first_line(error))
        raise UsageError(f"{file}: not a record of gates ({why}): move it away to begin anew") from error


def dumps(entries: Sequence[Entry], baseline: str = "") -> str:
    """The text of the file; `baseline` is the digest of the one that the gates were made against."""
    about = {"schema": SCHEMA, **({"baseline": baseline} if baseline else {})}
    return json.dumps({**about, "gates": [asdict(each) for each in entries]}, indent=1) + "\n"


def keep(file: Path, baseline: str, new: Entry) -> list[Entry]:
    """Put a gate into the record; all that are in it now. Raises UsageError in one line."""
    with _turn(file):
        entries = added(load(file, baseline), new)
        _write(file, dumps(entries, baseline))
    return entries


def take_place(file: Path, baseline: str, budget: Budget, checkpoint: str, measured: str) -> float:
    """The level of a gate, whose place in the record is taken from now on; raises UsageError in one line.

    Until `keep` says more it counts as one that did not alarm. A repeated gate has its place already.
    """
    with _turn(file):
        entries = load(file, baseline)
        found = level(budget, entries, checkpoint, measured)
        if (checkpoint, measured) not in [(each.checkpoint, each.measured) for each in entries]:
            _write(file, dumps([*entries, Entry(checkpoint, measured, found, 1.0, False)], baseline))
    return found


@contextmanager
def _turn(file: Path) -> Iterator[None]:
    """While other gates wait that write the same record."""
    from filelock import FileLock

    lock = FileLock(file.with_suffix(".lock"), timeout=WAIT)
    try:
        writing.refuse_link(file.with_suffix(".lock"))
        lock.acquire(poll_interval=0.01)
    except (OSError, NotImplementedError) as error:
        raise _unwritten(file, error) from error
    try:
        yield
    finally:
        lock.release()


def _write(file: Path, text: str) -> None:
    try:
        writing.replace(file, text)
    except OSError as error:
        raise _unwritten(file, error) from error


def _unwritten(file: Path, error: Exception) -> UsageError:
    why = getattr(error, "strerror", None) or first_line(error) or type(error).__name__
    return UsageError(f"{visible(str(file))}: can't be written: {visible(why)}")


def level(budget: Budget, entries: Sequence[Entry], checkpoint: str, measured: str) -> float:
    """The level of the gate of a checkpoint; the same again where just this was gated before.

    It follows from the gates before it, whatever level the record says. Raises UsageError
    where too many were made against one baseline.
    """
    from ipllvm.stats.online import lord, per_checkpoint

    if not budget.share:
        return per_checkpoint(budget.alarms, budget.checkpoints)
    gated = [(each.checkpoint, each.measured) for each in entries]
    before = gated.index((checkpoint, measured)) if (checkpoint, measured) in gated else len(gated)
    if before == MOST:
        raise UsageError(f"--budget: {MOST:,} gates were made against this baseline: save another one")
    alarms: list[bool] = []
    for each in entries[:before]:  # one at a larger level, of another budget, earns nothing
        alarms.append(each.alarm and each.p <= lord(alarms, budget.share))
    return lord(alarms, budget.share)


def added(entries: Sequence[Entry], new: Entry) -> list[Entry]:
    """The gates with one more; one of the same checkpoint and measurement is replaced, its place kept."""
    same = [(each.checkpoint, each.measured) == (new.checkpoint, new.measured) for each in entries]
    if any(same):
        return [new if s else each for each, s in zip(entries, same, strict=True)]
    return [*entries, new]


def evidence(entries: Sequence[Entry], checkpoint: str) -> dict[str, float]:
    """The e-values of a checkpoint's sequential runs, by claim, put together over its runs.

    Runs on a benchmark share samples, so that their evidence is averaged and not multiplied; what was
    measured once is there once.
    """
    from ipllvm.stats.online import combined_e

    own = [each for each in entries if each.checkpoint == checkpoint and each.evidence]
    names = dict.fromkeys(name for each in own for name in each.evidence or {})
    return {
        name: combined_e(
            [each.evidence[name] for each in own if each.evidence and name in each.evidence],
            [False for each in own if each.evidence and name in each.evidence],
        )
        for name in names
    }


def told(budget: Budget, entries: Sequence[Entry], spent: float) -> str:
    """What a report says of the budget."""
    alarms = sum(each.alarm for each in entries)
    return (
        f"budget: {budget.text}; this gate at level {spent:.3g}, gate {len(entries)} against this baseline, "
        f"{alarms} of them alarmed"
    )


def about(rows: Sequence[Mapping[str, Any]]) -> str:
    """What was measured, as one word: by it a gate that is only repeated is known."""
    named = sorted(
        f"{row['property']} {row['benchmark']['name']} {row['benchmark']['digest']} {row['benchmark']['n']} "
        f"{row['settings'].get('seed')}"
        for row in rows
    )
    return hashlib.sha256("\n".join(named).encode()).hexdigest()[:16]
