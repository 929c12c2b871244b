"""What a gate makes of mutants and of the same model again."""

from collections.abc import Callable, Mapping
from concurrent.futures import as_completed
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ipllvm.calibration.checkpoints import mutate
from ipllvm.calibration.experiment import processes
from ipllvm.calibration.gates import CHOSEN, PROBES, Suite, preload
from ipllvm.calibration.mutants import BY_NAME, HARMLESS
from ipllvm.sampling import generator
from ipllvm.verdicts.worse import POOLED

MODEL = "llava-tiny"
BENCHMARK = "scenes"
PAIRS = 20
PROBED = 200
"""Questions of a probe unless told otherwise: occlusion alone asks each of them some 30 times."""

Row = dict[str, Any]
Save = Callable[[dict[str, Row]], None]


def settings(chosen: str, samples: int | str) -> tuple[str, ...]:
    """What every session about some properties is told."""
    return ("-k", chosen, f"--benchmark={BENCHMARK}", "--draws=1", f"--samples={samples}")


def baseline(properties: Path, folder: Path, samples: int | str = "all", chosen: str = CHOSEN) -> Path:
    """Measure the model as every gate on mutants does, and keep it as the baseline: where it is."""
    suite = Suite(properties, folder / f"baseline-{samples}-{chosen == CHOSEN}", settings(chosen, samples))
    suite.save(MODEL)
    return suite.baseline


def mutant(
    properties: Path, source: Path, folder: Path, before: Path, name: str, samples: int, chosen: str = CHOSEN
) -> Row:
    """The gate on one mutant; `right` where a harmful one is caught or refused, a harmless one is neither."""
    suite = Suite(properties, folder / f"run-{name}-{chosen == CHOSEN}", settings(chosen, samples))
    written = mutate(source, BY_NAME[name], suite.folder / name)
    suite.baseline.parent.mkdir(parents=True, exist_ok=True)
    suite.baseline.write_bytes(before.read_bytes())
    found = suite.gate(str(written))
    harmless = BY_NAME[name] in HARMLESS
    caught = bool(found["worse"]) or found["refused"]
    about = (BY_NAME[name].__doc__ or "").strip().partition("\n")[0]
    row = {"about": about, "harmless": harmless, "caught": caught, "right": caught != harmless}
    return {**row, "samples": samples, **found}


def probe(properties: Path, source: Path, folder: Path, before: Path, name: str, samples: int) -> Row:
    """What the properties that a gate leaves out see of a mutant; `right` unless a harmless one is seen.

    They are observations, which change no exit status: `moved` are the claims that moved either way by
    more than the regression margin.
    """
    found = mutant(properties, source, folder, before, name, samples, PROBES)
    moved = [claim for claim, change in found["claims"].items() if beyond(change)]
    return {**found, "moved": moved, "right": not (found["harmless"] and moved)}


def beyond(change: Row) -> bool:
    """Whether a change is larger than its margin, for better or worse."""
    high = change["high"]
    return bool(change["verdict"] == "VIOLATED" or (high is not None and high < -change["margin"]))


def pair(properties: Path, folder: Path, number: int, samples: int) -> Row:
    """An A/A gate: the model against itself in other batches, and every fifth time in two processes."""
    size, other = (int(x) for x in generator("pair", number).choice([1, 3, 8, 16, 32, 50], 2, replace=False))
    told = (*settings(CHOSEN, samples), f"--seed={number}", "--no-store")
    suite = Suite(properties, folder / f"pair-{number}", told)
    first = replace(suite, arguments=(*told, f"--batch-size={size}"))
    first.save(MODEL)
    workers = ("-n2",) if number % 5 == 0 else ()
    found = suite.gate(MODEL, f"--batch-size={other}", *workers)
    flipped = sum(sum(row["discordant"]) for claim, row in found["claims"].items() if claim != POOLED)
    how = {"samples": samples, "batches": [size, other], "workers": 1 + bool(workers)}
    return {**how, "flipped": flipped, **found}


def measured_with(samples: int, rows: dict[str, Row]) -> dict[str, Row]:
    """Those of the rows that were measured with so many samples; one that does not say is none."""
    return {name: row for name, row in rows.items() if row.get("samples") == samples}


def run(tasks: dict[str, tuple[Any, ...]], known: dict[str, Row], workers: int, save: Save) -> dict[str, Row]:
    """Rows by name; a task is a function of this module and its arguments. `known` ones are kept."""
    preload()
    found = {name: known[name] for name in tasks if name in known}
    with processes(workers, mp_context=get_context("fork")) as pool:
        waiting = {pool.submit(*task): name for name, task in tasks.items() if name not in found}
        for future in as_completed(waiting):
            found[waiting[future]] = future.result()
            save(found)
            print(f"{waiting[future]}: {line(future.result())}", flush=True)
    return {name: found[name] for name in tasks}


def worse_by(change: Mapping[str, Any], form: str = ".1f") -> str:
    """By how many points something got worse, with its interval; n/a where that can't be told.

    >>> worse_by({"value": 1.26, "low": 0.2, "high": 2.3}), worse_by({"value": None})
    ('1.3 [0.2, 2.3]', 'n/a')
    """
    if change["value"] is None:
        return "n/a"
    return f"{change['value']:{form}} [{change['low']:.1f}, {change['high']:.1f}]"


def line(row: Row) -> str:
    """A gate's finding in a line."""
    if row["refused"]:
        return f"refused, {row['seconds']:.0f} s"
    changes = ", ".join(
        f"{claim} {worse_by(change, '+.1f')} {change['verdict']}" for claim, change in row["claims"].items()
    )
    return f"{changes}; {row['seconds']:.0f} s"
