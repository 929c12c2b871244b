"""The drawing of a map: cells whose shade is their value, over an example picture where there is one.

Like plots.py it knows of plain values alone. Maps that are given the same limits have the same scale.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ipllvm.reporting.canvas import ROLES, SIZE, WIDTH
from ipllvm.reporting.plots import FOOT, framed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

THUMBNAIL: Final = 96
SIDE: Final = 58.0
"""Points a side of a cell, at most."""
SHADES: Final = ("#eef3f9", "#d3e2f2", "#a9c9e6", "#6fa6d3", "#3a7cb8", "#174f8a")
"""From the least to the most; the same in light and in dark, so that darker stays more."""
DARK: Final = 3
"""The first shade on which numbers are white."""
Cells = Sequence[Sequence[float | None]]
Limits = tuple[float, float]


def heat(cells: Cells, under: "Image | None" = None, limits: Limits | None = None) -> "Figure":
    """A map, darker where the value is larger; over a picture its shades let the picture through.

    `limits` are the values of the lightest and the darkest shade, where they are not the map's own: with the
    larger one first darker is less.
    """
    values = [value for row in cells for value in row if value is not None]
    ends = limits or (min(values, default=0.0), max(values, default=0.0))
    rows, columns = len(cells), max(map(len, cells), default=1)
    side = min((WIDTH - 8) / max(columns, 1), 330 / max(rows, 1), SIDE)
    right = WIDTH - 4 - columns * side
    figure, axes = framed(rows * side + FOOT, left=4, right=right, top=4, foot=FOOT - 4)
    axes.set(xlim=(0, columns), ylim=(rows, 0))
    axes.axis("off")
    if under is not None:
        axes.imshow(_faint(under), extent=(0, columns, rows, 0), aspect="auto", interpolation="none")
    for row, column, value in _places(cells):
        _cell(axes, (column, row), value, _shade(value, *ends), side, opaque=under is None)
    _scale(axes, ends, (columns, rows), side)
    return figure


def _places(cells: Cells) -> Iterator[tuple[int, int, float]]:
    """Row, column and value of what was measured."""
    for row, cut in enumerate(cells):
        for column, value in enumerate(cut):
            if value is not None:
                yield row, column, value


def _cell(axes: "Axes", at: tuple[int, int], value: float, shade: int, side: float, *, opaque: bool) -> None:
    """A shade and its number, which stands on a plate of its own where a picture lies below."""
    _box(axes, (*at, 1, 1), shade, None if opaque else 0.15 + 0.11 * shade)
    white = opaque and shade >= DARK
    plate = None if opaque else {"fc": "#ffffff", "ec": "none", "alpha": 0.82, "pad": 1.2}
    axes.text(
        at[0] + 0.5, at[1] + 0.5, f"{value:z.1f}", ha="center", va="center", bbox=plate,
        fontsize=min(SIZE + 1, side * 0.33), color="#ffffff" if white else "#101820",
    )  # fmt: skip


def _faint(picture: "Image") -> "Image":
    """`picture` small and in pale greys, so that its shapes show through the shades."""
    small = picture.convert("L")
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    return small.point([96 + grey * 5 // 8 for grey in range(256)]).convert("RGB")


def _scale(axes: "Axes", ends: Limits, size: tuple[int, int], side: float) -> None:
    """The shades from the least to the most, under a map of cells of `side` points."""
    (low, high), (columns, rows) = ends, size
    width = columns / len(SHADES)
    for shade in range(len(SHADES)):
        _box(axes, (shade * width, rows + 8 / side, width, 9 / side), shade)
    for x, anchor, value in ((0, "left", low), (columns, "right", high)):
        axes.text(x, rows + 20 / side, f"{value:z.1f}", ha=anchor, va="top", color=ROLES["soft"])
    direction = "darker = less" if low > high else "darker = more"
    axes.text(columns / 2, rows + 20 / side, direction, ha="center", va="top", color=ROLES["soft"])


def _box(
    axes: "Axes", box: tuple[float, float, float, float], shade: int, alpha: float | None = None
) -> None:
    from matplotlib.patches import Rectangle

    x, y, width, height = box
    edge = ROLES["paper"]
    axes.add_patch(
        Rectangle((x, y), width, height, fc=SHADES[shade], ec=edge, lw=0.8, alpha=alpha, clip_on=False)
    )


def _shade(value: float, low: float, high: float) -> int:
    share = (value - low) / (high - low) if high != low else 0.0
    return max(0, min(int(share * len(SHADES)), len(SHADES) - 1))
