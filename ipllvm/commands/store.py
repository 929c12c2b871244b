"""`ipllvm store info|verify|merge|export`: the outcomes that runs have left in a folder."""

import argparse
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ipllvm.errors import UsageError
from ipllvm.reporting.text import visible
from ipllvm.safety import places

if TYPE_CHECKING:
    from ipllvm.engine.context import Context
    from ipllvm.engine.store.maintenance import Content

HEAD = ("model", "benchmark", "device", "dtype", "answer", "tokens", "replicate", "outcomes", "errors")
FINGERPRINT = 8


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm store`."""
    parser.description = "Outcomes of trials are stored, so that no trial is run twice."
    verbs = parser.add_subparsers(dest="verb", help="default: info")
    for name, (_, words) in VERBS.items():
        verb = verbs.add_parser(name, help=words, description=words)
        if name == "export":
            verb.add_argument("file", type=Path, help="the Parquet file to write")
        verb.add_argument("folder", nargs="?", type=Path, help="default: in the user's cache")


def main(args: argparse.Namespace) -> int:
    """Run a verb: 0, or 1 where a file is not whole. Raises UsageError where the folder is none."""
    folder: Path = getattr(args, "folder", None) or outcomes()
    if not folder.is_dir():
        raise UsageError(
            f"{visible(str(folder))}: no such folder: measure something first, or name the store"
        )
    if args.verb == "export":
        return export(folder, args.file)
    return VERBS[args.verb or "info"][0](folder)


def outcomes() -> Path:
    """Where runs keep their outcomes unless told otherwise."""
    return places.store(Path("reports")) / "outcomes"


def info(folder: Path) -> int:
    """Print what is there, by context."""
    from ipllvm.engine.store import maintenance

    contents = [maintenance.content(path) for path in maintenance.files(folder)]
    outcomes, errors = (_total(contents, "outcomes"), _total(contents, "errors"))
    counts = f"{outcomes.total():,} outcomes, {errors.total():,} errors"
    print(f"{visible(str(folder))}: {_files(len(contents))}, {counts}, {_size(contents)}")
    rows = [_row(c, outcomes[c], errors[c]) for c in sorted({*outcomes, *errors}, key=repr)]
    _table([HEAD, *rows] if rows else [])
    damaged = [content for content in contents if content.problem]
    for content in damaged:
        print(f"{visible(content.path.name)}: {visible(content.problem)}")
    return 1 if damaged else 0


def check(folder: Path) -> int:
    """Print what is wrong with each file."""
    from ipllvm.engine.store.integrity import disagreements, verify
    from ipllvm.engine.store.maintenance import files

    found = {path: verify(path) for path in files(folder)}
    for path, each in found.items():
        for problem in each.problems or ["ok"]:
            print(f"{visible(path.name)}: {visible(problem)}")
    differ = disagreements(found)
    for line in differ:
        print(visible(line))
    wrong = sum(bool(each.problems) for each in found.values())
    unchecked = sum(each.unchecked for each in found.values())
    state = f"{wrong} with problems" if wrong else "all whole"
    older = f", {unchecked:,} outcomes unchecked: written before there were checksums" if unchecked else ""
    apart = f", {len(differ)} pairs of files disagree" if differ else ""
    print(f"{_files(len(found))}, {state}{apart}{older}")
    return 1 if wrong or differ else 0


def merge(folder: Path) -> int:
    """Put all files into one and say what became of them."""
    from ipllvm.engine.store import maintenance

    merged = maintenance.merge(folder)
    for note in merged.notes:
        print(visible(note))
    if merged.file is None:
        print(f"{visible(str(folder))}: nothing to merge")
    else:
        print(f"{_files(merged.sources)} merged into {merged.file.name}: {merged.outcomes:,} outcomes")
    return 1 if merged.notes else 0


def export(folder: Path, file: Path | None = None) -> int:
    """Write everything that is whole as one Parquet table."""
    from ipllvm.engine.store.exporting import export as write
    from ipllvm.engine.store.maintenance import files

    place = file or Path("outcomes.parquet")
    rows, left = write(files(folder), place)
    for line in left:
        print(visible(line))
    print(f"{visible(str(place), 4096)}: {rows:,} rows")
    return 1 if left else 0


VERBS: dict[str, tuple[Callable[[Path], int], str]] = {
    "info": (info, "files, contexts, rows and size"),
    "verify": (check, "check every file, every key and every answer; changes nothing"),
    "merge": (merge, "put all files into one; safe while runs go on and when killed"),
    "export": (export, "everything that is whole as one Parquet table"),
}


def _total(contents: "list[Content]", table: str) -> "Counter[Context]":
    """Rows by context over all files; an outcome that is in two files counts twice."""
    total: Counter[Context] = Counter()
    for content in contents:
        total.update(getattr(content, table))
    return total


def _row(context: "Context", outcomes: int, errors: int) -> tuple[str, ...]:
    model = f"{context.model_name} {context.model[:FINGERPRINT]}".strip()
    benchmark = f"{context.benchmark_name} {context.benchmark[:FINGERPRINT]}".strip()
    numerics = (context.device, context.dtype, context.answer, str(context.max_new_tokens))
    return (model, benchmark, *numerics, str(context.replicate), f"{outcomes:,}", f"{errors:,}")


def _table(rows: list[tuple[str, ...]]) -> None:
    shown = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _files(count: int) -> str:
    return f"{count} file" if count == 1 else f"{count} files"


def _size(contents: "list[Content]") -> str:
    return f"{sum(content.size for content in contents) / 1e6:.1f} MB"
