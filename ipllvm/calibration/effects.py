"""Mutants by what was measured: how much worse each property got, in points."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from ipllvm.calibration.models import beyond, worse_by

Rows = Mapping[str, Mapping[str, Any]]


def table(*parts: Rows) -> Iterator[str]:
    """A line a mutant and a column a claim; `*` marks what moved by more than its margin, either way.

    `parts` are gates and probes of the same mutants; of a claim that both have, the gate's is shown.
    """
    names = dict.fromkeys(chain.from_iterable(parts))
    changes = {name: _changes(name, parts) for name in names}
    claims = list(dict.fromkeys(chain.from_iterable(changes.values())))
    yield f"{'worse by, points':<24}" + "".join(f"{claim:>26}" for claim in claims)
    for name in names:
        rows = [part[name] for part in parts if name in part]
        if all(row["refused"] for row in rows):
            yield f"{name:<24}{'refused':>26}"
            continue
        cells = [_cell(changes[name][claim]) if claim in changes[name] else "" for claim in claims]
        wrong = "" if all(row["right"] for row in rows) else "  WRONG"
        line = f"{name:<24}" + "".join(f"{cell:>26}" for cell in cells)
        yield line.rstrip() + wrong


def _changes(name: str, parts: tuple[Rows, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in parts:
        found |= {**part.get(name, {}).get("claims", {}), **found}
    return found


def _cell(change: Mapping[str, Any]) -> str:
    star = "*" if beyond(dict(change)) else ""
    return f"{worse_by(change)}{star}"
