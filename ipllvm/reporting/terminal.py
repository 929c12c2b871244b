"""A report as lines for a terminal: tables by rich, in colour where the terminal has it."""

from collections.abc import Callable, Iterator, Sequence
from io import StringIO
from pathlib import Path
from textwrap import wrap
from typing import Final

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from ipllvm.models.checkpoint import RAN_CODE
from ipllvm.reporting import advice, columns, evidence, figures
from ipllvm.reporting.answer import answer_of
from ipllvm.reporting.grouping import products
from ipllvm.reporting.lines import Line, lines
from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.text import REASON_LIMIT, model_size, to_ascii, visible
from ipllvm.reporting.wording import failure, failure_reason, interval_note, printed, stated
from ipllvm.verdicts.failing import FailRule

STYLES: Final = {
    "VIOLATED": "bold red",
    "NOT MEASURED": "red",
    "WORSE": "red",
    "UNDECIDED": "yellow",
    "HOLDS": "green",
    "NOT AS IN PAPER": "magenta",
    "AS IN PAPER": "cyan",
    "NOT AS CLAIMED": "magenta",
    "AS CLAIMED": "cyan",
}
OWN: Final = "the model's own claims, which fail nothing in a comparison:"
_LONG: Final = 4096


def summary(
    report: Report,
    width: int,
    *,
    folder: Path | None = None,
    ascii_only: bool = False,
    verbose: bool = False,
    color: bool = False,
) -> list[str]:
    """The lines to print: the answer, then per model its name and results, the reasons, and what failed.

    A table where it fits into `width` characters, else one of fewer columns, else (and where `verbose`
    wants every number) one block a result. Commands and the path of the report are never folded, so
    that they can be copied. `folder` is where the report was written. `ascii_only` is for terminals
    without UTF-8. `verbose` adds the curves and maps, and examples of what is violated. With `color`
    the lines hold terminal escapes, else none.
    """
    plain: Callable[[str], str] = to_ascii if ascii_only else str
    width = max(width, 20)
    of_model: dict[str, list[Line]] = {}
    for line in lines(report):
        of_model.setdefault(line.row["model"], []).append(line)
    answer, rest = answer_of(report).headline
    page: list[str | Text | Table] = [
        *_folded(plain(f"{answer}; {rest}" if rest else answer), width, strong=len(plain(answer))),
        *([""] if report["models"] else []),
    ]
    for model in report["models"]:
        page += _model(report, of_model.get(model["id"], []), model, width, plain, verbose)
    page += [*_figures(report, plain), *_examples(report, width, plain)] if verbose else []
    page += _folded(interval_note(report["results"]), width) if report["results"] else []
    for sentence in stated(report):
        verdict = next((word for word in STYLES if sentence.startswith(f"{word} ")), "")
        page += _folded(plain(visible(sentence, _LONG)), width, verdict=verdict)
    page += _failed(report, width, plain)
    page += _next(report, width, plain)
    page += _untold(report, width, plain)
    if folder is not None:
        page.append(plain(f"report: {visible(str(folder / 'report.json'), _LONG)}"))
    return _drawn(page, width, color)


def _drawn(items: Sequence["str | Text | Table"], width: int, color: bool) -> list[str]:
    """The lines as they are printed; only tables are cut to the width."""
    page = StringIO()
    console = Console(
        file=page,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        _environ={},  # whether there is colour, and how wide, pytest has decided already
    )
    for item in items:
        shown = Text(item) if isinstance(item, str) else item
        console.print(shown, soft_wrap=not isinstance(item, Table), highlight=False)
    return [line.rstrip() for line in page.getvalue().split("\n")[:-1]]


def _model(
    report: Report,
    found: Sequence[Line],
    model: Row,
    width: int,
    plain: Callable[[str], str],
    verbose: bool,
) -> Iterator[str | Text | Table]:
    yield from _folded(plain(_header(model)), width)
    for note in model.get("notes", ()):
        if note.startswith(RAN_CODE):
            yield Text(plain(visible(note, 200)), "bold red")
    for place, group in enumerate(columns.groups(found)):
        if place:
            rule = FailRule.of(report["run"].get("options") or {})
            yield from _folded(OWN if rule.compares_only else "", width)
        table = _fitting(group, width, plain, verbose)
        if table is not None:
            yield from _folded(plain(f"against {known}:"), width) if (known := columns.against(group)) else ()
            yield table
            yield from _reasons(group, width, plain)
        else:
            yield from (text for line in group for text in _block(line, width, plain))
    yield from _printed(found, width, plain)
    yield ""


def _fitting(found: Sequence[Line], width: int, plain: Callable[[str], str], verbose: bool) -> Table | None:
    """The table with the most columns that fits."""
    every = columns.heads(found)
    for chosen in (every,) if verbose else (every, columns.short(found), columns.shorter(found)):
        table = _table(found, every, chosen, plain)
        console = Console(file=StringIO(), width=10_000)
        if Measurement.get(console, console.options, table).maximum <= width:
            return table
    return None


