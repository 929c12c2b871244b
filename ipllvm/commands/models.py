"""`ipllvm models`: what --model takes, and what of it is on this machine."""

import argparse
import json
from collections.abc import Iterator

from ipllvm.commands.listing import show
from ipllvm.errors import ModelUnavailable
from ipllvm.models import sources
from ipllvm.registry import PLANTED


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm models`."""
    parser.description = "What --model takes: a name below, a folder, or org/name on the hub."


def main(args: argparse.Namespace) -> int:
    """Print one line a model."""
    show([*_embedded(), *_aliases(), *_planted()])
    return 0


def _embedded() -> Iterator[tuple[str, str, str]]:
    for name in sources.EMBEDDED:
        try:
            config = json.loads((sources.resolve(name, offline=True) / "config.json").read_text("utf-8"))
        except ModelUnavailable as error:
            yield name, "missing", str(error)
        else:
            yield name, "embedded", str(config["architectures"][0])


def _aliases() -> Iterator[tuple[str, str, str]]:
    for name, repository in sources.HUB_ALIASES.items():
        try:
            sources.resolve(name, offline=True)
        except ModelUnavailable:
            yield name, "not here", f"{repository}; with network: hf download {repository}"
        else:
            yield name, "in the hub's cache", repository


def _planted() -> Iterator[tuple[str, str, str]]:
    kinds = ", ".join(PLANTED)
    yield "planted:KIND", "no weights", f"a model whose answer to each property is known: {kinds}"
