"""What planted pictures say and planted models read: every cell of a grid names its sample and itself.

A cell of 8 x 8 px is four flat blocks of 4 x 4 px, whose colours are 12 bytes: number and cluster of
the sample (4 each), answer, cell, and a CRC-16 of these. Cells that are covered, blended or resized
have no valid CRC and say nothing.
"""

from binascii import crc_hqx
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from jaxtyping import Int, UInt8

GRID, CELL = 8, 8
CELLS = GRID * GRID
SIDE = GRID * CELL
BLOCK = 4
NUMBERS = 1 << 32
BYTES = 10
ALIKE = 11
"""Pictures with consecutive numbers that mean something alike: one, and its 10 nearest neighbours."""
_CRC = 0xFFFF  # a start other than 0, or black cells would be valid


def mark(number: int, cluster: int, answer: int, cell: int) -> bytes:
    """What a cell says: number and cluster of its sample, index of the right option, its own index.

    >>> mark(7, 5, 2, 63).hex()
    '0000000700000005023f'
    """
    return number.to_bytes(4, "big") + cluster.to_bytes(4, "big") + bytes((answer, cell))


def picture(number: int, cluster: int, answer: int) -> "UInt8[np.ndarray, '64 64 3']":
    """The pixels of a sample: 64 cells in reading order."""
    import numpy as np

    marks = [mark(number, cluster, answer, cell) for cell in range(CELLS)]
    coded = b"".join(said + crc_hqx(said, _CRC).to_bytes(2, "big") for said in marks)
    colors = np.frombuffer(coded, np.uint8).reshape(GRID, GRID, 2, 2, 3)
    blocks = colors.transpose(0, 2, 1, 3, 4).reshape(SIDE // BLOCK, SIDE // BLOCK, 3)
    return blocks.repeat(BLOCK, 0).repeat(BLOCK, 1)


def read(pixels: "Int[np.ndarray, '64 64 3']") -> list[bytes | None]:
    """The 10 bytes of each cell's mark, in reading order; None for a cell that says nothing."""
    blocks = pixels.reshape(SIDE // BLOCK, BLOCK, SIDE // BLOCK, BLOCK, 3)
    flat = (blocks == blocks[:, :1, :, :1]).all((1, 3, 4))
    whole = flat.reshape(GRID, 2, GRID, 2).all((1, 3)).ravel()
    colors = blocks[:, 0, :, 0].reshape(GRID, 2, GRID, 2, 3).transpose(0, 2, 1, 3, 4)
    coded = colors.astype("uint8").reshape(CELLS, -1)
    return [_checked(cell.tobytes()) if clear else None for cell, clear in zip(coded, whole, strict=True)]


def number(cells: "Sequence[bytes | None]") -> int | None:
    """The number of the sample that the first readable cell names; None where there is none.

    >>> number([None, mark(7, 5, 2, 63)])
    7
    """
    return next((int.from_bytes(cell[:4], "big") for cell in cells if cell is not None), None)


def _checked(coded: bytes) -> bytes | None:
    said, check = coded[:BYTES], int.from_bytes(coded[BYTES:], "big")
    return said if crc_hqx(said, _CRC) == check else None