def _reasons(found: Sequence[Line], width: int, plain: Callable[[str], str]) -> Iterator[Text]:
    for line in found:
        if line.notable:
            why = advice.why(line.reason)
            yield from _folded(plain(f"{_title(line)}: {why}"), width, verdict=line.verdict)


def _printed(found: Sequence[Line], width: int, plain: Callable[[str], str]) -> Iterator[str | Text]:
    """What the paper prints of these results."""
    for line in found:
        for text in printed(line.row):
            yield from _folded(plain(f"paper, {line.property}, {line.benchmark}: {visible(text)}"), width)


def _header(model: Row) -> str:
    facts = [model["id"], model["fingerprint"][:12], model["device"], model["dtype"]]
    return ", ".join([*(visible(fact, 60) for fact in facts), model_size(model["parameters"])])


def _table(
    found: Sequence[Line], every: Sequence[str], chosen: Sequence[str], plain: Callable[[str], str]
) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in chosen:
        table.add_column(Text(plain(name)), justify="left" if name in columns.LEFT else "right", no_wrap=True)
    known = f", against {columns.against(found)}"
    for line in found:
        cells = dict(zip(every, columns.cells(line), strict=True))
        cells["property"] = cells["property"].removesuffix(known)
        style = _style(line.verdict)
        table.add_row(*(Text(plain(cells[name]), style if name == "verdict" else "") for name in chosen))
    return table


def _style(verdict: str) -> str:
    """The style of a verdict, also of one that is partial."""
    return STYLES.get(verdict.partition(" (")[0], "")


def _title(line: Line) -> str:
    return f"{line.verdict} {line.property}, {line.benchmark}"


def _block(line: Line, width: int, plain: Callable[[str], str]) -> Iterator[str | Text]:
    scores = f"clean {line.clean}, blank {line.blank}, {line.perturbation} {line.perturbed}"
    if columns.is_comparison(line):
        scores = f"before {line.before}, after {line.after}"
    decided = f"margin {line.margin}, mde {line.mde}, n {line.n}"
    yield from _folded(plain(_title(line)), width, verdict=line.verdict)
    for text in (scores, f"Δ {line.change}", decided, *([line.reason] if line.notable else [])):
        yield from _folded(plain(text), width, indent="  ")


def _figures(report: Report, plain: Callable[[str], str]) -> list[str]:
    """Curves and maps; a map is never folded."""
    rows = []
    for line in lines(report):
        for series in line.row["series"]:
            head, *rest = (plain(text) for text in figures.text(series))
            rows += [f"{plain(_title(line))}, {head}", *rest]
    return [*rows, ""] if rows else []


def _examples(report: Report, width: int, plain: Callable[[str], str]) -> Iterator[str | Text]:
    """Of each violated result the smallest flipped answer, and the command that shows it."""
    for line in lines(report):
        shown = evidence.flip(line.row)
        if shown is not None:
            told = f"{_title(line)}: {visible(evidence.sentence(line.row), REASON_LIMIT)}"
            yield from _folded(plain(told), width)
            yield plain(f"  show it: {visible(shown['replay'], _LONG)}")


def _failed(report: Report, width: int, plain: Callable[[str], str]) -> Iterator[str | Text]:
    for row in report["failed"]:
        names = ", ".join(visible(row[name], 60) for name in ("property", "benchmark", "model") if row[name])
        reason = visible(failure_reason(row), REASON_LIMIT)
        yield from _folded(plain(f"{failure(row)}: {names}: {reason}"), width)
        yield plain(f"  run it again: {visible(row['replay'], _LONG)}")


def _next(report: Report, width: int, plain: Callable[[str], str]) -> Iterator[str | Text]:
    """Which answer shows a regression; what would decide most of what is undecided, and at what cost."""
    for step in filter(None, (advice.to_look_at(report), advice.to_decide(report))):
        yield from _folded(plain(f"next: {step.why}"), width)
        yield from [plain(f"  {step.command}")] if step.command else []


def _untold(report: Report, width: int, plain: Callable[[str], str]) -> Iterator[str | Text]:
    """What could not be told: tests without a row; those that were not tried by their reason."""
    for lost in report["not_measured"]:
        why = visible(lost["reason"], REASON_LIMIT)
        yield from _folded(plain(f"not measured {visible(lost['test'])}: {why}"), width)
    for reason, *parts in products(report["not_tested"], "reason", "property", "benchmark", "model"):
        told = ", ".join(visible(name, 60) for part in parts for name in part if name)
        yield from _folded(plain(f"not tested {told}: {visible(reason, REASON_LIMIT)}"), width)


def _folded(text: str, width: int, indent: str = "", verdict: str = "", strong: int = 0) -> list[Text]:
    """Lines of at most `width` that hang by two; a verdict they begin with is coloured.

    So many characters of the first line as `strong` says are bold.
    """
    following = indent + "  "
    found = wrap(text, width, initial_indent=indent, subsequent_indent=following, break_on_hyphens=False)
    texts = [Text(line) for line in found]
    if texts:
        texts[0].stylize(_style(verdict), 0, len(verdict))
        texts[0].stylize("bold", 0, strong)
    return texts
