"""`ipllvm verify RUN`: the files of an audit against the checksums of its manifest."""

import argparse
from pathlib import Path

from ipllvm.reporting import manifest
from ipllvm.reporting.text import visible


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm verify`."""
    parser.description = (
        "Check the files of an audit against its manifest.json. Exit status 1 where one is missing or "
        "changed, is a link, or came later."
    )
    parser.add_argument("run", type=Path, nargs="+", help="a folder that `ipllvm audit` has written")


def main(args: argparse.Namespace) -> int:
    """Print what differs, or that nothing does; raises UsageError where there is no manifest."""
    return max(_verified(run) for run in args.run)


def _verified(run: Path) -> int:
    found = manifest.read(run)
    wrong = list(manifest.problems(run, found))
    wrong += [f"{name}: not in the manifest" for name in manifest.added(run, found)]
    for line in wrong:
        print(line)
    shown = visible(str(run), 4096)
    if wrong:
        print(f"{shown}: {len(wrong)} of its files are not as they were written")
        return 1
    print(f"{shown}: {len(found['files'])} files, all as they were written")
    return 0
