"""How much of a text GitHub takes, and a text that is cut to it."""

from typing import Final

COMMENT_LIMIT: Final = 65_536
"""Bytes of a comment, of which GitHub takes as many characters."""
CUT: Final = "\n\n**Cut here**: the rest is more than GitHub shows; the report has all of it.\n"
CLOSING: Final = ("pre", "details")
"""What may be open where a text is cut, the innermost first."""


def fitting(text: str, room: int) -> str:
    r"""`text`, cut behind a line and told so where it is more than `room` bytes; all that is open is closed.

    >>> fitting("| a |\n| b |\n", 100)
    '| a |\n| b |\n'
    """
    if len(text.encode()) <= room:
        return text
    if room < len(CUT):
        return ""
    ends = "".join(f"</{tag}>" for tag in CLOSING)
    left = max(0, room - len((CUT + ends).encode()))
    kept = text.encode()[:left].decode(errors="ignore").rpartition("\n")[0]
    still = "".join(f"</{tag}>" for tag in CLOSING if kept.count(f"<{tag}>") > kept.count(f"</{tag}>"))
    return f"{kept}{still}{CUT}"
