"""The experiment of statistics.md 7: which cells there are, and running them, resumably.

A cell's seeds come from its name and the run's number alone, so that its rates are the same whatever
else is run, in whatever order and on how many processes.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

from ipllvm.calibration import catalogue
from ipllvm.calibration.cells import RUNS, Cell, measure, within_bands
from ipllvm.calibration.distributions import Design, Flips, Retention
from ipllvm.calibration.fixed import AtMargin, Bounds, Power, TenClaims
from ipllvm.calibration.ratios import RatioGate
from ipllvm.calibration.sequences import SequentialErrors, Share
from ipllvm.errors import UsageError
from ipllvm.safety import reading, writing

SCHEMA = "ipllvm-calibration/1"
QUICK_RUNS = 200
SIZES = tuple(product((50, 300, 1500), (1, 2, 10)))
_ONE_WAY = tuple(Flips(drop) for drop in (0.02, 0.05, 0.20))
_BOTH_WAYS = tuple(Flips.of(drop, 0.08 + drop) for drop in (0.0, 0.02, 0.05, 0.20))


def cells() -> Iterator[Cell]:
    """Every cell, by what it is about."""
    designs = [Design(n, size, rho_c=0.3) for n, size in SIZES]
    drawn = [Design(n, size, 5, rho_c=0.2, rho_k=0.4) for n, size in SIZES]
    for law, design in product([*_ONE_WAY, *_BOTH_WAYS], [*designs, *drawn]):
        yield Bounds(law, design)
    for share, design in product((0.9, 0.98), designs):
        yield Bounds(Retention(share), design)
    for law, design in product((_ONE_WAY[0], _BOTH_WAYS[1], _BOTH_WAYS[2]), designs):
        yield AtMargin(law, design)
    for design in (*designs[:3], *drawn[3:6]):
        yield AtMargin(_BOTH_WAYS[1], design, "at_least")
    for n, size, draws, side in product((300, 1500), (1, 10), (1, 5), (-1, 1)):
        # Samples of a cluster correlate by 0.1 in what is left after averaging over draws, as planned.
        repeats = (1 + (draws - 1) * 0.4) / draws
        yield Power(Design(n, size, draws, rho_c=0.1 * repeats, rho_k=0.4), side)
    for inside, shared in product((2.0, -5.0), (False, True)):
        yield TenClaims((2.0,) * 5 + (inside,) * 5, shared, Design(300))
    for (then, now), n, size in product(((0.80, 0.75), (0.92, 0.90)), (300, 1500), (1, 10)):
        yield RatioGate(then, now, Design(n, size, rho_c=0.1))
    yield from _sequential()
    yield from catalogue.cells()


def _sequential() -> Iterator[Cell]:
    designs = [Design(300), Design(1500), Design(1500, 10, rho_c=0.1)]
    for changed, design, benchmark in product((0.05, 0.20), designs, (False, True)):
        yield SequentialErrors(Flips.of(0.02, changed), design, benchmark)
    for changed, design in product((0.05, 0.10, 0.20), designs):
        yield Share(-5.0, changed, design)
    for design in designs[:2]:
        yield Share(5.0, 0.10, design)


@contextmanager
def processes(workers: int, **how: Any) -> Iterator[ProcessPoolExecutor]:
    """A pool of so many; where its user is interrupted nothing is begun that has not been."""
    with ProcessPoolExecutor(workers, **how) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def run(
    chosen: Sequence[Cell],
    known: dict[str, Any],
    workers: int,
    runs: int = RUNS,
    save: Callable[[dict[str, Any]], None] = lambda rows: None,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Rows by the cells' names, in their order; `known` ones are kept, `save` is told after each."""
    found = {cell.name: known[cell.name] for cell in chosen if cell.name in known}
    missing = [cell for cell in chosen if cell.name not in found]
    began = time.monotonic()
    with processes(workers) as pool:
        waiting = {pool.submit(measure, cell, runs): cell.name for cell in missing}
        for done, future in enumerate(as_completed(waiting), start=1):
            name = waiting[future]
            found[name] = future.result()
            words = "" if within_bands(found[name]) else "  NOT KEPT"
            say(f"{done}/{len(missing)} {time.monotonic() - began:.0f} s  {name}{words}")
            save(found)
    return {cell.name: found[cell.name] for cell in chosen}


def read(path: Path) -> dict[str, Any]:
    """What a file of results holds, an empty one where there is none.

    Raises UsageError for a file of anything else, which would be written over.
    """
    try:
        found: Any = reading.json_file(path)
    except FileNotFoundError:
        return {"schema": SCHEMA}
    except (OSError, ValueError) as error:
        raise UsageError(f"--json {path}: no results of ipllvm calibrate: {error}") from error
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise UsageError(f"--json {path}: no results of ipllvm calibrate, schema {SCHEMA}: name another file")
    return found


def write(path: Path, found: dict[str, Any]) -> None:
    """The file, whole or not at all: a line for each result."""
    writing.make_folder(path.parent)
    parts = (f" {json.dumps(name)}: {_lines(part)}" for name, part in found.items())
    writing.replace(path, "{\n" + ",\n".join(parts) + "\n}\n")


def _lines(part: Any) -> str:
    """A part of the results, each of its rows on a line."""
    if not isinstance(part, dict) or not part:
        return json.dumps(part)
    rows = (f"  {json.dumps(name)}: {json.dumps(row, separators=(',', ':'))}" for name, row in part.items())
    return "{\n" + ",\n".join(rows) + "\n }"
