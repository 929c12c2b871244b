"""`ipllvm compare BASELINE RUN [RUN ...]`: what saved baselines say of each other, without a model."""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipllvm.reporting.text import REASON_LIMIT, interval, number, visible

if TYPE_CHECKING:
    from ipllvm.gate.outcome import Change, Gate

UNDECIDED = 6
HEAD = ("property", "claim", "benchmark", "before", "after", "worse by", "lost, gained", "margin", "verdict")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm compare`."""
    parser.description = "Compare files of --save-baseline, paired by sample, with the first of them."
    parser.add_argument("before", help="the baseline: a name, a file, or the folder of a run")
    parser.add_argument("after", nargs="+", help="what is compared with it, given alike")
    parser.add_argument("--report-dir", type=Path, default=Path("reports"), help="where names are looked up")
    parser.add_argument("--format", choices=("table", "markdown", "json"), default="table")
    parser.add_argument("--undecided", choices=("pass", "fail"), default="pass")


def main(args: argparse.Namespace) -> int:
    """Print every comparison; the highest exit status: 1 worse, 6 undecided, 7 not comparable."""
    from ipllvm.gate.compare import compare
    from ipllvm.gate.reading import load

    first, *others = (_file(name, args.report_dir) for name in (args.before, *args.after))
    before, source = load(first), f"baseline {first.name}"
    gates = {path: compare(before, load(path), source, f"cp {path} {first}") for path in others}
    if args.format == "json":
        print(json.dumps({str(path): _row(gate) for path, gate in gates.items()}, indent=1))
    for path, gate in gates.items() if args.format != "json" else ():
        print(f"{visible(str(path))} against {visible(str(first))}")
        print("\n".join(_markdown(gate) if args.format == "markdown" else _table(gate)))
        print("".join(f"{line}\n" for line in _flipped(gate, args.format == "markdown")), end="")
        print("\n".join(visible(line) for line in gate.lines()), end="\n" if any(gate.lines()) else "")
    found = [
        g.status or (UNDECIDED if g.undecided and args.undecided == "fail" else 0) for g in gates.values()
    ]
    return 1 if 1 in found else max(found)


def _file(name: str, reports: Path) -> Path:
    """The file that was meant; raises UsageError with the closest name."""
    from ipllvm.gate import names

    found = names.find(name, reports, "compare")
    if found is None:
        raise names.unknown(name, reports, "compare")
    return found


def _cells(change: "Change") -> tuple[str, ...]:
    found = change.estimate
    lost, gained = found.discordant
    difference = f"{number(found.value)} {interval(found.low, found.high)}"
    names = (change.key[0], change.claim.name.partition(":")[2], change.key[2])
    means = (number(change.before), number(change.after))
    return (
        *map(visible, names),
        *means,
        difference,
        f"{lost}, {gained}",
        number(change.claim.margin),
        str(change.verdict.decision),
    )


def _table(gate: "Gate") -> Iterator[str]:
    rows = [HEAD, *map(_cells, gate.changes)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _markdown(gate: "Gate") -> Iterator[str]:
    from ipllvm.reporting.markdown import escape

    rows: Sequence[Sequence[str]] = [HEAD, ["---"] * len(HEAD), *map(_cells, gate.changes)]
    for row in rows:
        yield f"| {' | '.join(cell if cell == '---' else escape(cell) for cell in row)} |"


def _flipped(gate: "Gate", markdown: bool) -> Iterator[str]:
    """The samples that flipped, question and answers, as many as are shown of each change."""
    from ipllvm.gate.compare import SHOWN
    from ipllvm.gate.outcome import words
    from ipllvm.reporting.markdown import escape

    for change in gate.changes:
        told = [visible(str(each), REASON_LIMIT) for each in change.turned[:SHOWN]]
        more = len(change.turned) - len(told)
        told += [f"and {more} more: --format json has them all"] if more else []
        if told and markdown:
            yield f"\n<details><summary>flipped: {escape(words(change.key))}</summary>\n"
            yield from (f"- {escape(line, REASON_LIMIT)}" for line in told)
            yield "\n</details>"
        elif told:
            yield f"flipped, {visible(words(change.key))}:"
            yield from (f"  {line}" for line in told)


def _row(gate: "Gate") -> dict[str, Any]:
    return {
        "status": gate.status,
        "notes": list(gate.lines()),
        "changes": [
            {
                **dict(zip(HEAD, _cells(change), strict=True)),
                "flipped": [each.sample for each in change.turned],
                "answers": [asdict(each) for each in change.turned],
            }
            for change in gate.changes
        ],
    }
