"""`ipllvm plan [pytest arguments]`: trials, passes, tokens, time and memory, before any weight is read."""

import argparse

from ipllvm.commands import suite

PASSES_ON = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm plan`."""
    parser.description = "What `pytest properties ARGUMENTS` would run, and what it would cost."
    parser.usage = "ipllvm plan [arguments of pytest: --model=..., -k ...]"


def main(args: argparse.Namespace) -> int:
    """Collect and count; pytest's exit status."""
    return suite.run(["--plan", "-q", *args.rest])
