"""From a matplotlib figure to a file for papers; inlining.py makes it a drawing inside a page.

Why matplotlib: the field's own plotting library, kept up for twenty years and typed; it draws SVG whose text
stays text, needs neither a browser nor a script, and makes the same bytes again (`svg.hashsalt`). Libraries
that draw in the browser (plotly, vega, bokeh) would put one to four megabytes of script into every page and
show nothing without it. It is imported when the first picture is drawn.

Colours have roles. A file has the light palette; a page has the roles as CSS variables (templates/style.css),
so that the drawing follows light, dark and print.
"""

import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

WIDTH: Final = 330.0
"""Points across: a drawing is shown at about this many pixels on a phone, and its text must be read there."""
SIZE: Final = 10.5
"""Points of a drawing's text."""
ROLES: Final = {
    "ink": "#1c2531",
    "soft": "#5a6776",
    "line": "#d4dbe2",
    "bad": "#a31d2b",
    "good": "#17663a",
    "open": "#8a5a01",
    "s1": "#1f5fa9",
    "s2": "#b45309",
    "s3": "#0f766f",
    "s4": "#86389a",
    "allowed": "#e3efe7",
    "paper": "#fffffe",
}
"""Role to its colour on white; no other colour of a drawing is any of these."""
SERIES: Final = ("s1", "s2", "s3", "s4")
_TITLES: Final = "titles:"
_APART: Final = "␞"
_TITLED_GROUP = re.compile(f""" id=(["']){_TITLES}(.*?)\\1""", re.DOTALL)
_MARK = re.compile(r"<use ([^>]*)/>")
_FONT = "DejaVu Sans"
_STYLE: Final[dict[str, Any]] = {
    "svg.fonttype": "none",
    "font.family": [_FONT],
    "font.size": SIZE,
    "text.color": ROLES["ink"],
    "text.parse_math": False,
    "axes.edgecolor": ROLES["line"],
    "axes.labelcolor": ROLES["soft"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.color": ROLES["line"],
    "ytick.color": ROLES["line"],
    "xtick.labelcolor": ROLES["soft"],
    "ytick.labelcolor": ROLES["soft"],
    "grid.color": ROLES["line"],
    "grid.linewidth": 0.6,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
}


@contextmanager
def style(salt: str) -> Iterator[None]:
    """The house style of all drawings; `salt` makes the ids of two drawings on one page differ."""
    import matplotlib

    options: Any = {**_STYLE, "svg.hashsalt": salt}
    with matplotlib.rc_context(options):
        yield


def title_marks(marks: "Artist", words: Sequence[str]) -> None:
    """Let each mark, in their order, say its words to who points at it."""
    marks.set_gid(_TITLES + _APART.join(each.replace(_APART, " ") for each in words))


def svg(draw: "Callable[[], Figure]", name: str) -> str:
    """The drawing as an SVG file with the light palette; its marks have titles, which take no script."""
    first, *rest = re.split(_TITLED_GROUP, _bytes(draw, name, "svg").decode())
    return first + "".join(map(_titled, rest[1::3], rest[2::3]))


def _titled(words: str, text: str) -> str:
    """What follows a group that tells something, its first marks with a title each."""
    titles = iter(words.split(_APART))

    def titled(mark: re.Match[str]) -> str:
        title = next(titles, "")
        return f"<use {mark[1]}><title>{title}</title></use>" if title else mark[0]

    return _MARK.sub(titled, text)


def png(draw: "Callable[[], Figure]", name: str) -> bytes:
    """The drawing as a PNG of 200 pixels an inch, on white."""
    return _bytes(draw, name, "png", dpi=200, facecolor="white")


def _bytes(draw: "Callable[[], Figure]", name: str, kind: str, **how: Any) -> bytes:
    file = io.BytesIO()
    with style(name), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the reader's fonts show it, not ours
        metadata = {"Date": None, "Creator": None} if kind == "svg" else None
        draw().savefig(file, format=kind, metadata=metadata, **how)
    return file.getvalue()
