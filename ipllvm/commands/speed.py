"""`ipllvm speed --model M`: the same trials by plain `generate` and by the engine, side by side."""

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipllvm.errors import NotTested, UnknownName, UsageError, first_line

if TYPE_CHECKING:
    from ipllvm.models.transformers_model import TransformersModel
    from ipllvm.records import Benchmark

PICTURES = (".svg", ".png")
BENCHMARK = "scenes"
MODEL = "llava-tiny"
GROWTH_BATCH = 8
EVIDENCE = "looks"
"""Six looks decide more than bets at any time, which end sooner where samples are many."""
SECONDS = 30.0
"""For a workload of a synthetic shape."""
APART = {
    "--verdict": ("--growth", "--synthetic", "--checks", "--plot"),
    "--growth": ("--synthetic", "--model", "--checks", "--plot"),
    "--synthetic": ("--model",),
}
OF_VERDICT = ("--profile", "--evidence", "--property")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm speed`."""
    parser.description = (
        "Trials per second: plain generate one by one and in batches, the engine, and its floor (the "
        "engine's matrix products alone, with and without attention); also the share of time that the model "
        "is idle, and peak memory including weights."
    )
    parser.add_argument("--model", default=MODEL, help=f"alias, hub id or folder (default {MODEL})")
    parser.add_argument(
        "--synthetic",
        default="",
        metavar="SHAPE",
        help="random weights of real shapes, made on the device, in place of --model: any of llava-1.5-7b, "
        "llava-120m, llava_next-small, llava_onevision-small, qwen2_vl-small and tiny, comma-separated",
    )
    parser.add_argument("--benchmark", default=BENCHMARK, help=f"default {BENCHMARK}")
    parser.add_argument(
        "--samples", type=int, default=32, help="samples of the largest workload (default 32)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=None,
        help="approximate limit per workload, by fewer trials (default: 30 with --synthetic, else none)",
    )
    parser.add_argument(
        "--batch-size", type=int, default=None, help="of the engine (default: found by trial)"
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--only", default="", help="only workloads whose name contains this")
    parser.add_argument("--json", type=Path, default=None, help="write the figures here")
    parser.add_argument(
        "--checks",
        type=Path,
        metavar="FOLDER",
        help="also check the device (exactness, near ties, memory, attention kernels); all figures "
        "go to FOLDER, under the card's name",
    )
    _of_verdict(parser)
    parser.add_argument(
        "--growth",
        action="store_true",
        help="time and memory by samples, draws, groups, layers, answers, pictures and models (synthetic)",
    )
    parser.add_argument(
        "--plot", type=Path, default=None, help="cost by draws, samples and groups, as .svg or .png"
    )


def _of_verdict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--verdict",
        action="store_true",
        help="time of ipllvm check --sequential with an empty and with a full store, against the same claims "
        "at the profile's fixed sample size by plain generate one by one",
    )
    parser.add_argument("--profile", default="", metavar="NAME", help="of --verdict: quick, paper or audit")
    parser.add_argument(
        "--evidence", default=EVIDENCE, help=f"of --verdict: bets or looks (default {EVIDENCE})"
    )
    parser.add_argument(
        "--property",
        action="append",
        default=[],
        metavar="NAME",
        help="of --verdict, repeatable (default: all)",
    )


def main(args: argparse.Namespace) -> int:
    """Time every workload of each model and print the table."""
    from ipllvm.speed.measure import table

    _require_one_measurement(args)
    _check(args)
    if args.verdict:
        return _verdict(args)
    if args.growth:
        return _growth(args)
    figures, rows = [], []
    for name in _shapes(args.synthetic) or [""]:
        about = _timed(args, name)
        figures.append(about)
        rows += [{"model": about["model"], **row} if "," in args.synthetic else row for row in about["rows"]]
    print("\n".join(["", *table(rows), *(about.pop("line") for about in figures)]))
    if args.plot is not None:
        _draw(args.plot, figures[0]["costs"])
    _write(args.json, figures[0] if len(figures) == 1 else figures)
    return 0


def _verdict(args: argparse.Namespace) -> int:
    """Time a session of the properties."""
    from ipllvm.commands import suite
    from ipllvm.speed.verdict import measured

    def session(words: Sequence[str], folder: Path) -> int:
        return suite.run(words, suite.cache(folder), [])

    words = ["--report-only", *(f"--property={name}" for name in args.property)]
    words += [f"--benchmark={args.benchmark}"] if args.benchmark != BENCHMARK else []
    words += [f"--device={args.device}"] if args.device != "auto" else []
    words += [f"--profile={args.profile}"] if args.profile else []
    found = measured(args.model, words, ["--sequential", f"--evidence={args.evidence}"], session)
    print("\n".join(found.lines()))
    _write(args.json, found.row())
    return 0


def _growth(args: argparse.Namespace) -> int:
    """Time what grows."""
    from ipllvm.benchmarks import choice
    from ipllvm.models import devices
    from ipllvm.speed import growth

    device = devices.choose_device(args.device)
    dtype = devices.choose_dtype(args.dtype, device)
    found = list(growth.costs(device, dtype, choice.load(args.benchmark), args.batch_size or GROWTH_BATCH))
    print("\n".join(growth.table(found)))
    _write(args.json, {"costs": growth.rows(found), "exponents": growth.exponents(found)})
    return 0


def _write(path: Path | None, found: object) -> None:
    if path is not None:
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _timed(args: argparse.Namespace, synthetic: str) -> dict[str, Any]:
    """The figures of one model, each workload printed as it is done."""
    from torch import OutOfMemoryError

    from ipllvm.artifacts import Artifacts, saliency
    from ipllvm.engine.batch_size import choose
    from ipllvm.models.devices import device_name
    from ipllvm.speed.costs import LIKE, costs
    from ipllvm.speed.device_checks import checked
    from ipllvm.speed.measure import Bench, table
    from ipllvm.speed.prefill import prefill
    from ipllvm.speed.summary import file_name
    from ipllvm.speed.workloads import workloads

    model, benchmark = _subject(args, synthetic)
    provider = saliency.load()
    size = args.batch_size or choose(model, benchmark.samples)
    seconds = args.seconds or (SECONDS if synthetic else None)
    bench = Bench(model, Artifacts({"saliency": provider}), size, seconds, bool(synthetic))
    found = workloads(model, benchmark, args.samples, 4, provider.identity)
    chosen = [workload for workload in found if args.only in workload.name]
    if not chosen:
        raise UsageError(f"--only {args.only}: no such workload: {', '.join(w.name for w in found)}")
    rows: list[dict[str, Any]] = []
    for workload in chosen:
        try:
            rows.append(bench.time(workload).row())
        except (NotTested, OutOfMemoryError) as error:
            print(f"{workload.name}: not timed: {first_line(error)}", flush=True)
            continue
        print(table(rows[-1:])[1] if len(rows) > 1 else "\n".join(table(rows)), flush=True)
    reached = prefill(model, benchmark, size)
    about: dict[str, Any] = {
        "card": device_name(model.device),
        "model": model.name, "device": str(model.device), "dtype": str(model.dtype), "batch_size": size,
        "line": f"{model.name} on {model.device}, batches of {size}; {reached}",
        "prefill": asdict(reached), "rows": rows,
    }  # fmt: skip
    if args.plot is not None:
        rates = {row["name"]: row["batched"] for row in rows}
        rates |= {w.name: bench.generate(w) for w in found if w.name in LIKE.values() and w.name not in rates}
        about["costs"] = [asdict(cost) for cost in costs(bench, benchmark, args.samples, rates)]
    if args.checks is not None:
        file = args.checks / file_name(f"{about['card']} {about['model']}")
        _write(file, about)  # what was timed stays where a check breaks off
        about |= checked(model, benchmark, size, reached.share)
        _write(file, about)
    return about


def _require_one_measurement(args: argparse.Namespace) -> None:
    """Raises UsageError for an option that the measurement which is asked for would pass over."""
    given = {
        "--verdict": args.verdict, "--growth": args.growth, "--synthetic": bool(args.synthetic),
        "--model": args.model != MODEL, "--checks": args.checks is not None, "--plot": args.plot is not None,
        "--profile": bool(args.profile), "--evidence": args.evidence != EVIDENCE,
        "--property": bool(args.property),
    }  # fmt: skip
    for one, others in APART.items():
        for other in others:
            if given[one] and given[other]:
                raise UsageError(f"{one} goes without {other}: it would be passed over")
    for name in OF_VERDICT:
        if given[name] and not args.verdict:
            raise UsageError(f"{name} goes with --verdict alone")


def _shapes(names: str) -> list[str]:
    """The shapes that are named with commas between; raises UnknownName before any is timed."""
    if not names:
        return []
    from ipllvm.speed.shapes import SHAPES

    found = names.split(",")
    for name in found:
        if name not in SHAPES:
            raise UnknownName("synthetic model", name, SHAPES)
    return found


def _check(args: argparse.Namespace) -> None:
    if args.samples < 4:
        raise UsageError(f"--samples {args.samples}: give at least 4")
    if args.seconds is not None and not 0 < args.seconds < float("inf"):
        raise UsageError(f"--seconds {args.seconds}: give more than 0")
    if args.batch_size is not None and args.batch_size < 1:
        raise UsageError(f"--batch-size {args.batch_size}: give at least 1")
    for option, path in (("--json", args.json), ("--plot", args.plot)):
        if path is not None and (path.is_dir() or not os.access(path.absolute().parent, os.W_OK)):
            raise UsageError(f"{option} {path}: can't be written: give a file in a folder that is there")
    if args.checks is not None and not (args.checks.is_dir() and os.access(args.checks, os.W_OK)):
        raise UsageError(f"--checks {args.checks}: give a folder that is there and can be written")
    if args.plot is not None and args.plot.suffix not in PICTURES:
        raise UsageError(f"--plot {args.plot}: give a name that ends in {' or '.join(PICTURES)}")


def _subject(args: argparse.Namespace, name: str) -> "tuple[TransformersModel, Benchmark]":
    """The model that is timed, and what it is asked."""
    from ipllvm.benchmarks import choice
    from ipllvm.models import devices, loading
    from ipllvm.models.transformers_model import TransformersModel
    from ipllvm.speed import synthetic

    benchmark = choice.load(args.benchmark)
    if name:
        device = devices.choose_device(args.device)
        made = synthetic.make(name, device, devices.choose_dtype(args.dtype, device))
        return made, synthetic.fitted(benchmark, name)
    model = loading.load(args.model, device=args.device, dtype=args.dtype)
    if not isinstance(model, TransformersModel):
        raise UsageError(f"--model {args.model}: only models of transformers can be timed")
    return model, benchmark


def _draw(path: Path, rows: list[dict[str, Any]]) -> None:
    from ipllvm.reporting import canvas
    from ipllvm.reporting.costs import costs

    if path.suffix == ".svg":
        path.write_text(canvas.svg(lambda: costs(rows), "costs"), encoding="utf-8")
    else:
        path.write_bytes(canvas.png(lambda: costs(rows), "costs"))
