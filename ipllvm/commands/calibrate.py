"""`ipllvm calibrate`: the checker, measured: how often its verdicts are false where the truth is known."""

import argparse
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ipllvm.commands import suite
from ipllvm.errors import UnknownName, UsageError

Save = Callable[[dict[str, Any]], None]
SAMPLES = 300


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm calibrate`."""
    parser.description = (
        "Error rates of the checker on simulated outcomes of known truth: coverage of the bounds, false "
        "verdicts at the margin, power, families of claims and sequential runs, each with its "
        "band."
    )
    parser.add_argument("--quick", action="store_true", help="every tenth cell with 200 runs, in seconds")
    parser.add_argument(
        "--only", action="append", help="only cells or mutants whose name contains this; repeatable"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: cores)")
    parser.add_argument("--json", type=Path, default=None, help="write results here, and resume from them")
    parser.add_argument(
        "--mutants", action="store_true", help="gates on damaged and harmlessly changed models"
    )
    parser.add_argument("--probes", action="store_true", help="which other properties notice those models")
    parser.add_argument("--gates", action="store_true", help="gates of a model against itself")
    parser.add_argument(
        "--rivals", action="store_true", help="gates beside the rules of other tools, on simulated outcomes"
    )
    parser.add_argument(
        "--samples",
        type=int,
        help="samples per gate (default 300; per probe 200); rows of --json with others are measured again",
    )


def main(args: argparse.Namespace) -> int:
    """Run what is missing and print the tables; 1 where a band was not kept or a gate was wrong."""
    from ipllvm.calibration import experiment

    for name in ("workers", "samples"):
        if (number := getattr(args, name)) is not None and number < 1:
            raise UsageError(f"--{name} {number}: give at least 1")
    found: dict[str, Any] = experiment.read(args.json) if args.json else {"schema": experiment.SCHEMA}

    def save(part: str, rows: dict[str, Any]) -> None:
        found[part] = {**found.get(part, {}), **rows}
        if args.json:
            experiment.write(args.json, found)

    if args.rivals:
        return _rivals(args, found.get("rivals", {}), partial(save, "rivals"))
    if not (args.mutants or args.probes or args.gates):
        return _cells(args, found.get("cells", {}), partial(save, "cells"))
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        parts = {
            "mutants": (args.mutants, _mutants),
            "probes": (args.probes, _probes),
            "gates": (args.gates, _gates),
        }
        wrong = [
            measured(args, Path(folder), found.get(name, {}), partial(save, name))
            for name, (asked, measured) in parts.items()
            if asked
        ]
    if args.mutants or args.probes:
        from ipllvm.calibration import effects, models

        usual = {"mutants": SAMPLES, "probes": models.PROBED}
        rows = (models.measured_with(args.samples or n, found.get(part, {})) for part, n in usual.items())
        print("\n".join(effects.table(*rows)))
    return int(any(wrong))


def _asked(args: argparse.Namespace, name: str) -> bool:
    return not args.only or any(part in name for part in args.only)


def _cells(args: argparse.Namespace, earlier: dict[str, Any], save: Save) -> int:
    from ipllvm.calibration import experiment, table
    from ipllvm.calibration.cells import RUNS, within_bands

    chosen = [cell for cell in experiment.cells() if _asked(args, cell.name)]
    if not chosen:
        raise UsageError(f"--only {' '.join(args.only)}: no such cell")
    runs = RUNS
    if args.quick:
        chosen, runs = chosen[::10], experiment.QUICK_RUNS
    same = {name: row for name, row in earlier.items() if row["runs"] == runs}
    rows = experiment.run(chosen, same, args.workers, runs, save)
    print("\n".join(table.lines(rows)))
    return int(not all(map(within_bands, rows.values())))


def _rivals(args: argparse.Namespace, earlier: dict[str, Any], save: Save) -> int:
    from ipllvm.calibration import comparison

    tasks = {name: task for name, task in comparison.tasks().items() if _asked(args, name)}
    if not tasks:
        raise UsageError(f"--only {' '.join(args.only)}: no such cell")
    runs = comparison.QUICK_RUNS if args.quick else comparison.RUNS
    same = {name: row for name, row in earlier.items() if row["runs"] >= runs}
    rows = comparison.run(tasks, same, args.workers, runs, save)
    print("\n".join(comparison.lines(rows)))
    return 0


def _mutants(args: argparse.Namespace, folder: Path, earlier: dict[str, Any], save: Save) -> bool:
    from ipllvm.calibration import gates, models

    return _changed(args, folder, earlier, save, (models.mutant, gates.CHOSEN, args.samples or SAMPLES))


def _probes(args: argparse.Namespace, folder: Path, earlier: dict[str, Any], save: Save) -> bool:
    from ipllvm.calibration import gates, models

    return _changed(args, folder, earlier, save, (models.probe, gates.PROBES, args.samples or models.PROBED))


def _changed(
    args: argparse.Namespace, folder: Path, earlier: dict[str, Any], save: Save, how: tuple[Any, str, int]
) -> bool:
    """Rows of mutants by a function of `models`, on some properties with so many samples."""
    from ipllvm.calibration import models, mutants
    from ipllvm.models.sources import resolve

    task, chosen, samples = how
    properties, source = suite.folder(), resolve(models.MODEL)
    names = [name for name in mutants.BY_NAME if _asked(args, name)]
    if not names:
        raise UnknownName("mutant", " ".join(args.only), mutants.BY_NAME)
    before = models.baseline(properties, folder, samples, chosen)
    tasks = {name: (task, properties, source, folder, before, name, samples) for name in names}
    rows = models.run(tasks, models.measured_with(samples, earlier), args.workers, save)
    return not all(row["right"] for row in rows.values())


def _gates(args: argparse.Namespace, folder: Path, earlier: dict[str, Any], save: Save) -> bool:
    from ipllvm.calibration import models

    properties, samples = suite.folder(), args.samples or SAMPLES
    pairs = {f"pair {i}": (models.pair, properties, folder, i, samples) for i in range(models.PAIRS)}
    same = models.measured_with(samples, earlier)
    rows = models.run(pairs, same, args.workers, save)
    worse = [name for name, row in rows.items() if row["worse"]]
    flipped = sum(row["flipped"] for row in rows.values())
    print(f"{len(rows)} pairs: {flipped} answers flipped, regressions: {', '.join(worse) or 'none'}")
    parts = _halves(same, samples)
    save(parts)
    for name, row in parts.items():
        print(f"{row['splits']} {name}: {row['verdicts']}")
    return bool(worse or parts["halves of draws"]["false_regressions"])


def _halves(earlier: dict[str, Any], samples: int) -> dict[str, Any]:
    from ipllvm.calibration import halves, models

    made = {"halves of draws": halves.of_draws, "halves of samples": halves.of_samples}
    if made.keys() <= earlier.keys():
        return {name: earlier[name] for name in made}
    found = halves.measure(models.MODEL, models.BENCHMARK, samples)
    about = {"samples": samples, "draws": halves.DRAWS}
    return {name: {**about, **split(found)} for name, split in made.items()}
