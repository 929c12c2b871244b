"""The `ipllvm` command: what there is, and what runs have left. Imports lazily: help costs nothing."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from ipllvm.errors import IpllvmError

COMMANDS = {
    "audit": "everything that is measured of a model, in every view, with checksums",
    "benchmarks": "what --benchmark takes, and what of it is here",
    "calibrate": "the checker, measured: false verdicts where the truth is known",
    "check": "run the properties on a model, from anywhere",
    "compare": "saved baselines against each other, without a model",
    "doctor": "versions, devices, memory, caches; what is missing and how to get it",
    "models": "what --model takes, and what of it is here",
    "perturbations": "what models are put through",
    "plan": "what a run would do and cost, before any weight is read",
    "properties": "what is checked",
    "report": "the views of a report again, from its JSON, without the model",
    "speed": "trials a second: plain generate, the engine, its matrix products alone",
    "store": "the outcomes that runs have left: info, verify, merge",
}
"""Each is a module of ipllvm.commands with `arguments(parser)` and `main(args)`; with PASSES_ON it takes
arguments that it does not know as `args.rest`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; its exit status, or 4 after one line where it can't be done."""
    parser = argparse.ArgumentParser(
        prog="ipllvm", description="Property checks of large language-and-vision models."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    asked = next((word for word in (sys.argv[1:] if argv is None else argv) if word in COMMANDS), None)
    for name, words in COMMANDS.items():
        sub = commands.add_parser(name, help=words)
        if name == asked:
            import_module(f"ipllvm.commands.{name}").arguments(sub)
    args, rest = parser.parse_known_args(argv)
    args.rest = rest
    module = import_module(f"ipllvm.commands.{args.command}")
    if rest and not getattr(module, "PASSES_ON", False):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        status: int = module.main(args)
    except IpllvmError as error:
        print(f"ipllvm {args.command}: {error}", file=sys.stderr)
        return 4
    return status
