"""What the page, the Markdown and the tables say alike: headings, cells, the plan in lines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ipllvm.paper.agreement import Agreement
from ipllvm.paper.cells import NOT_ASKED
from ipllvm.paper.measured import WITH, PaperCell
from ipllvm.paper.parts import PaperPart
from ipllvm.paper.planning import GET, Device, Planned, judge_tokens
from ipllvm.paper.summaries import AVERAGE
from ipllvm.reporting.pictures import Picture
from ipllvm.reporting.text import duration, interval, number
from ipllvm.reporting.wording import count_of

MODELS, SETS = "{models}", "{sets}"
"""What stands in a reason for the models and the sets of which it is so."""
NOT_HERE: Final = (
    f"not on this machine: with network ipllvm data get {SETS}, or copy each into $IPLLVM_DATA/NAME"
)


@dataclass(frozen=True, slots=True)
class PaperSection:
    """A part as it is shown: its cells, drawings, pictures of examples (PNG by name) and remarks."""

    part: PaperPart
    cells: Sequence[PaperCell] = ()
    pictures: Sequence[Picture] = ()
    examples: Mapping[str, bytes] = field(default_factory=dict)
    remarks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """The whole: its parts, the plan in lines, and what is said of the run."""

    parts: Sequence[PaperSection]
    plan: Sequence[str]
    about: Sequence[str]


def measured(cell: PaperCell) -> str:
    """The measured value with its interval, or that there is none."""
    if cell.value is None:
        return "NOT TESTED" if cell.agreement is Agreement.NOT_TESTED else "n/a"
    return f"{number(cell.value)} {interval(cell.low, cell.high)}"


def beside(cell: PaperCell) -> str:
    """The printed value and whether it agrees; why it is not comparable is said below, not in each cell."""
    if cell.printed is None:
        return ""
    texts = f"paper {cell.printed:.2f}"
    if cell.agreement is Agreement.NOT_TESTED:
        return texts
    return f"{texts}, {cell.agreement}{f' {cell.why}' if cell.agreement is Agreement.OUTSIDE else ''}"


def grid(section: PaperSection) -> tuple[list[str], list[tuple[str, str, list[PaperCell | None]]]]:
    """Columns (benchmarks), and rows: model, label and a cell a column; what was measured comes first."""
    places = {(cell.model, side(cell), column(cell)): cell for cell in section.cells}
    filled = [cell for cell in section.cells if cell.value is not None]
    benchmarks, models = {column(cell) for cell in filled}, {cell.model for cell in filled}
    columns = sorted(
        dict.fromkeys(column(cell) for cell in section.cells),
        key=lambda name: (name == AVERAGE, name not in benchmarks),
    )
    rows = sorted(
        dict.fromkeys((cell.model, side(cell)) for cell in section.cells),
        key=lambda row: row[0] not in models,
    )
    return columns, [(m, label, [places.get((m, label, b)) for b in columns]) for m, label in rows]


Rows = Sequence[tuple[str, str, Sequence[PaperCell | None]]]
"""Rows of a grid: model, label, a cell a column."""


def folded(rows: Rows) -> set[tuple[int, int]]:
    """Places (row, column) of cells below one that says NOT TESTED for all of a model's in that column."""
    places = [(r, c, row[0], cell) for r, row in enumerate(rows) for c, cell in enumerate(row[2]) if cell]
    tested = {(model, c) for _, c, model, cell in places if cell.agreement is not Agreement.NOT_TESTED}
    first: dict[tuple[str, int], int] = {}
    for r, c, model, _ in places:
        first.setdefault((model, c), r)
    return {(r, c) for r, c, model, _ in places if (model, c) not in tested and first[model, c] < r}


def side(cell: PaperCell) -> str:
    """What a cell's row is called: of a score with a language model the score alone."""
    return cell.label.partition(WITH)[0]


def column(cell: PaperCell) -> str:
    """What a cell's column is called: a language model has one of its own."""
    return cell.benchmark + "".join(cell.label.partition(WITH)[1:])


def reasons(section: PaperSection) -> Iterator[str]:
    """Why cells hold nothing or can't be compared, once each with the models and sets of which it is so."""
    found: dict[tuple[Agreement, str, str], dict[str, None]] = {}
    for cell in section.cells:
        if cell.why and cell.agreement in (Agreement.NOT_TESTED, Agreement.NOT_COMPARABLE):
            place = cell.label.partition(WITH)[2] or cell.benchmark
            found.setdefault((cell.agreement, cell.model, _why(cell)), {})[place] = None
    alike: dict[tuple[Agreement, str, tuple[str, ...]], list[str]] = {}
    for (agreement, model, why), places in found.items():
        alike.setdefault((agreement, why, tuple(places)), []).append(model)
    for (agreement, why, benchmarks), models in alike.items():
        where = f"{', '.join(models)} on {', '.join(benchmarks)}"
        why = why.replace(MODELS, " ".join(models)).replace(SETS, " ".join(benchmarks))
        yield f"{agreement}: {where}: {why}"


