"""A drawing inside a page: the SVG of canvas.py made small, and what the drawings of a page share.

Nothing that is seen gets lost: places are told to a tenth of a point, a path in the shortest words that SVG
has for it, and a style or a mark that many drawings use once for all of them.
"""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from ipllvm.reporting.canvas import ROLES, svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_USED = re.compile(r'(?:xlink:href="#|url\(#)([^")]+)')
_CUT: Final = (
    (re.compile(r"<\?xml.*?<svg", re.DOTALL), "<svg"),
    (re.compile(r"<metadata>.*?</metadata>|<!--.*?-->|<style[^>]*>.*?</style>", re.DOTALL), ""),
    (re.compile(r' transform="rotate\(-0 [^"]*"| font-family: [^;"]*;'), ""),
    (re.compile(r"\s+"), " "),
    (re.compile(r'<path d="[^"]*" style="fill: none"/>'), ""),
    (re.compile(r"> +<"), "><"),
    (re.compile(r"<g/>|<defs></defs>"), ""),
)
_CLIPS = re.compile(r' clip-path="[^"]*"|<clipPath.*?</clipPath>', re.DOTALL)
_GROUPS = re.compile(r"(<g(?: [^>]*)?>|</g>)")
_STYLE_OF = re.compile(r' style="([^"]*)"')
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_PLACE = re.compile(r'( (?:x|y)=")([^"<>]*)"')
_PATH = re.compile(r' d="([^"<>]*)"')
_STEP = re.compile(r"([MLCQZz])([^MLCQZz]*)")
_MARK = re.compile(r'<defs><path id="([^"]+)"([^>]*)/></defs>')
_HREF = re.compile(r' href="#([^"]+)"')
_NOTHING: Final = '<svg class="marks" width="0" height="0" aria-hidden="true" focusable="false">'
"""Takes no place; the attribute `hidden` would do nothing to an SVG, and `display: none` loses its marks."""
_HEAD = re.compile(r'<svg [^>]*viewBox="([^"]+)"[^>]*>')


def inline(draw: "Callable[[], Figure]", name: str) -> str:
    """The drawing as an element of a page: colours are roles, text is text, no id is there twice.

    It is hidden from screen readers: the page says the same in words and as a table.
    """
    text = svg(draw, name)
    text = _CLIPS.sub("", text)
    used = set(_USED.findall(text))
    text = re.sub(r' id="([^"]*)"', lambda m: m[0] if m[1] in used else "", text)
    for pattern, kept in _CUT:
        text = pattern.sub(kept, text)
    text = _without_bare_groups(text)
    text = _PLACE.sub(lambda m: f'{m[1]}{_NUMBER.sub(lambda n: _short(n[0]), m[2])}"', text)
    text = _PATH.sub(lambda m: f' d="{_path(m[1])}"', text)
    text = _HEAD.sub(r'<svg viewBox="\1" aria-hidden="true" focusable="false">', text, count=1)
    text = text.replace("xlink:href", "href")
    for role, colour in ROLES.items():
        text = text.replace(colour, f"var(--{role})")
    return text.strip()


def shared(drawings: Mapping[str, str]) -> tuple[dict[str, str], str, str]:
    """The drawings of a page, the marks that they have in common, and the rules of their styles' classes.

    The marks are an element that shows nothing by itself and has to stand before the drawings.
    """
    marks: dict[str, str] = {}
    classes: dict[str, str] = {}

    def classed(match: re.Match[str]) -> str:
        return f' class="{classes.setdefault(match[1], f"d{len(classes)}")}"'

    smaller = {}
    for name, text in drawings.items():
        names = {found: marks.setdefault(body, f"m{len(marks)}") for found, body in _MARK.findall(text)}
        smaller[name] = _STYLE_OF.sub(classed, _renamed(_MARK.sub("", text), names))
    paths = "".join(f'<path id="{name}"{body}/>' for body, name in marks.items())
    rules = "".join(f".{name}{{{style}}}\n" for style, name in classes.items())
    return smaller, f"{_NOTHING}{_STYLE_OF.sub(classed, paths)}</svg>" if paths else "", rules


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """A drawing that uses marks by their new names."""
    return _HREF.sub(lambda m: f' href="#{names.get(m[1], m[1])}"', text)


def _short(number: str) -> str:
    """A number to a tenth.

    >>> _short("12.96"), _short("-0.04"), _short("3")
    ('13', '0', '3')
    """
    text = f"{float(number):.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _path(text: str) -> str:
    """A path in fewer words: no space and no command that goes without saying, H and V along the axes.

    >>> _path("M 4 4 L 62 4 L 62 62.04 L 4 62 z "), _path("M 0 -2.7 L 1 2 L 3 4 C 0.7 -2 1.4 0 1 2 ")
    ('M4 4H62V62H4z', 'M0-2.7 1 2 3 4C0.7-2 1.4 0 1 2')
    """
    path, before, here = "", "", ["", ""]
    for word, rest in _STEP.findall(text):
        places = [_short(number) for number in _NUMBER.findall(rest)]
        command, numbers = _along(word, places, here)
        again = (command == before != "M") or (before, command) == ("M", "L")
        path += "" if again else command
        for number in numbers:
            path += number if path[-1:].isalpha() or number[0] == "-" else f" {number}"
        before, here = command, places[-2:] or here
    return path


def _along(word: str, places: list[str], here: list[str]) -> tuple[str, list[str]]:
    """A step's command and numbers; a line along an axis needs one number."""
    if word == "L" and places[1] == here[1]:
        return "H", places[:1]
    if word == "L" and places[0] == here[0]:
        return "V", places[1:]
    return word, places


def _without_bare_groups(text: str) -> str:
    """`text` without the groups that have no attribute."""
    wanted: list[bool] = []
    pieces = []
    for part in _GROUPS.split(text):
        if part.startswith("<g") and _GROUPS.fullmatch(part):
            wanted.append(part != "<g>")
            pieces.append(part if wanted[-1] else "")
        elif part == "</g>":
            pieces.append(part if wanted.pop() else "")
        else:
            pieces.append(part)
    return "".join(pieces)
