"""The paper's figures as the paper draws them: same axes, same direction, the measured values."""

from collections.abc import Iterator, Sequence
from functools import partial

from ipllvm.paper.measured import WITH, Measured, PaperCell
from ipllvm.paper.parts import ENCODER_SIDE, PaperPart
from ipllvm.reporting import plots
from ipllvm.reporting.heat import heat
from ipllvm.reporting.pictures import Picture, alternative, slug
from ipllvm.reporting.schema import Row
from ipllvm.reporting.text import number, visible

UNIT = ("importance_max", "importance_mean")
"""Series that the paper shows from 0 for the least to 1 for the most."""
SHARE = ("image_share",)
HALF = plots.Level("the image leads above", 0.5)
Numbers = Sequence[float | None]


def pictures(
    part: PaperPart, models: Sequence[str], measured: Measured, found: Sequence[PaperCell]
) -> Iterator[Picture]:
    """What can be drawn of a part."""
    drawn = {"curves": _curves, "map": _maps}.get(part.form)
    if drawn is not None:
        yield from drawn(part, models, measured)
    elif part.form == "bars":
        yield from _bars(part, found)


def _curves(part: PaperPart, models: Sequence[str], measured: Measured) -> Iterator[Picture]:
    """One panel a benchmark, one line a model and series."""
    for benchmark in measured.benchmarks(part, models):
        rows = {model: measured.rows.get((part.property_name, model, benchmark)) for model in models}
        drawn = [
            curve
            for model, row in rows.items()
            if row is not None
            for curve in lines(part, model, row, len(models) > 1)
        ]
        if not drawn or (part.key != ENCODER_SIDE and part.form != "curves"):
            continue
        described = [
            (c.name, ", ".join(f"{a:g}: {v:.3g}" for a, v in zip(c.at, c.values, strict=True))) for c in drawn
        ]
        up = _up(part)
        yield Picture(
            f"{part.key}-{slug(benchmark)}", f"{part.where}, {benchmark}",
            f"{part.title} on {benchmark}, {up}, by {part.across}.",
            alternative(f"{part.title} on {benchmark}", described),
            ("curve", part.across, "value", "low", "high"),
            tuple((c.name, *each) for c in drawn for each in zip(c.at, c.values, c.low, c.high, strict=True)),
            partial(plots.curves, drawn, part.across, up, [HALF] if up == "share" else []),
        )  # fmt: skip


def _up(part: PaperPart) -> str:
    """What the upright axis of a part's curves is called."""
    if part.series == SHARE:
        return "share"
    return "from 0 to 1" if part.series[0] in UNIT else "points"


def lines(part: PaperPart, model: str, row: Row, several: bool = True) -> Iterator[plots.Curve]:
    """The curves of a row that a part draws, in the paper's unit; unknown values are left out.

    One value alone is a curve too, but not from 0 for the least to 1 for the most.
    """
    for series in row["series"]:
        if series["name"] not in part.series or len(series["axes"]) != 1:
            continue
        points = [point for point in series["points"] if point["value"] is not None]
        values = [_in_unit(part, point["value"], points) for point in points]
        sides = [[_bound(part, point, side, points) for point in points] for side in ("low", "high")]
        own = series["name"].removeprefix("importance_").replace("_", " ")
        name = f"{model} {own}" if several and len(part.series) > 1 else model if several else own
        at = tuple(point["at"][0] for point in points)
        if len(at) > (part.series[0] in UNIT):
            yield plots.Curve(visible(name, 60), at, tuple(values), tuple(sides[0]), tuple(sides[1]))


def _bound(part: PaperPart, point: Row, side: str, points: Sequence[Row]) -> float | None:
    """None where there is none, and of what is scaled from its own least to its largest value."""
    missing = point[side] is None or part.series[0] in UNIT
    return None if missing else _in_unit(part, point[side], points)


def _in_unit(part: PaperPart, value: float, points: Sequence[Row]) -> float:
    if part.series == SHARE:
        return value / 100
    return _from_0_to_1(value, [p["value"] for p in points]) if part.series[0] in UNIT else value


def _from_0_to_1(value: float, among: Sequence[float]) -> float:
    low, high = min(among), max(among)
    return (value - low) / (high - low) if high > low else 0.0


def _maps(part: PaperPart, models: Sequence[str], measured: Measured) -> Iterator[Picture]:
    """One map a model and benchmark."""
    for benchmark in measured.benchmarks(part, models):
        for model in models:
            row = measured.rows.get((part.property_name, model, benchmark))
            for name in part.series:
                cells = [] if row is None else grid(part, row, name)
                if cells:
                    yield _map(part, model, benchmark, name, cells)


