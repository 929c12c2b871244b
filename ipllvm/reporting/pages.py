"""What the pages have in common: templates that escape every text, style, script, and words for numbers."""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from ipllvm.reporting.tables import table
from ipllvm.reporting.text import interval, number, visible
from ipllvm.reporting.wording import INTERVAL_NOTE, count_of, standing
from ipllvm.verdicts.failing import NOT_MEASURED

if TYPE_CHECKING:
    from jinja2 import Template

OWN: Final = "ipllvm.reporting"
LONG: Final = 2_000
SYMBOLS: Final = {"HOLDS": "●", "UNDECIDED": "◆", "WORSE": "▼", NOT_MEASURED: "!", "VIOLATED": "✖"}
"""From the best to the worst."""


@cache
def _environment(package: str) -> Any:
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    built = Environment(
        loader=ChoiceLoader([PackageLoader(each, "templates") for each in (package, OWN)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    built.filters["shown"] = lambda text, limit=LONG: visible(str(text), limit)
    built.filters["number"] = lambda value, unit: number(value, unit)
    built.filters["table"] = table
    style, script = (_file(name) for name in ("style.css", "report.js"))
    digest = base64.b64encode(hashlib.sha256(f"\n{script}".encode()).digest()).decode()
    built.globals |= {
        "interval": interval,
        "standing": standing,
        "count_of": count_of,
        "symbols": SYMBOLS,
        "note": INTERVAL_NOTE,
        "style": style,
        "script": script,
        "script_hash": f"sha256-{digest}",
    }
    return built


def template(name: str, words: Mapping[str, object] | None = None, package: str = OWN) -> "Template":
    """A template of a package, with further names that it uses; it may extend those of this one."""
    built: Template = _environment(package).get_template(name, globals=dict(words or {}))
    return built


def _file(name: str) -> str:
    return files(OWN).joinpath("templates", name).read_text(encoding="utf-8")
