"""What a gate makes of mutants, of the same model again, and of halves of what was measured."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from ipllvm import baselines, verdicts
from ipllvm.baselines import Baseline, Entry
from ipllvm.calibration.checkpoints import mutate
from ipllvm.calibration.gates import CHOSEN, Suite, preload
from ipllvm.calibration.mutants import BY_NAME, HARMLESS
from ipllvm.records import Decision
from ipllvm.sampling import generator

MODEL = "llava-tiny"
BENCHMARK = "scenes"
PAIRS, HALVES = 20, 200
_SETTINGS = ("-k", CHOSEN, f"--benchmark={BENCHMARK}", "--draws=1")

Row = dict[str, Any]
Save = Callable[[dict[str, Row]], None]


def baseline(properties: Path, folder: Path, samples: int | str = "all") -> Path:
    """Measure the model as every gate on mutants does, and keep it as the baseline: where it is."""
    suite = Suite(properties, folder / f"baseline-{samples}", (*_SETTINGS, f"--samples={samples}"))
    suite.save(MODEL)
    return suite.baseline


def mutant(properties: Path, source: Path, folder: Path, before: Path, name: str, samples: int) -> Row:
    """The gate on one mutant; `right` where a harmful one is caught or refused, a harmless one is neither."""
    suite = Suite(properties, folder / f"run-{name}", (*_SETTINGS, f"--samples={samples}"))
    written = mutate(source, BY_NAME[name], folder / name)
    suite.baseline.parent.mkdir(parents=True, exist_ok=True)
    suite.baseline.write_bytes(before.read_bytes())
    found = suite.gate(str(written))
    harmless = BY_NAME[name] in HARMLESS
    caught = bool(found["worse"]) or found["refused"]
    about = (BY_NAME[name].__doc__ or "").strip().partition("\n")[0]
    return {"about": about, "harmless": harmless, "caught": caught, "right": caught != harmless, **found}


def pair(properties: Path, folder: Path, number: int, samples: int) -> Row:
    """An A/A gate: the model against itself in other batches, and every fifth time in two processes."""
    size, other = (int(x) for x in generator("pair", number).choice([1, 3, 8, 16, 32, 50], 2, replace=False))
    told = (*_SETTINGS, f"--samples={samples}", f"--seed={number}", "--no-store")
    suite = Suite(properties, folder / f"pair-{number}", told)
    first = replace(suite, arguments=(*told, f"--batch-size={size}"))
    first.save(MODEL)
    workers = ("-n2",) if number % 5 == 0 else ()
    found = suite.gate(MODEL, f"--batch-size={other}", *workers)
    flipped = sum(sum(row["discordant"]) for row in found["claims"].values())
    return {"batches": [size, other], "workers": 1 + bool(workers), "flipped": flipped, **found}


def run(tasks: dict[str, tuple[Any, ...]], known: dict[str, Row], workers: int, save: Save) -> dict[str, Row]:
    """Rows by name; a task is a function of this module and its arguments. `known` ones are kept."""
    preload()
    found = {name: known[name] for name in tasks if name in known}
    with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
        waiting = {pool.submit(*task): name for name, task in tasks.items() if name not in found}
        for future in as_completed(waiting):
            found[waiting[future]] = future.result()
            save(found)
            print(f"{waiting[future]}: {line(future.result())}", flush=True)
    return {name: found[name] for name in tasks}


def line(row: Row) -> str:
    """A gate's finding in a line."""
    if row["refused"]:
        return f"refused, {row['seconds']:.0f} s"
    changes = ", ".join(
        f"{claim} {change['value']:+.1f} [{change['low']:.1f}, {change['high']:.1f}] {change['verdict']}"
        for claim, change in row["claims"].items()
    )
    return f"{changes}; {row['seconds']:.0f} s"


def halves(measured: Baseline, splits: int = HALVES) -> Row:
    """Gates between disjoint halves of what one run measured, cluster by cluster: nothing is worse.

    In each split the clusters of equal size are dealt to two halves at random, and those of the second
    take the place of the first half's: two sets of samples of one model, as unlike as samples can be.
    """
    found: Counter[str] = Counter()
    for split in range(splits):
        for entry in measured.entries.values():
            first, second = _dealt(entry, generator("halves", split, *entry.key))
            contrast, _ = baselines.difference(first, second)
            claim = replace(entry.claim, direction="at_most", margin=entry.claim.regression_margin)
            found[f"{entry.key[1]} {verdicts.decide(contrast, claim).decision}"] += 1
    false = sum(count for name, count in found.items() if name.endswith(Decision.VIOLATED))
    return {"splits": splits, "false_regressions": false, "verdicts": dict(sorted(found.items()))}


def _dealt(entry: Entry, rng: np.random.Generator) -> tuple[Entry, Entry]:
    """Two halves with the same ids and clusters, the first's."""
    rows: dict[str, list[int]] = {}
    for row, cluster in enumerate(entry.clusters):
        rows.setdefault(cluster, []).append(row)
    first, second = [list[int](), list[int]()]
    for size in sorted({len(each) for each in rows.values()}):
        alike = [each for each in rows.values() if len(each) == size]
        order = rng.permutation(len(alike))[: len(alike) // 2 * 2]
        first += [row for place in order[::2] for row in alike[place]]
        second += [row for place in order[1::2] for row in alike[place]]
    named = replace(
        entry,
        samples=tuple(entry.samples[row] for row in first),
        clusters=tuple(entry.clusters[row] for row in first),
        n_error=0,
    )
    taken = (replace(named, values=tuple(entry.values[row] for row in part)) for part in (first, second))
    return next(taken), next(taken)


def table(rows: dict[str, Row]) -> Iterator[str]:
    """The mutants, harmful ones first: what caught each, at what effect in points."""
    yield f"{'mutant':<24}{'caught by':<40}regression of the clean score, points"
    for name, row in rows.items():
        clean = row["claims"].get("clean_score")
        by = "refused" if row["refused"] else _words(row["worse"]) or "-"
        effect = f"{clean['value']:.1f} [{clean['low']:.1f}, {clean['high']:.1f}]" if clean else ""
        flag = "" if row["right"] else "  WRONG"
        yield f"{name:<24}{by:<40}{effect}{flag}"


def _words(names: Sequence[str]) -> str:
    return ", ".join(names)
