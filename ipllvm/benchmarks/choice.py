"""What --benchmark names: a registered benchmark, a file, a data set of the hub or a task.

`NAME`, `NAME@PROTOCOL`, `FILE` (JSON, JSON lines, CSV, TSV, parquet), `hub:ORG/NAME[:CONFIG][@SPLIT]`,
`lmms:TASK`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ipllvm.benchmarks.names import ALIASES, AT, STANDARD
from ipllvm.benchmarks.tables import SUFFIXES, other_kind
from ipllvm.errors import UsageError
from ipllvm.records import Benchmark
from ipllvm.registry import BENCHMARKS
from ipllvm.safety.printing import visible

HUB, LMMS = "hub:", "lmms:"


def check(name: str) -> str:
    """`name`, by its first name, if it can be a benchmark; raises UsageError. Nothing is read or asked."""
    if name.startswith(HUB):
        from ipllvm.benchmarks.hub import address

        address(name)
    elif name.startswith(LMMS):
        if not name.removeprefix(LMMS):
            raise UsageError("lmms: give a task, as lmms:mme")
    elif _is_file(name):
        if not _is_there(name):
            folder = _is_there(name, Path.is_dir)
            missing = "it is a folder, and a file of rows is needed" if folder else "there is no such file"
            raise UsageError(f"{visible(name)}: {missing}")
    elif _is_other_file(name):
        raise UsageError(f"{visible(name)}: {other_kind(name)}")
    else:
        base, at, protocol = name.partition(AT)
        base = BENCHMARKS.check(ALIASES.get(base, base))
        if at:
            _definition(base).protocol(protocol)
        return f"{base}{at}{protocol}"
    return name


def under(name: str, protocol: str) -> str:
    """`name` under a protocol, where it is a published benchmark without one; the others have none.

    >>> under("mme", "paper"), under("scenes", "paper"), under("mme", "standard")
    ('mme@paper', 'scenes', 'mme')
    """
    if protocol == STANDARD or name not in BENCHMARKS:
        return name
    from ipllvm.benchmarks.definition import Definition

    known = BENCHMARKS.load(name)
    return f"{name}{AT}{protocol}" if isinstance(known, Definition) else name


def scorer_of(name: str) -> str:
    """The scorer that a published benchmark names under its protocol; empty where only its rows can say."""
    from ipllvm.benchmarks.definition import Definition

    base, _, protocol = name.partition(AT)
    found = BENCHMARKS.load(base) if base in BENCHMARKS else None
    return found.scorer(found.protocol(protocol or STANDARD).rule) if isinstance(found, Definition) else ""


def load(name: str, offline: bool = False) -> Benchmark:
    """The benchmark of that name; raises UsageError and BenchmarkUnavailable, in one line."""
    if name.startswith(HUB):
        from ipllvm.benchmarks.hub import load as of_hub

        return of_hub(name, offline)
    if name.startswith(LMMS):
        from ipllvm.benchmarks.lmms import load as of_task

        return of_task(name)
    if _is_file(name):
        from ipllvm.benchmarks.own import load as of_file

        return of_file(Path(name))
    base, _, protocol = name.partition(AT)
    load_it = _definition(base) if protocol else BENCHMARKS.load(base)
    how = {"offline": offline, "protocol": protocol or STANDARD} if hasattr(load_it, "protocols") else {}
    loaded: Benchmark = load_it(seed=0, **how)
    return loaded


def is_own(name: str) -> bool:
    """Whether it names a file or a data set of the hub."""
    return name.startswith(HUB) or _is_file(name) or _is_other_file(name)


def _is_file(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _is_other_file(name: str) -> bool:
    return bool(Path(name).suffix) and name not in BENCHMARKS and _is_there(name)


def _is_there(name: str, kind: Callable[[Path], bool] = Path.is_file) -> bool:
    try:
        return kind(Path(name))
    except (OSError, ValueError):  # a name that is too long, or holds a null byte
        return False


def _definition(name: str) -> Any:
    from ipllvm.benchmarks.definition import published

    return published(name)
