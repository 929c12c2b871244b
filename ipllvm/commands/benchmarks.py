"""`ipllvm benchmarks`: what --benchmark takes, and what of it is on this machine."""

import argparse
import os
from importlib import import_module

from ipllvm.commands.listing import Row, first_line, show
from ipllvm.errors import BenchmarkUnavailable
from ipllvm.registry import BENCHMARKS


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm benchmarks`."""
    parser.description = "What --benchmark takes, and what of it is on this machine; nothing is downloaded."


def main(args: argparse.Namespace) -> int:
    """Print one line a benchmark."""
    show(map(row, BENCHMARKS))
    return 0


def row(name: str) -> Row:
    """A benchmark, how many samples of it are here, and what it is or why it is not here."""
    os.environ["HF_HUB_OFFLINE"] = "1"  # read when the hub's client is first imported
    load = BENCHMARKS.load(name)
    try:
        found = load(seed=0)
    except BenchmarkUnavailable as error:
        return name, "not here", str(error)
    return name, f"{len(found.samples):,} samples", _words(name, load)


def _words(name: str, load: object) -> str:
    """What the module says of the benchmark that it is named for, else what its function says."""
    if hasattr(load, "title"):
        return str(load.title)
    title, colon, rest = first_line(import_module(load.__module__)).partition(": ")
    return rest if colon and title == f"`{name}`" else first_line(load)
