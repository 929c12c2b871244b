"""`ipllvm score --benchmark=NAME ROWS RESPONSES`: answers of any harness by a benchmark's own rule."""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipllvm.benchmarks.names import DUPLICATES, PAPER, REFUSE, STANDARD
from ipllvm.errors import UsageError
from ipllvm.safety.printing import as_json, visible

if TYPE_CHECKING:
    from ipllvm.evaluation.recorded import Recorded, ScoredRow
    from ipllvm.judges.cached import CachedJudge
    from ipllvm.metrics.totals import Figure

INCOMPLETE = 7
SHOWN = 5


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `ipllvm score`."""
    parser.description = (
        "Grade answers that any harness has produced, without a model: the official total, sub-scores, the "
        "number of unreadable answers, and rows without one. Exit status 7 if a row has no score."
    )
    parser.add_argument("--benchmark", required=True, metavar="NAME", help="which one (ipllvm data list)")
    parser.add_argument("--protocol", default=STANDARD, choices=(STANDARD, PAPER), help="default: standard")
    parser.add_argument("--rule", help="a rule of the benchmark; default: the protocol's")
    parser.add_argument(
        "rows",
        type=Path,
        metavar="ROWS",
        help="the benchmark's rows in the hub's columns, or VLMEvalKit's table",
    )
    parser.add_argument(
        "responses",
        type=Path,
        metavar="RESPONSES",
        help="lines of {id, response[, judge_reply]}, or what lmms-eval, VLMEvalKit or LLaVA wrote",
    )
    parser.add_argument(
        "--out", type=Path, metavar="SCORES", help="write each answer's reading and score, by id"
    )
    parser.add_argument(
        "--duplicates", choices=DUPLICATES, default=REFUSE, help="which of several answers to a row to use"
    )
    parser.add_argument("--judge", metavar="NAME", help="judge of answers without a 'judge_reply'")
    parser.add_argument("--judge-price", metavar="IN/OUT", help="dollars per million prompt and reply tokens")
    parser.add_argument(
        "--report-dir",
        type=Path,
        default=Path("reports"),
        help="where the judge's replies are stored (default reports)",
    )
    parser.add_argument("--format", choices=("table", "json"), default="table")


def main(args: argparse.Namespace) -> int:
    """Print the figures; 7 where rows have no score, else 0."""
    from ipllvm.benchmarks.definition import published
    from ipllvm.benchmarks.responses import read
    from ipllvm.evaluation.recorded import own_reading, score

    if args.judge_price and args.judge is None:
        raise UsageError("--judge-price: give --judge too: it says nothing alone")
    definition = published(args.benchmark)
    rows = definition.table(args.rows)
    answers = read(args.responses, definition.named_by(rows))
    judge = _judge(args)
    found = score(definition, rows, answers, args.protocol, args.rule, args.duplicates, judge)
    if judge is not None:
        _say(judge.summary())
    own = own_reading(found, rows, answers, args.duplicates)
    if args.out is not None:
        _write(args.out, found)
    print(as_json(_row(found, own)) if args.format == "json" else "\n".join(_table(found, own)))
    return INCOMPLETE if found.missing or found.errors else 0


def _judge(args: argparse.Namespace) -> "CachedJudge | None":
    """The judge that is named, whose replies are kept; raises UsageError where it can't be asked."""
    from ipllvm.endpoints import price
    from ipllvm.judges import loading
    from ipllvm.judges.cached import CachedJudge

    if args.judge is None:
        return None
    loading.check(args.judge)
    loading.require(args.judge)
    paid = price.parse("judge-price", args.judge_price) if args.judge_price else None
    return CachedJudge(loading.load(args.judge), args.report_dir / "replies", paid, _say)


def _say(line: str) -> None:
    print(visible(line, 1000), file=sys.stderr)


