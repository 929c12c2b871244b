"""The cells of the paper's tables: what a run measured, what the paper prints, whether both agree."""

from collections.abc import Iterator, Mapping, Sequence

from ipllvm.claims import tables
from ipllvm.paper import summaries
from ipllvm.paper.agreement import Agreement, printed
from ipllvm.paper.measured import WITH, Measured, PaperCell
from ipllvm.paper.parts import PaperPart
from ipllvm.reporting.schema import Row

NOT_ASKED = "not asked for: ipllvm paper --models {} --only {}"
LANGUAGE_MODEL = (
    "language models that were not asked for or are not here: hf download NAME, for each of {sets}"
)
BY_LABEL = "clean, "
"""How the score of a category begins, before AXIS = LABEL."""


def cells(part: PaperPart, models: Sequence[str], measured: Measured) -> Iterator[PaperCell]:
    """The cells of a part: of the paper's models, then of the others that were asked for."""
    for model in dict.fromkeys((*part.models, *models)):
        own: list[PaperCell] = []
        for benchmark in measured.benchmarks(part, models):
            own += _on(part, model, benchmark, measured)
        yield from own
        yield from summaries.averages(part, model, own)


def _on(part: PaperPart, model: str, benchmark: str, measured: Measured) -> Iterator[PaperCell]:
    """The cells of a model on a benchmark, the change between two of them behind."""
    row = measured.rows.get((part.property_name, model, benchmark))
    scores = {**part.scores, **_with_each(part, model, row), **_by_label(part, row)}
    found = {}
    for label, score in scores.items():
        cell = _cell(part, model, benchmark, (label, score), measured)
        if cell is not None:
            found[label] = cell
            yield cell
    change = summaries.change(part, found, measured)
    if change is not None:
        yield change


def _cell(
    part: PaperPart, model: str, benchmark: str, named: tuple[str, str], measured: Measured
) -> PaperCell | None:
    """None where there is nothing of that name and the paper prints nothing there."""
    key = part.property_name, model, benchmark
    row = measured.rows.get(key)
    name = tables.in_unit(named[1], benchmark)
    figures = {figure.name: figure for figure in tables.beside(part.property_name, model, benchmark)}
    figure = figures.get(name)
    notes = () if figure is None else figure.notes
    found = None if row is None else row["estimates"].get(name)
    if row is None or found is None:
        why = _missing(part, key, name, printed(figure), measured)
        if why is None:
            return None
        return PaperCell(
            part.key, model, benchmark, named[0], None, None, None, "", 0, printed(figure),
            Agreement.NOT_TESTED, why, notes
        )  # fmt: skip
    compared = measured.compared(part, model, benchmark, found, figure)
    numbers = found["value"], found["low"], found["high"]
    return PaperCell(
        part.key, model, benchmark, named[0], *numbers, found["unit"], found["n"], printed(figure),
        compared.agreement, compared.why, (*notes, *_odd(row))
    )  # fmt: skip


def _missing(
    part: PaperPart, key: tuple[str, str, str], name: str, value: float | None, measured: Measured
) -> str | None:
    """Why a cell holds nothing; None where it needn't be there."""
    _, model, benchmark = key
    if WITH in name:
        return LANGUAGE_MODEL if benchmark in part.benchmarks else None
    if key in measured.rows:
        return None if value is None else (measured.reasons.get(key) or NOT_ASKED.format(model, part.key))
    unprinted = value is None and part.form == "table" and not _is_printed(part, benchmark, name)
    if benchmark not in part.benchmarks or unprinted:
        return None
    return measured.reasons.get(key) or NOT_ASKED.format(model, part.key)


def _is_printed(part: PaperPart, benchmark: str, name: str) -> bool:
    """Whether the paper prints such a value of any model."""
    figures = (tables.beside(part.property_name, model, benchmark) for model in part.models)
    return any(figure.name == name for each in figures for figure in each)


def _with_each(part: PaperPart, model: str, row: Row | None) -> dict[str, str]:
    """The scores with each language model: those that were measured and, of the paper's models, its ten."""
    if not part.language_models:
        return {}
    names = [] if row is None else [name for name in row["estimates"] if WITH in name]
    measured = [name for name in names if name.partition(WITH)[0] in part.scores.values()]
    ten = tables.language_models().values() if model in part.models else ()
    wanted = [f"{side}{WITH}{each}" for side in part.scores.values() for each in ten]
    return {name: name for name in dict.fromkeys((*wanted, *measured))}


def _by_label(part: PaperPart, row: Row | None) -> Mapping[str, str]:
    """The scores of a benchmark's own categories, by AXIS = LABEL."""
    names = row["estimates"] if row is not None and part.by_label else ()
    return {name.removeprefix(BY_LABEL): name for name in names if name.startswith(BY_LABEL)}


def _odd(row: Row) -> Iterator[str]:
    """What a reader of a measured value should know."""
    data, settings = row["benchmark"], row["settings"]
    if data["n"] < data["total"]:
        yield f"{data['n']:,} of {data['total']:,} samples"
    if "judge" in settings and settings["judge"] not in ("rules", ""):
        yield f"judged by {settings['judge']}; the paper does not name the version of its judge"
