"""`ipllvm benchmarks`: what --benchmark takes, and what of it is on this machine."""

import argparse
import os
from importlib import import_module

from ipllvm.commands.listing import first_line, show
from ipllvm.errors import BenchmarkUnavailable
from ipllvm.registry import BENCHMARKS


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm benchmarks`."""
    parser.description = "What --benchmark takes; nothing is downloaded."


def main(args: argparse.Namespace) -> int:
    """Print one line a benchmark."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    show([_row(name) for name in BENCHMARKS])
    return 0


def _row(name: str) -> tuple[str, str, str]:
    load = BENCHMARKS.load(name)
    words = first_line(load)
    if not words:
        words = first_line(import_module(load.__module__))
    try:
        found = load(seed=0)
    except BenchmarkUnavailable as error:
        return name, "not here", str(error)
    return name, f"{len(found.samples):,} samples", words