def _write(path: Path, found: "Recorded") -> None:
    from ipllvm.safety.writing import replace

    try:
        replace(path, "".join(f"{json.dumps(_scored(line))}\n" for line in found.lines))
    except OSError as error:
        raise UsageError(f"{path}: can't be written: {error.strerror or error}") from error


def _scored(line: "ScoredRow") -> dict[str, Any]:
    if line.score is None:
        return {"id": line.id, "score": None, "answer": None, "note": line.why or "no response"}
    return {"id": line.id, "score": line.score.value, "answer": line.score.answer, "note": line.score.note}


def _table(found: "Recorded", own: "Recorded | None") -> Iterator[str]:
    rule = f"rule {found.rule} ({found.definition.scorer(found.rule)})"
    after = found.definition.protocol(found.protocol).after
    yield f"{found.definition.name}: protocol {found.protocol} ({after}), {rule}"
    yield from _counts(found)
    partial = "" if len(found.graded) == len(found.lines) else ", of the rows with a score only"
    figures = found.total()
    yield ""
    for number, figure in enumerate(figures):
        yield _figure(figure, f"{_bounds(found.bounds())}{partial}" if number == 0 else "")
    if partial:
        yield _figure(found.at_least()[0], ", rows without a score counted as wrong")
    for axis, named in found.by_label().items():
        yield f"\n{visible(axis)}"
        for name, (figure, given) in named.items():
            yield f"  {visible(name):<40} {_value(figure)}{_bounds(given)}"
    if own is not None:
        yield f"\nbeside it, in the project's own strict reading: {_value(own.total()[0])}, {_unread(own)}"


def _counts(found: "Recorded") -> Iterator[str]:
    size = found.definition.size
    whole = "" if len(found.lines) == size else f" (the published set has {size:,})"
    yield f"{len(found.lines):,} rows{whole}, {found.answered:,} responses, {_unread(found)}"
    if found.missing:
        yield f"{len(found.missing):,} rows without a response: {_some(found.missing)}"
    if found.errors:
        yield f"{len(found.errors):,} responses that could not be scored: {visible(found.errors[0][1])}"
    if found.strays:
        yield f"{len(found.strays):,} responses that belong to no row: {_some(found.strays)}"
    if found.repeated:
        yield f"{found.repeated:,} responses that came again"


def _unread(found: "Recorded") -> str:
    share = 100 * found.unread / len(found.graded) if found.graded else 0.0
    return f"{found.unread:,} unread ({share:.1f} %)"


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(visible(name, 60) for name in names[:SHOWN]) + more


def _figure(figure: "Figure", note: str) -> str:
    return f"{visible(figure.name):<42} {_value(figure)}{note}"


def _bounds(given: tuple[float, float] | None) -> str:
    """5 % on each side."""
    return "" if given is None else f" [{given[0]:.2f}, {given[1]:.2f}]"


def _value(figure: "Figure") -> str:
    unit = "%" if figure.unit == "percent" else figure.unit
    return f"{figure.printed:>8} {unit} (n {figure.n:,})"


def _row(found: "Recorded", own: "Recorded | None") -> dict[str, Any]:
    return {
        "benchmark": found.definition.name,
        "protocol": found.protocol,
        "rule": found.rule,
        "rows": len(found.lines),
        "published_rows": found.definition.size,
        "responses": found.answered,
        "scored": len(found.graded),
        "complete": len(found.graded) == len(found.lines),
        "unread": found.unread,
        "missing": list(found.missing),
        "errors": dict(found.errors),
        "strays": list(found.strays),
        "bounds": found.bounds(),
        "figures": [asdict(figure) for figure in found.total()],
        "missing_counted_as_wrong": asdict(found.at_least()[0]),
        "sub_scores": {
            axis: {name: {**asdict(cell[0]), "bounds": cell[1]} for name, cell in named.items()}
            for axis, named in found.by_label().items()
        },
        "own_reading": None if own is None else {**asdict(own.total()[0]), "unread": own.unread},
    }
