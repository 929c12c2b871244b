"""`ipllvm audit MODEL`: everything that is measured, in every view, with checksums."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from ipllvm.commands import suite
from ipllvm.commands.witness import Witness
from ipllvm.errors import UsageError
from ipllvm.reporting.text import visible
from ipllvm.safety import places

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PASSES_ON = True
HOPELESS = (2, 3, 4, 5)
"""Exit statuses of pytest after which there is nothing to go on with: interrupted, broken, nothing there."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm audit`."""
    from ipllvm.reporting.views import VIEWS

    views = ", ".join(view.file for view in VIEWS)
    parser.description = (
        "Measure everything (the audit profile): prints the cost, measures, and writes report.json, "
        f"{views}, figures and a manifest with checksums (ipllvm verify) into a folder of its own. If "
        "interrupted or killed, the same command resumes. Exit status as for ipllvm check."
    )
    parser.usage = "ipllvm audit MODEL [--baseline B] [arguments of pytest and of the properties]"
    suite.arguments(parser)
    _own(parser)


def _own(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sign", type=Path, metavar="KEY", help="sign the manifest with this private Ed25519 key"
    )


def main(args: argparse.Namespace) -> int:
    """Plan, run, and sum up; pytest's exit status, 4 where the manifest can't be written."""
    typed, own = list(args.words), argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    _own(own)
    _, args.words = own.parse_known_args(typed)
    key = None if args.sign is None else _key(args.sign)
    request = suite.asked(args)
    if any(word.partition("=")[0] == "--profile" for word in request.rest):
        raise UsageError("--profile: an audit has its own: leave it out, or measure with ipllvm check")
    folder: Path = request.report_dir
    request = replace(request, rest=("--profile=audit", *request.rest))
    status = _forecast(request.words, folder, typed)
    if status in HOPELESS:
        return status
    witness = Witness()
    status = suite.check(args, request, [witness])
    session = witness.session
    if session is None or session.folder is None or session.report is None:
        print("audit: no report was written, and no manifest")
        return status
    from ipllvm.reporting import exports, manifest, signing
    from ipllvm.reporting.folders import inner_folder

    exports.write(session.report, inner_folder(session.folder, "figures"))
    command = shlex.join(["ipllvm", "audit", *typed])
    place = manifest.write(session.folder, session.report, command)
    early = "; stopped early: the same command goes on" if session.report["run"]["partial"] else ""
    print(f"manifest: {visible(str(place), 4096)}, SHA-256 {manifest.digest(place)}{early}")
    if key is not None:
        print(f"signature: {visible(str(signing.sign(session.folder, key)), 4096)}")
    return status


def _key(file: Path) -> "Ed25519PrivateKey":
    """The key to sign with, read before anything is measured."""
    from ipllvm.reporting.signing import private_key

    return private_key(file)


def _forecast(asked: Sequence[str], folder: Path, typed: Sequence[str]) -> int:
    """Say what is ahead, from a run of pytest that only plans; what that prints is shown where it fails."""
    from ipllvm.session.costs import summary
    from ipllvm.session.terse import Terse

    witness, printed, names = Witness(), StringIO(), Terse("audit", ["audit", *typed])
    with redirect_stdout(printed):
        status = suite.run([*asked, "--plan", "-q"], plugins=[names, witness])
    if status in HOPELESS:
        print(printed.getvalue(), end="")
        return status
    count = len(witness.costs)
    print(f"audit: {count} {'test makes' if count == 1 else 'tests make'} trials")
    for line in summary(witness.costs) if witness.costs else ():
        print(line)
    kept_in = visible(str(places.store(folder) / "outcomes"), 4096)
    print(f"outcomes are kept in {kept_in}: stopped, the same command goes on")
    sys.stdout.flush()
    return status
