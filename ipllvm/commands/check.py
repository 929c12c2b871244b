"""`ipllvm check MODEL [pytest arguments]`: the shipped properties, from anywhere."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ipllvm.commands.plan import suite

PASSES_ON = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm check`."""
    parser.description = "Run the properties on a model; reports go to ./reports. Exit status as pytest's."
    parser.usage = "ipllvm check MODEL [arguments of pytest: -k ..., --samples ..., --benchmark ...]"
    parser.add_argument("model", help="an alias, a folder, or org/name on the hub")


def main(args: argparse.Namespace) -> int:
    """Run pytest on the shipped properties; its exit status."""
    return run(args.model, args.rest)


def run(model: str, rest: Sequence[str]) -> int:
    """Run pytest on the properties that are here or were installed, whatever the working folder holds.

    The configuration file and the root folder are pytest's own business elsewhere: both are named, so
    that neither a checkpoint's folder nor a user's project is taken for them.
    """
    import pytest

    properties = suite().resolve()
    return int(pytest.main([*_rooted(properties), f"--model={model}", *rest, str(properties)]))


def _rooted(properties: Path) -> list[str]:
    root = properties.parent
    own = root / "pyproject.toml"
    plain = ["-c", str(own)] if own.is_file() else ["-c", "/dev/null", "--import-mode=importlib"]
    return [f"--rootdir={root}", *plain, "-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
