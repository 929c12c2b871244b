"""`ipllvm plan [pytest arguments]`: trials, passes, tokens, time and memory, before any weight is read."""

import argparse
from pathlib import Path

from ipllvm.commands import suite
from ipllvm.errors import UsageError

PASSES_ON = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm plan`."""
    parser.description = "What `pytest properties ARGUMENTS` would run, and what it would cost."
    parser.usage = "ipllvm plan [MODEL] [arguments of pytest: --model=..., -k ...]"


def main(args: argparse.Namespace) -> int:
    """Collect and count; pytest's exit status."""
    rest = list(args.rest)
    if rest and args.words[0] == rest[0] and not rest[0].startswith("-"):
        rest[0] = f"--model={rest[0]}"  # as `ipllvm check MODEL` takes it; pytest would take it for tests
    elif any(Path(word).is_dir() for word in rest):
        folder = next(word for word in rest if Path(word).is_dir())
        raise UsageError(f"{folder}: name the model first, or write --model={folder}")
    return suite.run(["--plan", "-q", *rest])