def _why(cell: PaperCell) -> str:
    """The reason in words that other models and sets may share."""
    if cell.why.startswith(f"benchmark '{cell.benchmark}' is neither on this machine"):
        return NOT_HERE
    unasked = cell.why == NOT_ASKED.format(cell.model, cell.part)
    return NOT_ASKED.format(MODELS, cell.part) if unasked else cell.why


def notes(section: PaperSection) -> Iterator[str]:
    """The anomalies of the paper's table and what a reader of the measured values should know, once each."""
    yield from section.part.anomalies
    texts: dict[str, list[str]] = {}
    for cell in section.cells:
        for note in cell.notes:
            if note not in section.part.anomalies:
                texts.setdefault(note, []).append(f"{cell.model} on {cell.benchmark}")
    for note, places in texts.items():
        named = list(dict.fromkeys(places))
        where = ", ".join(named) if len(named) <= 3 else f"{named[0]} and {len(named) - 1} more"
        yield f"{where}: {note}"
    yield from section.remarks


def counts(document: Document) -> str:
    """How many cells are filled, how they agree, and how many are not tested."""
    cells = [cell for section in document.parts for cell in section.cells]
    texts = [f"{sum(c.agreement is a for c in cells)} {a}" for a in Agreement]
    filled = sum(cell.value is not None for cell in cells)
    drawn = sum(len(section.pictures) + len(section.examples) for section in document.parts)
    return f"{filled} of {len(cells)} cells are filled ({', '.join(texts)}); {count_of(drawn, 'drawing')}"


def plan(found: Sequence[Planned], device: Device) -> Iterator[str]:
    """A line a part and model, what is missing with the commands that get it, and the sums."""
    own = [each for each in found if not each.stands_in]
    groups: dict[tuple[str, str], list[Planned]] = {}
    for each in found:
        groups.setdefault((each.part.where, each.model), []).append(each)
    yield from (f"{where}, {model}: {_planned(rows)}" for (where, model), rows in groups.items())
    yield from (f"missing: {how}" for how in _missing(found))
    yield f"all of it, once it is here: {_sums(own)}; roughly, and what is known already is not run again"
    ready = [each for each in found if not each.missing]
    standing_in = f", with {_names(ready)} standing in" if _names(ready) else ""
    yield f"what can be run now, on {device.name}{standing_in}: {_sums(ready) if ready else 'nothing'}"


def _planned(rows: Sequence[Planned]) -> str:
    """What a part takes of a model: on its own sets, or on what stands in where nothing else is here."""
    own = [each for each in rows if not each.stands_in]
    others = [each for each in rows if each.stands_in and not each.missing]
    lacking, sets = sum(bool(each.missing) for each in own), count_of(len(own), "benchmark")
    if others:
        return f"{_sums(others)} on {_names(others)} in place of {sets} of the paper's"
    gaps = f"; {lacking} of {sets} {'lacks' if lacking == 1 else 'lack'} something"
    return _sums(own) + gaps * bool(lacking)


def _names(rows: Sequence[Planned]) -> str:
    """The benchmarks that stand in."""
    return ", ".join(dict.fromkeys(each.benchmark for each in rows if each.stands_in))


def _missing(found: Sequence[Planned]) -> Iterator[str]:
    """The commands that get what is missing, one for all benchmarks."""
    commands = dict.fromkeys(how for each in found for how in each.missing)
    sets = [how.removeprefix(GET) for how in commands if how.startswith(GET)]
    if sets:
        yield f"{GET}{' '.join(sets)}, or copy each into $IPLLVM_DATA/NAME"
    yield from (how for how in commands if not how.startswith(GET))


def _sums(rows: Sequence[Planned]) -> str:
    calls, tokens = (sum(f(each) for each in rows) for f in (lambda p: p.judge_calls, judge_tokens))
    judged = f", {calls:,} calls of a judge ({tokens:,} tokens)" if calls else ""
    seconds = sum(each.seconds for each in rows)
    count = sum(each.trials for each in rows)
    return f"{count:,} trials, about {duration(seconds)}{judged}" if count else "no trials of its own"
