"""`ipllvm plan MODEL`: trials, passes, tokens, time and memory, before any weight is read."""

import argparse
from contextlib import redirect_stdout
from io import StringIO

from ipllvm.commands import suite
from ipllvm.commands.witness import Witness

PASSES_ON = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm plan`."""
    parser.description = (
        "Print what `ipllvm check` would run with the same arguments, and what it would cost."
    )
    parser.usage = "ipllvm plan MODEL [arguments of ipllvm check]"
    suite.arguments(parser)


def main(args: argparse.Namespace) -> int:
    """Collect and count, and print what was found; what pytest prints only where it fails."""
    from ipllvm.session.costs import planned
    from ipllvm.session.terse import Terse

    request, witness, printed = suite.asked(args, required=False), Witness(), StringIO()
    names = Terse(args.command, [args.command, *args.words])
    with redirect_stdout(printed):
        status = suite.run(["--plan", "-q", *request.words], plugins=[names, witness])
    refused = witness.refused()
    if not refused and (status or not witness.costs):
        print(printed.getvalue(), end="")
        return status
    for line in (*planned(witness.costs), *refused):
        print(line)
    return status
