"""The numbers behind a picture as a table for readers: curves side by side, a map as it lies."""

from ipllvm.reporting.pictures import Cell, Picture

Table = tuple[tuple[str, ...], list[list[str]]]
_INTERVALS = ("value", "low", "high")


def table(picture: Picture) -> Table:
    """Heads and rows; a value of a curve or of a map stands with its interval in one cell."""
    if picture.columns[2:] == _INTERVALS:
        across, down = (0, 1) if picture.columns[0] == "curve" else (1, 0)
        cells = {(row[down], row[across]): _told(row[2:]) for row in picture.rows}
        if len(cells) == len(picture.rows):
            return _crossed(cells, picture.columns[down], "" if across == 0 else f"{picture.columns[1]} ")
    return picture.columns, [[_cell(cell) for cell in row] for row in picture.rows]


def _crossed(cells: dict[tuple[Cell, Cell], str], corner: str, prefix: str) -> Table:
    """A table of `cells` by the name of the row and of the column."""
    rows, columns = (list(dict.fromkeys(key[axis] for key in cells)) for axis in (0, 1))
    heads = (f"{prefix}{_cell(column)}" for column in columns)
    return (corner, *heads), [[_cell(row), *(cells.get((row, c), "") for c in columns)] for row in rows]


def _told(numbers: tuple[Cell, ...]) -> str:
    """A value, and its interval where there is one.

    >>> _told((12.5, None, 20.0)), _told((1.0, None, None))
    ('12.5 [n/a, 20]', '1')
    """
    value, low, high = map(_cell, numbers)
    return value if numbers[1] is numbers[2] is None else f"{value} [{low}, {high}]"


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    return "n/a" if cell is None else f"{cell:.4g}"
