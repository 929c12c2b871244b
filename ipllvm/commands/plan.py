"""`ipllvm plan [pytest arguments]`: trials, passes, tokens, time and memory, before any weight is read."""

import argparse
from pathlib import Path

import ipllvm
from ipllvm.errors import UsageError

PASSES_ON = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm plan`."""
    parser.description = "What `pytest properties ARGUMENTS` would run, and what it would cost."
    parser.usage = "ipllvm plan [arguments of pytest: --model=..., -k ...]"


def main(args: argparse.Namespace) -> int:
    """Collect and count; pytest's exit status."""
    import pytest

    return int(pytest.main([str(suite()), "--plan", "-q", "-p", "no:cacheprovider", *args.rest]))


def suite() -> Path:
    """The properties here, else those that were installed; raises UsageError where there are none."""
    package = Path(ipllvm.__file__).parent
    for place in (Path("properties"), package / "_suite" / "properties", package.parent / "properties"):
        if place.is_dir():
            return place
    raise UsageError("no properties found: run it in a checkout, or install ipllvm from its wheel")
