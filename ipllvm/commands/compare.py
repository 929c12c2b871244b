"""`ipllvm compare BASELINE RUN [RUN ...]`: what saved baselines say of each other, without a model."""

import argparse
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipllvm.errors import UsageError
from ipllvm.reporting.text import REASON_LIMIT, interval, number, visible
from ipllvm.safety.printing import as_json
from ipllvm.session.parsing import whole
from ipllvm.verdicts.failing import FAIL_ON, VIOLATED, FailRule

if TYPE_CHECKING:
    from ipllvm.gate.baseline import Baseline
    from ipllvm.gate.outcome import Change, Gate

_LONG = 4096
HEAD = ("property", "claim", "benchmark", "before", "after", "worse by", "lost, gained", "margin", "verdict")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm compare`."""
    parser.description = "Compare saved baselines or runs with the first of them, paired by sample."
    parser.add_argument("before", help="the baseline: a name, a file, or the folder of a run")
    parser.add_argument("after", nargs="*", help="what to compare with it, given in the same way")
    parser.add_argument(
        "--report-dir", type=Path, default=Path("reports"), help="where names of runs are looked up"
    )
    parser.add_argument("--format", choices=("table", "markdown", "json"), default="table")
    parser.add_argument("--undecided", choices=("pass", "fail"), default="pass")
    parser.add_argument("--fail-on", choices=FAIL_ON, default=VIOLATED)
    parser.add_argument("--variants", type=_variants, default=1, help="the candidate is the best of so many")
    parser.add_argument(
        "--self", dest="own", action="store_true", help="how often a gate of this model against itself fails"
    )


def main(args: argparse.Namespace) -> int:
    """Print every comparison; the highest exit status: 1 worse, 6 undecided, 7 not comparable."""
    from ipllvm.gate import sides
    from ipllvm.gate.compare import compare
    from ipllvm.gate.names import baseline_file
    from ipllvm.gate.reading import load

    if not (args.after or args.own):
        raise UsageError("compare: give a second run, or --self")
    called = (args.before, *args.after)
    found = sides.read(called, lambda name: baseline_file(name, args.report_dir, "compare"), load)
    if args.own:
        return _own([run for _, run in found])
    (first, before), *others = found
    gates = {
        path: compare(
            before,
            run,
            f"baseline {first.name}",
            _copy(path, first),
            args.variants,
            rule=FailRule(args.fail_on, args.undecided == "fail"),
        )
        for path, run in others
    }
    if args.format == "json":
        print(as_json({str(path): _row(gate) for path, gate in gates.items()}))
    for path, gate in gates.items() if args.format != "json" else ():
        print(f"{visible(str(path))} against {visible(str(first))}")
        if gate.changes:
            print("\n".join(_markdown(gate) if args.format == "markdown" else _table(gate)))
        print("".join(f"{line}\n" for line in _flipped(gate, args.format == "markdown")), end="")
        for line in (*_open(gate), *gate.lines()):
            print(visible(line, _LONG))
    ended = [gate.status for gate in gates.values()]
    return 1 if 1 in ended else max(ended)


def _variants(text: str) -> int:
    try:
        return whole("variants", text, 1)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _copy(new: Path, old: Path) -> str:
    """What makes the new one the baseline."""
    return shlex.join(["cp", str(new), str(old)])


def _own(runs: "Sequence[Baseline]") -> int:
    """How often a gate on these runs of one model is red; 0."""
    from ipllvm.gate.unchanged import of

    if len(runs) == 1:
        print(of(runs[0]))
    for other in runs[1:]:
        print(of(runs[0], other))
    return 0


def _open(gate: "Gate") -> Iterator[str]:
    """Why what does not hold does not, one line each."""
    for change in gate.changes:
        said = gate.standing(change)
        if said != "HOLDS":
            yield f"{said} {change.key}: {gate.reason(change)}"


def _cells(gate: "Gate", change: "Change") -> tuple[str, ...]:
    found = change.estimate
    lost, gained = found.discordant
    difference = f"{number(found.value)} {interval(found.low, found.high)}"
    names = (change.key.property, change.claim.name.partition(":")[2], change.key.benchmark)
    means = (number(change.before), number(change.after))
    return (
        *map(visible, names),
        *means,
        difference,
        f"{lost}, {gained}",
        number(change.claim.margin),
        gate.standing(change),
    )


def _table(gate: "Gate") -> Iterator[str]:
    rows = [HEAD, *(_cells(gate, change) for change in gate.changes)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _markdown(gate: "Gate") -> Iterator[str]:
    from ipllvm.reporting.markdown import escape

    rows: Sequence[Sequence[str]] = [
        HEAD,
        ["---"] * len(HEAD),
        *(_cells(gate, change) for change in gate.changes),
    ]
    for row in rows:
        yield f"| {' | '.join(cell if cell == '---' else escape(cell) for cell in row)} |"


def _flipped(gate: "Gate", markdown: bool) -> Iterator[str]:
    """The samples that flipped, question and answers, as many as are shown of each change, each once."""
    from ipllvm.gate.answers import common_ending
    from ipllvm.gate.compare import SHOWN
    from ipllvm.reporting.markdown import escape

    printed: set[tuple[str, str]] = set()
    for change in gate.changes:
        first = [each for each in change.turned if (change.key.benchmark, each.sample) not in printed]
        printed |= {(change.key.benchmark, each.sample) for each in first}
        ending = common_ending([each.question for each in first])
        examples = [visible(each.line(ending), REASON_LIMIT) for each in first[:SHOWN]]
        examples += (
            [f"{len(change.turned) - len(first)} more as above"] if first != list(change.turned) else []
        )
        more = len(first) - len(first[:SHOWN])
        examples += [f"and {more} more: --format json has them all"] if more else []
        if examples and markdown:
            yield f"\n<details><summary>flipped: {escape(str(change.key))}</summary>\n"
            yield from (f"- {escape(line, REASON_LIMIT)}" for line in examples)
            yield "\n</details>"
        elif examples:
            yield f"flipped, {visible(str(change.key))}:"
            yield from (f"  {line}" for line in examples)


def _row(gate: "Gate") -> dict[str, Any]:
    return {
        "status": gate.status,
        "worse": gate.answer.worse,
        "notes": list(gate.lines()),
        "changes": [
            {
                **dict(zip(HEAD, _cells(gate, change), strict=True)),
                "flipped": [each.sample for each in change.turned],
                "answers": [asdict(each) for each in change.turned],
            }
            for change in gate.changes
        ],
    }
