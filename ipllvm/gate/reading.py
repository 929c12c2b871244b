"""A baseline file, read as somebody else's: its schema is that of the records, its size has limits.

Nothing of it is believed before it is checked: types and ranges, as many clusters and values as samples,
names that can stand in a test id. Whatever is wrong is a UsageError of one line. Imports no torch.
"""

import base64
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from itertools import pairwise
from math import fsum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from ipllvm import claims
from ipllvm.errors import UsageError
from ipllvm.gate import answers
from ipllvm.gate.agreement import FAILED, UNMEASURED
from ipllvm.gate.baseline import CLEAN, SCHEMA, Baseline, BaselineEntry, entry
from ipllvm.records import Claim
from ipllvm.records.values import POINTS
from ipllvm.safety import reading
from ipllvm.safety.printing import visible
from ipllvm.verdicts.group_sequential import LOOKS

FILE_BYTES: Final = 64 << 20
"""Bytes of a file."""
UNPACKED_BYTES: Final = 256 << 20
"""Bytes of all that is compressed in a file."""
NAME_LIMIT: Final = 200
PATH_LIMIT: Final = 4096
ROUNDING: Final = 1e-3
"""Points by which a mean may differ from that of its values, however either was rounded."""
_AGAIN: Final = "save it again with --save-baseline"
_PROPERTY: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_BENCHMARK: Final = re.compile(
    r"[\w.@+-]+|(?:hub|lmms):[\w.@:/+-]+|[^\x00-\x1f\x7f-\x9f\u2028\u2029]+\.(?:jsonl?|csv|tsv|parquet)",
    re.IGNORECASE,
)
"""A registered name, also under a protocol, a file, a data set of the hub or a task."""
T = TypeVar("T")

Share = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0, le=1e6)]
Natural = Annotated[int, Meta(ge=0, le=1_000_000_000)]

_Asked = Annotated[list[str], Meta(min_length=2, max_length=3)]
"""Question, clean answer and, in files that have it, the right one."""


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    """An entry as it is written."""

    property: str
    benchmark: str
    claim: dict[str, str | int | float | bool | None]
    settings: dict[str, str | int | float | bool | None]
    bound: Positive
    lattice: Annotated[float, Meta(ge=0, le=1e6)]
    draws: Annotated[int, Meta(ge=1, le=1_000_000)]
    n_error: Natural
    paired: str
    floor: Annotated[float, Meta(ge=0)] | None = None
    noise: Annotated[list[Annotated[int, Meta(ge=0)]], Meta(max_length=3)] = []
    weighted: bool = False
    over_bound: Positive = 1.0
    share: Share = 0.0
    mean: float | None = None
    unknown: Annotated[list[float], Meta(min_length=2, max_length=2)] | None = None
    failed: list[tuple[str, str, float, float]] = []
    shared: Annotated[float, Meta(ge=1, le=1e9)] | None = None
    analyses: Annotated[list[tuple[Natural, Natural]], Meta(max_length=LOOKS)] = []
    planned: Natural = 0
    verdict: Literal["", "HOLDS", "VIOLATED", "UNDECIDED", "WORSE", "NOT MEASURED"] = ""
    sample_count: Natural = 0


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """A whole file."""

    schema: str
    about: dict[str, Any]
    entries: list[_Row]
    asked: dict[str, str] = {}


class _Paired(msgspec.Struct, forbid_unknown_fields=True):
    """What an entry has by sample."""

    samples: list[str]
    clusters: list[str]
    values: list[float]
    over: list[float] = []
    perturbed: dict[str, list[str]] = {}


def load(path: Path) -> Baseline:
    """A saved baseline, or that of a run's folder; raises UsageError in one line."""
    file = path / "baseline.json" if path.is_dir() else path
    return loads(content(file), file)


def content(file: Path) -> bytes:
    """The bytes of a baseline; raises UsageError in one line."""
    try:
        return reading.file_bytes(file, FILE_BYTES)
    except OSError as error:
        raise UsageError(f"{file}: can't read the baseline: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{file}: not a baseline: {error}") from error


def loads(content: bytes, file: Path) -> Baseline:
    """The baseline that the bytes of a file hold; raises UsageError in one line that names it."""
    try:
        found = reading.json_value(content)
    except ValueError as error:
        raise UsageError(f"{file}: not a baseline: {error}") from error
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise UsageError(f"{file}: not a baseline of schema {SCHEMA}: {_AGAIN}")
    try:
        return _baseline(msgspec.convert(found, _File))
    except (UsageError, ValueError) as error:
        raise UsageError(f"{file}: a damaged baseline: {_line(error)}: {_AGAIN}") from error


def _line(error: Exception) -> str:
    """What is wrong, in one printable line."""
    return visible(" ".join(str(error).split()))


def _baseline(found: _File) -> Baseline:
    """Raises ValueError for what no run can have written."""
    if not found.entries:
        raise ValueError("it holds no comparison")
    _check_about(found.about)
    budget = _Budget()
    asked = {name: budget.unpack(packed, dict[str, _Asked]) for name, packed in found.asked.items()}
    entries = [_entry(row, asked.get(row.benchmark, {}), budget) for row in found.entries]
    twice = [key for key, count in Counter(each.key for each in entries).items() if count > 1]
    if twice:
        raise ValueError(f"two entries of {twice[0]}")
    return Baseline(found.about, {each.key: each for each in entries})


