"""`ipllvm data list|get|check|where`: the files of published benchmarks."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from ipllvm.commands.listing import Row, show
from ipllvm.errors import BenchmarkUnavailable, UsageError
from ipllvm.safety.printing import visible

PAPER = ("mmvp", "qbench", "mme", "mmstar", "mmvet", "llavaw", "mathvista", "scienceqa", "chartqa", "ai2d")
"""The ten of the paper's Table 1."""
UNLIKE = 1


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm data`."""
    parser.description = "Files of published benchmarks: list, download, check, locate."
    commands = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    commands.add_parser("list", help="list published benchmarks, and which are on this machine")
    get = commands.add_parser("get", help="download the needed files from the hub; resumes")
    get.add_argument("names", nargs="*", metavar="NAME", help="a benchmark, or hub:ORG/NAME[:CONFIG][@SPLIT]")
    get.add_argument("--paper", action="store_true", help="the ten of the paper's Table 1")
    get.add_argument("--accept-licence", action="store_true", help="accept the terms that are shown")
    check = commands.add_parser(
        "check", help="check a copy against what was published: rows, labels, pictures"
    )
    check.add_argument("names", nargs="+", metavar="NAME", help="a benchmark, or a file of your own")
    check.add_argument("--folder", type=Path, help="a copy elsewhere than in $IPLLVM_DATA or the hub's cache")
    check.add_argument("--no-pictures", action="store_true", help="do not decode every picture")
    where = commands.add_parser("where", help="print where the files are")
    where.add_argument("names", nargs="+", metavar="NAME")


def main(args: argparse.Namespace) -> int:
    """Do what is asked; 1 where `check` finds a copy unlike the published set."""
    return {"list": _list, "get": _get, "check": _check, "where": _where}[args.action](args)


def _list(args: argparse.Namespace) -> int:
    from ipllvm.benchmarks.definition import all_published

    show(map(_row, all_published()))
    return 0


def _row(name: str) -> Row:
    from ipllvm.benchmarks.definition import published

    found = published(name)
    try:
        found.copy(offline=True)
        here = "here"
    except BenchmarkUnavailable:
        here = "not here"
    return name, here, f"{found.title}; {found.size:,} rows; licence: {found.licence}"


def _get(args: argparse.Namespace) -> int:
    names = [*args.names, *(PAPER if args.paper else ())]
    if not names:
        raise UsageError("name a benchmark, or give --paper")
    for name in dict.fromkeys(names):
        for line in _fetched(name, args.accept_licence):
            print(line, flush=True)
    return 0


def _fetched(name: str, accepted: bool) -> Iterator[str]:
    from ipllvm.benchmarks import choice, hub
    from ipllvm.benchmarks.definition import published

    if name.startswith(choice.HUB):
        yield f"{name}: in {visible(str(hub.folder_of(name)), 4096)}"
        return
    found = published(name)
    yield f"{name}: licence: {found.licence}"
    if found.terms and not accepted:
        raise UsageError(f"{name}: {found.terms}: give --accept-licence if you accept that")
    copy = found.copy()
    yield f"{name}: {copy.source}, in {visible(str(copy.folder), 4096)}"
    yield from _prompt_of_judge(found.name)


def _prompt_of_judge(name: str) -> Iterator[str]:
    """Fetch the published prompt of a benchmark's judge, and say whether it is here now."""
    from ipllvm.endpoints import download
    from ipllvm.safety import writing
    from ipllvm.scorers.judge_prompts import OFFICIAL

    official = OFFICIAL.get(name)
    if official is None:
        return
    try:
        if official.within(official.file) is None:
            content = download.content(official.url)
            writing.make_folder(official.file.parent)
            writing.replace(official.file, content)
        if official.within(official.file) is None:
            official.file.unlink()
            raise OSError(f"{official.url} does not hold it any more")
        yield f"{name}: the judge's prompt of {official.repository}, in {visible(str(official.file), 4096)}"
    except OSError as error:
        why = visible(error.strerror or str(error))
        yield f"{name}: the judge's published prompt was not fetched ({why}): ipllvm's own serves"


def _check(args: argparse.Namespace) -> int:
    from ipllvm.benchmarks import choice
    from ipllvm.benchmarks.definition import published
    from ipllvm.benchmarks.inspection import differences, unreadable

    if args.folder is not None and len(args.names) > 1:
        raise UsageError("--folder: name one benchmark")
    unlike = False
    for name in args.names:
        if choice.is_own(name):
            own = choice.load(choice.check(name), offline=True)
            print(f"{visible(name, 4096)}: {visible(own.source, 1000)}")
            broken = [] if args.no_pictures else list(unreadable(own))
            unlike = unlike or bool(broken)
            for line in broken:
                print(f"{visible(name, 4096)}: {visible(line, 1000)}")
            continue
        found = published(name)
        folder = args.folder or found.copy(offline=True).folder
        lines = list(differences(found, folder, decode=not args.no_pictures))
        unlike = unlike or bool(lines)
        for line in lines or ["as published"]:
            print(f"{name}: {visible(line, 1000)}")
        for note in found.errata:
            print(f"{name}: known of the published set: {note}")
    return UNLIKE if unlike else 0


def _where(args: argparse.Namespace) -> int:
    from ipllvm.benchmarks.definition import published

    for name in args.names:
        copy = published(name).copy(offline=True)
        print(f"{name}: {visible(str(copy.folder), 4096)} ({copy.source})")
    return 0