def _map(part: PaperPart, model: str, benchmark: str, name: str, cells: list[list[float | None]]) -> Picture:
    described = [(f"row {n + 1}", ", ".join(number(v, "") for v in row)) for n, row in enumerate(cells)]
    by = f", {name.replace('_', ' ')}" if len(part.series) > 1 else ""
    what = f"{part.title}, {model} on {benchmark}{by}"
    values = [value for row in cells for value in row if value is not None]
    low, high = min(values, default=0.0), max(values, default=0.0)
    return Picture(
        f"{part.key}-{slug(model)}-{slug(benchmark)}{f'-{slug(name)}' if by else ''}",
        f"{part.where}, {visible(model, 60)} on {benchmark}{by}",
        f"{what}; darker is {part.darker}, as in the paper.",
        alternative(f"{what}, row by row from the top left", described),
        ("row", "column", "value", "low", "high"),
        tuple((r, c, v, None, None) for r, row in enumerate(cells) for c, v in enumerate(row)),
        partial(heat, cells, None, (high, low) if part.darker == "less" else (low, high)),
    )


def grid(part: PaperPart, row: Row, name: str = "") -> list[list[float | None]]:
    """The map of a row as the paper shows it; of importance, what is left from 0 to 1.

    Empty without one, and where all is left alike: from 0 to 1 there is nothing to show then.

    `name` is the series, the part's first unless it is given.
    """
    wanted = name or part.series[0]
    series = next((each for each in row["series"] if each["name"] == wanted), None)
    if series is None:
        return []
    if len(series["axes"]) == 2:
        found = {tuple(map(int, point["at"])): point["value"] for point in series["points"]}
        side = 1 + max(place for place, _ in found)
        return [[found.get((r, c)) for c in range(side)] for r in range(side)]
    values = [point["value"] for point in series["points"]]
    defined = [-value for value in values if value is not None]
    side = round(len(values) ** 0.5)
    if len(set(defined)) < 2 or side * side != len(values):
        return []
    left = [None if value is None else _from_0_to_1(-value, defined) for value in values]
    return [left[start : start + side] for start in range(0, len(left), side)]


def _bars(part: PaperPart, found: Sequence[PaperCell]) -> Iterator[Picture]:
    """Scores side by side: of models, or of language models where those are compared."""
    defined = [cell for cell in found if cell.value is not None]
    for benchmark in dict.fromkeys(cell.benchmark for cell in defined):
        here = [cell for cell in defined if cell.benchmark == benchmark]
        each = [cell for cell in here if WITH in cell.label] or here
        values = {(_place(cell), _side(cell)): _span(cell) for cell in each}
        places, sides = (list(dict.fromkeys(key[axis] for key in values)) for axis in (0, 1))
        scores = [(side, [values.get((place, side)) for place in places]) for side in sides]
        yield Picture(
            f"{part.key}-{slug(benchmark)}",
            f"{part.where}, {benchmark}",
            f"{part.title} on {benchmark}, in points.",
            alternative(f"{part.title} on {benchmark}", [(c.model, number(c.value)) for c in each]),
            ("of", "score", "value", "low", "high"),
            tuple((_place(c), _side(c), c.value, c.low, c.high) for c in each),
            partial(plots.levels, places, scores, "points"),
        )  # fmt: skip


def _span(cell: PaperCell) -> plots.Span:
    return plots.Span(_place(cell), cell.value or 0.0, cell.low, cell.high)


def _place(cell: PaperCell) -> str:
    return f"{cell.label.partition(WITH)[2]} {cell.model}" if WITH in cell.label else cell.model


def _side(cell: PaperCell) -> str:
    return cell.label.partition(WITH)[0]


def with_printed_map(cells: Sequence[Numbers], printed: Sequence[Numbers]) -> float | None:
    """Spearman's rank correlation of two maps; None where their sizes differ, or nothing varies."""
    from scipy.stats import spearmanr

    pairs = [
        (a, b)
        for mine, theirs in zip(cells, printed, strict=False)
        for a, b in zip(mine, theirs, strict=False)
        if a is not None and b is not None
    ]
    shapes = ([len(each) for each in found] for found in (cells, printed))
    if next(shapes) != next(shapes) or any(len(set(side)) < 2 for side in zip(*pairs, strict=True)):
        return None
    return float(spearmanr(*zip(*pairs, strict=True)).statistic)
