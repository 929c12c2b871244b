"""`ipllvm check MODEL [pytest arguments]`: the shipped properties, from anywhere."""

import argparse

from ipllvm.commands import suite

PASSES_ON = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm check`."""
    parser.description = (
        "Measure the properties of a model, from any folder: runs pytest on the installed properties. "
        "Exit status: 0 success, 1 a requirement is violated, 2-5 as pytest's, 6 something is undecided "
        "(with --undecided=fail), 7 something could not be measured."
    )
    parser.usage = "ipllvm check MODEL [--property NAME ...] [options of the properties and of pytest]"
    suite.arguments(parser)


def main(args: argparse.Namespace) -> int:
    """Run pytest on the shipped properties; its exit status."""
    return suite.check(args, suite.asked(args))
