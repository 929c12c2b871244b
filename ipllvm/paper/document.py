"""From what runs have measured to the page."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from ipllvm.claims.tables import plots
from ipllvm.paper import drawing
from ipllvm.paper.agreement import Agreement
from ipllvm.paper.cells import NOT_ASKED, cells
from ipllvm.paper.measured import Measured, PaperCell
from ipllvm.paper.parts import EMBEDDED_ENCODERS, ENCODER_SIDE, PaperPart
from ipllvm.paper.planning import is_here
from ipllvm.paper.words import Document, PaperSection, reasons
from ipllvm.reporting.schema import Row

if TYPE_CHECKING:
    from ipllvm.paper.examples import PicturedExample

MAP = "Fig. 8"
SYNTHESIZED = "fig5"


def build(
    parts: Sequence[PaperPart],
    models: Sequence[str],
    encoders: Sequence[str],
    measured: Measured,
    plan: Sequence[str] = (),
    about: Sequence[str] = (),
    example: "PicturedExample | None" = None,
) -> Document:
    """The document of some parts: of `models`, and of `encoders` where a part is about those.

    `example` is what Figures 3 and 5 are made of.
    """
    written = [
        _shown(part, encoders if part.key == ENCODER_SIDE else models, measured, example) for part in parts
    ]
    return Document(written, plan, about)


def _shown(
    part: PaperPart, models: Sequence[str], measured: Measured, example: "PicturedExample | None"
) -> PaperSection:
    if part.form == "examples":
        if example is None:
            return PaperSection(part)
        words = [example.words] if part.key == SYNTHESIZED and example.words else []
        return PaperSection(part, examples=_examples(part, example), remarks=words)
    found = list(cells(part, models, measured))
    drawn = list(drawing.pictures(part, models, measured, found))
    return PaperSection(part, found, drawn, remarks=[*_remarks(part, models, measured)])


def _examples(part: PaperPart, example: "PicturedExample") -> dict[str, bytes]:
    from ipllvm.paper.examples import MAKERS, strip

    written = MAKERS[part.key](example)
    stream = BytesIO()
    strip(written).save(stream, "PNG")
    return {f"{part.key}-{'-'.join(written).replace(' ', '')}": stream.getvalue()}


def _remarks(part: PaperPart, models: Sequence[str], measured: Measured) -> Iterator[str]:
    """What a figure has to say that is no table: what the paper notes, and where nothing was run."""
    if part.by_label or part.form in ("curves", "map"):
        for plot in plots():
            if plot.where == part.where or (plot.where == "Fig. 6" and part.where.startswith("Fig. 6")):
                yield from plot.notes
        yield from _untested(part, models, measured)
    for (name, model, benchmark), row in measured.rows.items():
        if name == part.property_name and model in models:
            yield from (f"{model} on {benchmark}: {remark}" for remark in _of_row(part, model, row))


def _of_row(part: PaperPart, model: str, row: Row) -> Iterator[str]:
    """What is to be said beside the drawing of a row, and where there is nothing to draw."""
    if part.form == "curves" and next(drawing.lines(part, model, row), None) is None:
        yield f"no curve: its value can be told at no {part.across}"
    if "crossing" in row["settings"]:
        yield f"layer at which the image's lead is first lost: {row['settings']['crossing']}"
    if part.where == MAP:
        (printed,) = (plot.values for plot in plots() if plot.where == MAP)
        yield _beside_the_printed_map(drawing.grid(part, row), printed)


def _beside_the_printed_map(cells: Sequence[drawing.Numbers], printed: Sequence[drawing.Numbers]) -> str:
    if not cells:
        return "noise on one group costs as much as on any other: no map"
    found = drawing.with_printed_map(cells, printed)
    text = "not comparable, another grid" if found is None else f"{found:.2f}"
    return f"rank correlation with the printed map: {text}"


def _untested(part: PaperPart, models: Sequence[str], measured: Measured) -> Iterator[str]:
    """As `words.reasons`, of a part without cells."""
    if not models:
        kind = "models that only name classes" if part.key == ENCODER_SIDE else "models"
        names = " ".join(part.models or EMBEDDED_ENCODERS)
        yield f"NOT TESTED: {kind} were {NOT_ASKED.format(names, part.key)}"
    keys = [(part.property_name, model, benchmark) for model in models for benchmark in part.benchmarks]
    lost = [
        PaperCell(part.key, key[1], key[2], "", None, None, None, "", 0, None, Agreement.NOT_TESTED,
             measured.reasons.get(key) or _why(key[2]))
        for key in keys
        if key not in measured.rows
    ]  # fmt: skip
    yield from reasons(PaperSection(part, lost))


def _why(benchmark: str) -> str:
    return "not run" if is_here(benchmark) else f"benchmark '{benchmark}' is neither on this machine"
