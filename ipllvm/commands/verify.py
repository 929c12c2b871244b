"""`ipllvm verify RUN`: the files of an audit against the checksums of its manifest."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ipllvm.errors import UsageError
from ipllvm.reporting import manifest, runs, signing
from ipllvm.reporting.text import visible
from ipllvm.safety.places import named

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm verify`."""
    parser.description = (
        "Check the files of an audit against its manifest.json. Exit status 1 if one is missing, changed, "
        "a link, or not listed."
    )
    parser.add_argument("run", nargs="+", help="an audit: its folder, latest, or the name of its run")
    parser.add_argument(
        "--report-dir", type=Path, default=Path("reports"), help="where names of runs are looked up"
    )
    parser.add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help="public key of the signer; a missing signature is then an error",
    )


def main(args: argparse.Namespace) -> int:
    """Print what differs, or that nothing does; raises UsageError where there is no manifest."""
    key = None if args.key is None else signing.public_key(args.key)
    return max(_verified(_place(run, args.report_dir), key) for run in args.run)


def _place(run: str, reports: Path) -> Path:
    """The folder that was named; one that has lost its report is one all the same."""
    folder = named(run)
    if folder is None:
        why = "it can be no folder, or can't be looked at"
        raise UsageError(f"{visible(run)}: {why}: name the folder of an audit")
    try:
        return folder if folder.exists() else runs.find(run, reports).parent
    except UsageError:
        return folder


def _verified(run: Path, key: "Ed25519PublicKey | None") -> int:
    found = manifest.read(run)
    wrong = list(manifest.problems(run, found))
    wrong += [f"{name}: not in the manifest" for name in manifest.added(run, found)]
    wrong += [fault] if key is not None and (fault := signing.problem(run, key)) else []
    wrong += [] if wrong else manifest.disagreements(run, found)
    for line in wrong:
        print(visible(line, 4096))
    shown = visible(str(run), 4096)
    if wrong:
        told = "is not as it was" if len(wrong) == 1 else "are not as they were"
        print(f"{shown}: {len(wrong)} of its files {told} written")
        return 1
    signed = ", signed by this key" if key is not None else _unchecked(run)
    print(f"{shown}: {len(found['files'])} files, all as they were written{signed}")
    return 0


def _unchecked(run: Path) -> str:
    return "; signed, by whom --key tells" if (run / manifest.SIGNATURE).exists() else ""
