"""`ipllvm perturbations`: what models are put through, and at which stage."""

import argparse
from typing import Any

from ipllvm.commands.listing import first_line, show
from ipllvm.registry import PERTURBATIONS


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm perturbations`."""
    parser.description = "The perturbations, and the stage of the model at which each enters."


def main(args: argparse.Namespace) -> int:
    """Print one line a perturbation."""
    found = {name: PERTURBATIONS.load(name) for name in PERTURBATIONS}
    show((name, _stage(made), first_line(made).partition("; raises")[0]) for name, made in found.items())
    return 0


def _stage(made: Any) -> str:
    return str(made().stage.name).lower().replace("_", " ")