def _check_about(about: Mapping[str, Any]) -> None:
    for part in ("versions", "machine"):
        msgspec.convert(about.get(part, {}), dict[str, str])
    for part in (FAILED, UNMEASURED):
        msgspec.convert(about.get(part, []), list[str])


class _Budget:
    """How much may still be unpacked."""

    def __init__(self) -> None:
        self._left = UNPACKED_BYTES

    def unpack(self, packed: str, kind: type[T]) -> T:
        """The inverse of `answers.pack`; raises ValueError beyond the limit."""
        text = reading.inflated(base64.b85decode(packed), self._left)
        self._left -= len(text)
        return msgspec.convert(reading.json_value(text), kind)


def _entry(row: _Row, asked: Mapping[str, _Asked], budget: _Budget) -> BaselineEntry:
    """An entry of a file; files from before answers were kept have none."""
    paired = budget.unpack(row.paired, _Paired)
    where = f"{row.property[:NAME_LIMIT]} on {row.benchmark[:NAME_LIMIT]}"
    _check_names(row, where)
    _check_samples(paired, row.bound, row.over_bound, where, score=row.claim.get("name") == CLEAN)
    _check_mean(row.mean, paired.values, where)
    _check_errors(row, paired, where)
    _check_noise(row, paired, where)
    _check_looks(row, len(paired.samples), where)
    said = answers.together({name: [*each] for name, each in asked.items()}, paired.perturbed)
    made = {**msgspec.to_builtins(row), "claim": _claim(row.claim, where), "said": said}
    return entry(made, msgspec.to_builtins(paired))


def _claim(found: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A claim as `Claim` takes it; raises ValueError for one that no claims file can make."""
    known = [field.name for field in fields(Claim)]
    unknown = [name for name in found if name not in known]
    if unknown:
        raise ValueError(f"{where}: its claim has a field {unknown[0][:NAME_LIMIT]!r}, which is unknown here")
    claim = msgspec.convert(found, Claim)
    if claim.name != CLEAN:
        claims.check(where, claim)
    elif claim.direction != "at_least" or claim.kind != "requirement":
        raise ValueError(f"{where}: its clean score is no requirement")
    return {name: getattr(claim, name) for name in known}


def _check_names(row: _Row, where: str) -> None:
    name = str(row.claim.get("name"))
    fits = _PROPERTY.fullmatch(row.property) and _BENCHMARK.fullmatch(row.benchmark)
    long = max(map(len, (row.property, name))) > NAME_LIMIT or len(row.benchmark) > PATH_LIMIT
    if not fits or not name.isprintable() or long:
        raise ValueError(f"{where} ({name[:NAME_LIMIT]}) can't be names")


def _check_samples(paired: _Paired, bound: float, below: float, where: str, score: bool) -> None:
    n = len(paired.samples)
    if len(set(paired.samples)) != n:
        raise ValueError(f"{where}: a sample is there twice")
    if not len(paired.clusters) == len(paired.values) == n or len(paired.over) not in (0, n):
        raise ValueError(f"{where}: samples, clusters and values are not equally many")
    if _beyond(paired.values, bound) or _beyond(paired.over, below):
        raise ValueError(f"{where}: a value lies outside of its range")
    if score and min(paired.values, default=0.0) < 0:
        raise ValueError(f"{where}: a score is below zero")


def _check_mean(mean: float | None, values: Sequence[float], where: str) -> None:
    """What a file says of its values, which are believed, must be what they come to."""
    if mean is not None and not (values and abs(mean - POINTS * fsum(values) / len(values)) <= ROUNDING):
        raise ValueError(f"{where}: its mean is said to be {mean:g}, which its values are not")


def _check_errors(row: _Row, paired: _Paired, where: str) -> None:
    named = [sample for sample, *_ in row.failed]
    if len(named) > row.n_error or len({*named, *paired.samples}) < len(named) + len(paired.samples):
        raise ValueError(f"{where}: samples are said to have failed that can't have")
    if any(low > high or _beyond((low, high), row.bound) for *_, low, high in row.failed):
        raise ValueError(f"{where}: what its errors may hide lies outside of its range")


def _check_noise(row: _Row, paired: _Paired, where: str) -> None:
    """Of a repetition of the same samples: each cluster counts once, and so does a sample without a value."""
    if not row.noise:
        return
    least, most = len(set(paired.clusters)) + row.n_error, len(paired.samples) + row.n_error
    lost, won, clusters = row.noise if len(row.noise) == 3 else (0, 0, -1)
    if not lost + won <= clusters or not least <= clusters <= most or row.floor is None:
        raise ValueError(f"{where}: no repetition of its samples can have found its noise")


def _check_looks(row: _Row, n: int, where: str) -> None:
    """Of a run that looked: more and more samples, the last look at all that it has."""
    ends = [asked for _, asked in row.analyses]
    rising = all(before < after for before, after in pairwise([0, *ends]))
    whole = not row.analyses or (row.analyses[-1] == (n, n + row.n_error) and ends[-1] <= row.planned)
    if not rising or not whole or any(values > asked for values, asked in row.analyses):
        raise ValueError(f"{where}: no run can have looked like that")


def _beyond(values: Iterable[float], bound: float) -> bool:
    return any(not abs(value) <= bound * (1 + 1e-9) for value in values)
