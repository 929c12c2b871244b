"""Claims and margins as data, and beside them the paper's own figures (ipllvm/claims/tables.py).

`load` reads the claims: those shipped in paper.toml, with a user's file laid over them by name.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

from ipllvm.errors import UnknownName, UsageError
from ipllvm.records import EXACT, Claim
from ipllvm.safety import reading

QUANTITIES = (  # of the shipped claims; another one is declared by the `meaning` of its claim
    "performance_drop",
    "gain",
    "kept",
    "centre_information",
    "centre_importance",
    "lowest_quarter",
    "image_first",
    "then_text",
    "retention",
    "solved",
    "alignment_loss",
    "hallucinated",
)
DIRECTIONS = ("at_most", "at_least")
KINDS = ("requirement", "observation")
DRAWN = ("lowest_quarter", "image_first", "then_text", "centre_importance")
"""The quantities of importance, whose draws differ in the strength of the noise."""
_WORDS = {
    "direction": DIRECTIONS,
    "kind": KINDS,
    "agg": ("mean", "max"),
    "draws": ("fixed", "random"),
    "exact": EXACT,
}
_KEYS = tuple(field.name for field in fields(Claim) if field.name != "name")
_NEEDED = tuple(f.name for f in fields(Claim) if f.default is MISSING and f.name != "name")
_SAID = ("quantity", "direction", "margin", "agg", "draws")
"""What the words of a claim say too."""
# Open intervals that a number must lie in; a drop of 100 points is all there is to lose.
_RANGES = {
    "margin": (-100.0, 100.0),
    "alpha": (0.0, 0.5),
    "planned_discordance": (0.0, 1.0),
    "regression_margin": (0.0, 100.0),
}


def load(path: Path | None = None) -> dict[str, Claim]:
    """The claims by name: the shipped ones, and over them those of the TOML file at `path`.

    A user's table may give only the keys that it changes. Raises UsageError with one line that
    says where and what: unreadable or bad TOML, an unknown or missing key, a bad value.

    >>> load()["permutation"].margin
    2.0
    """
    shipped = _shipped("paper.toml")
    claims = {name: _claim("paper.toml", name, table) for name, table in shipped.items()}
    if path is None:
        return claims
    for name, table in _read(path).items():
        if not isinstance(table, dict):
            raise UsageError(
                f"{path}: '{name}' is not a table; a claim starts with a line like [permutation]"
            )
        _check_keys(f"{path}: claim '{name}'", table)
        claims[name] = _claim(str(path), name, _laid_over(shipped.get(name, {}), table, path), claims)
    return claims


def check(where: str, claim: Claim) -> None:
    """Raises UsageError, in a line that begins with `where`, for a claim that no claims file can make."""
    given = {field.name: getattr(claim, field.name) for field in fields(Claim) if field.name in _KEYS}
    usual = {field.name: field.default for field in fields(Claim)}
    _claim(where, claim.name, {key: value for key, value in given.items() if value != usual[key]})


def _shipped(name: str) -> dict[str, Any]:
    return tomllib.loads(files("ipllvm.claims").joinpath(name).read_text(encoding="utf-8"))


def _read(path: Path) -> dict[str, Any]:
    try:
        return reading.toml_file(path)
    except OSError as error:
        raise UsageError(f"{path}: can't read the claims: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path}: not a TOML file in UTF-8: {error}") from error


def _laid_over(shipped: Mapping[str, Any], table: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """`table` over `shipped`; a changed claim must not go on as the paper's own."""
    changed = [key for key in table if shipped.get(key) != table[key]]
    merged = {**shipped, **table}
    if shipped and changed and "source" not in table:
        merged["source"] = f"{shipped['source']}; changed in {path.name}: {', '.join(changed)}"
    said = [f"{key} {table[key]}, not {shipped.get(key, 'the usual')}" for key in changed if key in _SAID]
    if shipped and said and "text" not in table:  # its words name the shipped number
        merged["text"] = f"{shipped['text'].removesuffix('.')} ({path.name}: {', '.join(said)})."
    return merged


def _claim(
    where: str, name: str, table: Mapping[str, Any], known: Mapping[str, Claim] | None = None
) -> Claim:
    place = f"{where}: claim '{name}'"
    _check_keys(place, table)
    missing = [key for key in _NEEDED if key not in table]
    if missing:
        close = get_close_matches(name, known or (), n=1, cutoff=0.5)
        hint = f"; did you mean '{close[0]}'?" if close and close[0] != name else ""
        raise UsageError(f"{place} lacks {', '.join(missing)}{hint}")
    made = Claim(name=name, **{key: _value(place, key, table[key]) for key in table})
    _check_quantity(place, made)
    _check_draws(place, made)
    return made


def _check_quantity(place: str, claim: Claim) -> None:
    """Raises UsageError for a quantity that is neither known nor declared."""
    if claim.quantity in QUANTITIES or claim.meaning:
        return
    hint = 'for one of your own add meaning = "...", which completes "Measured: 1.2 points ..."'
    raise UsageError(f"{place}: {UnknownName('quantity', claim.quantity, QUANTITIES)}; {hint}")


def _check_draws(place: str, claim: Claim) -> None:
    """Raises UsageError where what is asked of draws can't be had."""
    changed = [key for key, usual in (("agg", "mean"), ("draws", "fixed")) if getattr(claim, key) != usual]
    if changed and claim.quantity not in DRAWN:
        asked = f'{changed[0]} = "{getattr(claim, changed[0])}"'
        raise UsageError(f"{place}: {asked} is for importance only: {', '.join(DRAWN)}")
    if len(changed) > 1:
        raise UsageError(f'{place}: agg = "max" chooses among these draws, so that draws must be "fixed"')


def _check_keys(place: str, table: Mapping[str, Any]) -> None:
    for key in table:
        if key not in _KEYS:
            raise UsageError(f"{place}: {UnknownName('key', key, _KEYS)}")


def _value(place: str, key: str, value: object) -> Any:
    """`value` as the claim keeps it; raises UsageError where it can't be that key's."""
    if key in _RANGES:
        return _number(place, key, value)
    if key == "primary":
        if not isinstance(value, bool):
            raise UsageError(f"{place}: primary must be true or false, not {value!r}")
        return value
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{place}: {key} must be a text, not {value!r}")
    if key in _WORDS and value not in _WORDS[key]:
        raise UsageError(f"{place}: {UnknownName(key, value, _WORDS[key])}")
    return value


def _number(place: str, key: str, value: object) -> float:
    low, high = _RANGES[key]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and not math.isfinite(float(value)):  # type: ignore[arg-type]
        raise UsageError(f"{place}: {key} must be finite, not {value!r}")
    if not number or not low < float(value) < high:  # type: ignore[arg-type]
        raise UsageError(f"{place}: {key} must be a number between {low:g} and {high:g}, not {value!r}")
    return float(value)  # type: ignore[arg-type]
