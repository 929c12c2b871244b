"""The table of this project's gate beside the rules of other tools, measured resumably."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from itertools import product
from typing import Any

from ipllvm.calibration import releases, rivals
from ipllvm.calibration.experiment import processes

RUNS, QUICK_RUNS = 300, 80
RELEASES = 3 / 8
"""A release takes as long as three gates: of so many runs so many are made."""
Task = tuple[Any, ...]
Rows = Mapping[str, Mapping[str, Any]]


def tasks() -> dict[str, Task]:
    """Every cell by its name: a function and its arguments but the number of runs."""
    made: dict[str, Task] = {f"gate: {cell.name}": (rivals.measure, cell) for cell in rivals.CELLS}
    return made | {
        f"release, {shape}: {release.name}": (_release, release, shape)
        for shape, release in product(releases.SHAPES, releases.RELEASES)
    }


def _release(release: releases.Release, shape: str, runs: int) -> dict[str, float]:
    return releases.measure(release, shape, int(RELEASES * runs))


def measure(function: Callable[..., Any], *arguments: Any) -> Any:
    """A cell in a process of its own; its last argument is the number of runs."""
    return function(*arguments)


def run(
    chosen: Mapping[str, Task],
    known: Rows,
    workers: int,
    runs: int,
    save: Callable[[dict[str, Any]], None] = lambda rows: None,
) -> dict[str, Any]:
    """Rows by name; `known` ones are kept, `save` is told after each."""
    found: dict[str, Any] = {name: known[name] for name in chosen if name in known}
    with processes(workers) as pool:
        waiting = {pool.submit(measure, *chosen[name], runs): name for name in chosen if name not in found}
        for future in as_completed(waiting):
            name = waiting[future]
            found[name] = {"runs": runs, "rates": future.result()}
            save(found)
            print(name, flush=True)
    return {name: found[name] for name in chosen}


def lines(rows: Rows) -> Iterator[str]:
    """Markdown: the gates cell by cell, then the releases."""
    gates = {n.partition(": ")[2]: row["rates"] for n, row in rows.items() if n.startswith("gate")}
    if gates:
        yield from _gates(gates)
        yield ""
    found = {name: row["rates"] for name, row in rows.items() if name.startswith("release")}
    if found:
        yield from _releases(found)


def _gates(cells: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Iterator[str]:
    """False passes; passes and false alarms of the unchanged; alarms if worse by 5, in %."""
    names = list(cells)
    yield _line(["rule", *names])
    yield _line(["---"] * (1 + len(names)))
    for rule in next(iter(cells.values())):
        shown = [_four(cells[name][rule]) for name in names]
        yield _line([rule, *shown])


def _four(rates: Mapping[str, float]) -> str:
    alarm = max(rates["alarm same"], rates["alarm equal"])
    parts = (rates["pass at"], rates["pass same"], alarm, rates["alarm bad"])
    return " / ".join(f"{value:.1f}" if value < 10 else f"{value:.0f}" for value in parts)


def _releases(cells: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    names = list(cells)
    procedures: Sequence[str] = list(next(iter(cells.values())))
    yield _line(["release of ten benchmarks x 300, red in %", *procedures])
    yield _line(["---"] * (1 + len(procedures)))
    for name in names:
        shown = [f"{cells[name][each]:,.1f}" for each in procedures]
        yield _line([name.removeprefix("release, "), *shown])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
