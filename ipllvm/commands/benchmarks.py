"""`ipllvm benchmarks`: what --benchmark takes, and what of it is on this machine."""

import argparse
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ipllvm.benchmarks.names import EASYVQA, MADE
from ipllvm.commands.listing import Row, first_line, show
from ipllvm.errors import BenchmarkUnavailable
from ipllvm.registry import BENCHMARKS


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm benchmarks`."""
    parser.description = "What --benchmark accepts, and which are on this machine; nothing is downloaded."


def main(args: argparse.Namespace) -> int:
    """Print one line a benchmark."""
    show(map(row, BENCHMARKS))
    return 0


def row(name: str) -> Row:
    """A benchmark, how many samples of it are here, and what it is or why it is not here; asks no network."""
    load = BENCHMARKS.load(name)
    try:
        samples = _count(name, load)
    except BenchmarkUnavailable as error:
        return name, "not here", _how_to_get(name, load, str(error))
    return name, f"{samples:,} samples", _words(name, load)


def _count(name: str, load: Any) -> int:
    """How many samples there are; nothing of ipllvm's own is made or read for it."""
    from ipllvm.benchmarks.definition import Definition

    if isinstance(load, Definition):
        load.copy(offline=True)
        return load.size
    if name in MADE and (not name.startswith(EASYVQA) or find_spec("easy_vqa") is not None):
        return MADE[name]
    return len(load(seed=0).samples)


def _how_to_get(name: str, load: Any, why: str) -> str:
    """The command that fetches a published set, with its size; else why it is not here."""
    size = getattr(load, "size", None)
    return why if size is None else f"ipllvm data get {name}: {size:,} samples"


def _words(name: str, load: object) -> str:
    """What the module says of the benchmark that it is named for, else what its function says."""
    if hasattr(load, "title"):
        return str(load.title)
    title, colon, rest = first_line(import_module(load.__module__)).partition(": ")
    return rest if colon and title == f"`{name}`" else first_line(load)
