"""`ipllvm perturbations`: what models are put through, and at which stage."""

import argparse

from ipllvm.commands.listing import first_line, show
from ipllvm.registry import PERTURBATIONS


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm perturbations`."""
    parser.description = (
        "The perturbations that properties are measured with, and the stage that each enters."
    )


def main(args: argparse.Namespace) -> int:
    """Print one line a perturbation."""
    found = {name: PERTURBATIONS.load(name) for name in PERTURBATIONS}
    show(
        [
            (name, made().stage.name.lower().replace("_", " "), first_line(made))
            for name, made in found.items()
        ]
    )
    return 0
