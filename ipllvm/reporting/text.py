"""Text and numbers as every view shows them; nothing that comes from a model or a file is trusted."""

import os
from math import isfinite
from urllib.parse import quote

from ipllvm.safety.printing import LIMIT as LIMIT
from ipllvm.safety.printing import visible as visible

REASON_LIMIT = 1_000
"""Characters of why a test failed: a counterexample must be readable as a whole."""
MISSING = "n/a"
_ASCII = str.maketrans({"Δ": "delta", "≤": "<=", "≥": ">=", "…": "..."})


def to_ascii(text: str) -> str:
    r"""`text` for a terminal that knows ASCII only.

    >>> to_ascii("Δ ≤ 2 é")
    'delta <= 2 \\xe9'
    """
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode()


def address(path: str) -> str:
    """A path as a link that leads to it, whatever its folders are called.

    >>> address("../exp#1/100%.html")
    '../exp%231/100%25.html'
    """
    return quote(os.fsencode(path))


def number(value: float | None, unit: str = "points") -> str:
    """`value` to a tenth where the unit is points or %, else three digits and the unit; n/a without end.

    >>> number(-0.01), number(None), number(0.48213, "ratio"), number(999.7, "s")
    ('0.0', 'n/a', '0.482 ratio', '1000 s')
    """
    if value is None or not isfinite(value):
        return MISSING
    if unit in ("points", "%"):
        return f"{value:z.1f}"
    digits = f"{value:z.0f}" if 999.5 <= abs(value) < 1e9 else f"{value:z.3g}"
    return f"{digits} {visible(unit, 20)}".rstrip()


def interval(low: float | None, high: float | None, unit: str = "points") -> str:
    """Both bounds in brackets; the unit is not repeated.

    >>> interval(-0.2, None)
    '[-0.2, n/a]'
    """
    return f"[{number(low, unit).split(' ')[0]}, {number(high, unit).split(' ')[0]}]"


def model_size(parameters: int) -> str:
    """How large a model is; 0 where nobody says, as of one that is served.

    >>> model_size(4_572_960), model_size(0)
    ('4,572,960 parameters', 'of unknown size')
    """
    return f"{parameters:,} parameters" if parameters else "of unknown size"


def duration(seconds: float) -> str:
    """As long as a person says it is.

    >>> duration(12.3), duration(200), duration(8000), duration(200_000)
    ('12 s', '3 min', '2 h 13 min', '2 days 8 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    hours = round(minutes / 60)
    return f"{hours // 24:,} days {hours % 24} h"
