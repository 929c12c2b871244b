"""A report as plain lines for a terminal."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Final

from ipllvm.reporting import evidence, figures
from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.text import REASON_LIMIT, to_ascii, visible
from ipllvm.reporting.view import (
    INTERVAL_NOTE,
    Line,
    failure,
    failure_reason,
    headline,
    lines,
    perturbed_heading,
    printed,
    stated,
)

NARROW: Final = 100
"""Below this width each result is a block of its own."""
_LEFT: Final = ("property", "benchmark", "verdict")
_LONG: Final = 4096


def summary(
    report: Report,
    width: int,
    *,
    folder: Path | None = None,
    ascii_only: bool = False,
    verbose: bool = False,
) -> list[str]:
    """The lines to print: per model its name and results, the reasons, what failed, then the answer.

    A table where it fits into `width` characters (of at least 100), else one block a result.
    Commands and the path of the report are never folded, so that they can be copied.
    `folder` is where the report was written. `ascii_only` is for terminals without UTF-8. `verbose`
    adds the curves and maps, and examples of what is violated.
    """
    plain: Callable[[str], str] = to_ascii if ascii_only else str
    width = max(width, 20)
    made = [line for model in report["models"] for line in _model(report, model, width, plain)]
    made += [*_figures(report, plain), *_examples(report, width, plain)] if verbose else []
    made += _folded(INTERVAL_NOTE, width) if report["results"] else []
    made += [line for said in stated(report) for line in _folded(plain(visible(said, _LONG)), width)]
    made += _failed(report, width, plain)
    made += _untold(report, width, plain)
    answer, rest = headline(report)
    made += _folded(plain(f"{answer}; {rest}" if rest else answer), width)
    if folder is not None:
        made.append(plain(f"report: {visible(str(folder / 'report.json'), _LONG)}"))
    return made


def _model(report: Report, model: Row, width: int, plain: Callable[[str], str]) -> Iterator[str]:
    found = [line for line in lines(report) if line.row["model"] == model["id"]]
    yield from _folded(plain(_header(model)), width)
    table = _table(found, plain)
    if width >= NARROW and max(map(len, table)) <= width:
        yield from table
        yield from _reasons(found, width, plain)
    else:
        yield from (text for line in found for text in _block(line, width, plain))
    yield from _printed(found, width, plain)
    yield ""


def _reasons(found: Sequence[Line], width: int, plain: Callable[[str], str]) -> Iterator[str]:
    for line in found:
        if line.notable:
            yield from _folded(plain(f"{_title(line)}: {line.reason}"), width)


def _printed(found: Sequence[Line], width: int, plain: Callable[[str], str]) -> Iterator[str]:
    """What the paper prints of these results."""
    for line in found:
        for text in printed(line.row):
            yield from _folded(plain(f"paper, {line.property}, {line.benchmark}: {visible(text)}"), width)


def _header(model: Row) -> str:
    facts = [model["id"], model["fingerprint"][:12], model["device"], model["dtype"]]
    return ", ".join(visible(fact, 60) for fact in facts) + f", {model['parameters']:,} parameters"


def _table(found: Sequence[Line], plain: Callable[[str], str]) -> list[str]:
    heading = ["property", "benchmark", "clean", "blank", perturbed_heading(found)]
    heading += ["Δ [low, high]", "n", "margin", "sde", "verdict"]
    rows = [[plain(cell) for cell in row] for row in [heading, *map(_cells, found)]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [_aligned(row, widths, heading) for row in rows]


def _cells(line: Line) -> list[str]:
    numbers = [line.clean, line.blank, line.perturbed, line.change, line.n, line.margin, line.sde]
    return [line.property, line.benchmark, *numbers, line.verdict]


def _aligned(row: Sequence[str], widths: Sequence[int], heading: Sequence[str]) -> str:
    cells = [
        cell.ljust(width) if name in _LEFT else cell.rjust(width)
        for cell, width, name in zip(row, widths, heading, strict=True)
    ]
    return "  ".join(cells).rstrip()


def _title(line: Line) -> str:
    return f"{line.verdict} {line.property}, {line.benchmark}"


def _block(line: Line, width: int, plain: Callable[[str], str]) -> Iterator[str]:
    scores = f"clean {line.clean}, blank {line.blank}, {line.perturbation} {line.perturbed}"
    decided = f"margin {line.margin}, sde {line.sde}, n {line.n}"
    yield from _folded(plain(_title(line)), width)
    for text in (scores, f"Δ {line.change}", decided, *([line.reason] if line.notable else [])):
        yield from _folded(plain(text), width, indent="  ")


def _figures(report: Report, plain: Callable[[str], str]) -> list[str]:
    """Curves and maps; a map is never folded."""
    made = []
    for line in lines(report):
        for series in line.row["series"]:
            head, *rest = (plain(text) for text in figures.text(series))
            made += [f"{plain(_title(line))}, {head}", *rest]
    return [*made, ""] if made else []


def _examples(report: Report, width: int, plain: Callable[[str], str]) -> Iterator[str]:
    """Of each violated result the smallest flipped answer, and the command that shows it."""
    for line in lines(report):
        shown = evidence.flip(line.row)
        if shown is not None:
            told = f"{_title(line)}: {visible(evidence.sentence(line.row), REASON_LIMIT)}"
            yield from _folded(plain(told), width)
            yield plain(f"  show it: {visible(shown['replay'], _LONG)}")


def _failed(report: Report, width: int, plain: Callable[[str], str]) -> Iterator[str]:
    for row in report["failed"]:
        names = ", ".join(visible(row[name], 60) for name in ("property", "benchmark", "model") if row[name])
        reason = visible(failure_reason(row), REASON_LIMIT)
        yield from _folded(plain(f"{failure(row)}: {names}: {reason}"), width)
        yield plain(f"  run it again: {visible(row['replay'], _LONG)}")


def _untold(report: Report, width: int, plain: Callable[[str], str]) -> Iterator[str]:
    """What could not be told: tests without a row."""
    for lost in report["not_measured"]:
        yield from _folded(plain(f"not measured {visible(lost['test'])}: {visible(lost['reason'])}"), width)
    for row in report["not_tested"]:
        names = ", ".join(visible(row[name], 60) for name in ("property", "benchmark", "model") if row[name])
        yield from _folded(plain(f"not tested {names}: {visible(row['reason'])}"), width)


def _folded(text: str, width: int, indent: str = "") -> list[str]:
    following = indent + "  "
    return wrap(text, width, initial_indent=indent, subsequent_indent=following, break_on_hyphens=False)
