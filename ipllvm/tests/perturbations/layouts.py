"""Layouts of packed tokens of any shape."""

import numpy as np

from ipllvm.records import Layout


def packed(*views: tuple[int, int], newlines: bool = True) -> Layout:
    """Views of rows x columns tokens; all but the first have a newline after each row."""
    parts = []
    for index, (rows, columns) in enumerate(views):
        wide = columns + (1 if newlines and index else 0)
        row, column = (axis.ravel() for axis in np.indices((rows, wide)))
        parts.append((np.full(rows * wide, index), row, column, column == columns))
    return Layout(*(np.concatenate(axis) for axis in zip(*parts, strict=True)))
