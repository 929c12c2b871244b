"""`ipllvm speed --model M`: the same trials by plain `generate` and by the engine, side by side."""

import argparse
import json
from pathlib import Path

from ipllvm.errors import UsageError


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm speed`."""
    parser.description = "Trials a second of plain generate, alone and in batches, and of the engine."
    parser.add_argument("--model", default="llava-tiny", help="alias, hub id or folder (default llava-tiny)")
    parser.add_argument("--benchmark", default="scenes", help="default scenes")
    parser.add_argument("--samples", type=int, default=32, help="of the largest workload (default 32)")
    parser.add_argument("--batch-size", type=int, default=None, help="of the engine (default: what fits)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--only", default="", help="workloads whose name holds this")
    parser.add_argument("--json", type=Path, default=None, help="write the figures here")


def main(args: argparse.Namespace) -> int:
    """Time every workload and print the table."""
    from ipllvm.artifacts import Artifacts, saliency
    from ipllvm.engine.batch_size import choose
    from ipllvm.models.loading import load
    from ipllvm.models.transformers_model import TransformersModel
    from ipllvm.registry import BENCHMARKS
    from ipllvm.speed.measure import Bench, table
    from ipllvm.speed.workloads import workloads

    if args.samples < 4:
        raise UsageError(f"--samples {args.samples}: give at least 4")
    model = load(args.model, device=args.device, dtype=args.dtype)
    if not isinstance(model, TransformersModel):
        raise UsageError(f"--model {args.model}: only models of transformers can be timed")
    provider = saliency.load()
    benchmark = BENCHMARKS.load(args.benchmark)(seed=0)
    size = args.batch_size or choose(model, benchmark.samples)
    bench = Bench(model, Artifacts({"saliency": provider}), size)
    found = workloads(model, benchmark, args.samples, 4, provider.identity)
    chosen = [workload for workload in found if args.only in workload.name]
    if not chosen:
        raise UsageError(f"--only {args.only}: no such workload: {', '.join(w.name for w in found)}")
    rows = []
    for workload in chosen:
        rows.append(bench.time(workload).row())
        print(table(rows[-1:])[1] if len(rows) > 1 else "\n".join(table(rows)), flush=True)
    print("\n".join(["", *table(rows)]))
    if args.json is not None:
        about = {"model": model.name, "device": str(model.device), "dtype": str(model.dtype), "rows": rows}
        args.json.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return 0
