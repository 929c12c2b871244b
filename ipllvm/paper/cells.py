"""The cells of the paper's tables: what a run measured, what the paper prints, whether both agree."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ipllvm.benchmarks.names import PAPER, base
from ipllvm.claims import tables
from ipllvm.paper.agreement import Agreement, compare, printed
from ipllvm.paper.parts import PaperPart
from ipllvm.reporting.schema import Report, Row, rows

NOT_ASKED = "not asked for: ipllvm paper --models {} --only {}"


@dataclass(frozen=True, slots=True)
class Cell:
    """One value: of `model` on `benchmark`, under the `label` that the table gives it.

    `value` with its bounds is None where nothing was measured; `why` then says how to get it.
    """

    part: str
    model: str
    benchmark: str
    label: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    n: int
    printed: float | None
    agreement: Agreement
    why: str = ""
    notes: tuple[str, ...] = ()


WITH = " with "
"""Between a side of an alignment and the language model that it is with."""
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Measured:
    """What runs found, by property, model and benchmark (without protocol), and why others found nothing."""

    rows: Mapping[Key, Row]
    reasons: Mapping[Key, str]

    @classmethod
    def of(cls, reports: Sequence[Report]) -> "Measured":
        """Of several reports a later one counts; of several claims of a test the first."""
        found: dict[Key, Row] = {}
        reasons: dict[Key, str] = {}
        for report in reports:
            here: dict[Key, Row] = {}
            for row in rows(report):
                key = row["property"], row["model"]["name"], base(row["benchmark"]["name"])
                here.setdefault(key, row)
            found |= here
            for lost in (*report["not_tested"], *report["not_measured"]):
                reasons[lost["property"], lost["model"], base(lost["benchmark"])] = lost["reason"]
        return cls(found, {key: why for key, why in reasons.items() if key not in found})

    def benchmarks(self, part: PaperPart, models: Sequence[str]) -> list[str]:
        """The paper's sets of a part, then what else its property was measured on."""
        others = (key[2] for key in self.rows if key[0] == part.property_name and key[1] in models)
        return list(dict.fromkeys((*part.benchmarks, *others)))


def cells(part: PaperPart, models: Sequence[str], measured: Measured) -> Iterator[Cell]:
    """The cells of a part: of the paper's models, then of the others that were asked for."""
    listed = list(dict.fromkeys((*part.models, *models)))
    for model in listed:
        for benchmark in measured.benchmarks(part, models):
            row = measured.rows.get((part.property_name, model, benchmark))
            for label, score in {**part.scores, **_with_each(part, row)}.items():
                cell = _cell(part, model, benchmark, (label, score), measured)
                if cell is not None:
                    yield cell


def _cell(
    part: PaperPart, model: str, benchmark: str, named: tuple[str, str], measured: Measured
) -> Cell | None:
    """None where there is nothing of that name and the paper prints nothing there."""
    key = part.property_name, model, benchmark
    own, row = benchmark in part.benchmarks, measured.rows.get(key)
    figures = {figure.name: figure for figure in tables.beside(part.property_name, model, benchmark)}
    name = tables.in_unit(named[1], benchmark)
    figure = figures.get(name)
    value = printed(figure)
    notes = () if figure is None else figure.notes
    found = None if row is None else row["estimates"].get(name)
    if row is None or found is None:
        if row is not None and value is None:
            return None
        if row is None and not own:
            return None
        if value is None and part.form == "table" and not _is_printed(part, benchmark, name):
            return None
        why = measured.reasons.get(key) or NOT_ASKED.format(model, part.key)
        return Cell(part.key, model, benchmark, named[0], None, None, None, "", 0, value,
                    Agreement.NOT_TESTED, why, notes)  # fmt: skip
    compared = compare(
        found,
        figure,
        in_paper=tables.paper_name(model) is not None,
        own_set=own,
        papers_protocol=row["benchmark"]["name"].endswith(f"@{PAPER}"),
    )
    numbers = found["value"], found["low"], found["high"]
    return Cell(part.key, model, benchmark, named[0], *numbers, found["unit"], found["n"], value,
                compared.agreement, compared.why, (*notes, *_odd(row)))  # fmt: skip


def _is_printed(part: PaperPart, benchmark: str, name: str) -> bool:
    """Whether the paper prints such a value of any model."""
    figures = (tables.beside(part.property_name, model, benchmark) for model in part.models)
    return any(figure.name == name for each in figures for figure in each)


def _with_each(part: PaperPart, row: Row | None) -> dict[str, str]:
    """The scores with each language model, where there are any."""
    names = [] if row is None else [name for name in row["estimates"] if WITH in name]
    return {name: name for name in names if name.partition(WITH)[0] in part.scores.values()}


def _odd(row: Row) -> Iterator[str]:
    """What a reader of a measured value should know."""
    data, settings = row["benchmark"], row["settings"]
    if data["n"] < data["total"]:
        yield f"{data['n']:,} of {data['total']:,} samples"
    if "judge" in settings and settings["judge"] not in ("rules", ""):
        yield f"judged by {settings['judge']}; the paper does not name the version of its judge"
