"""The calibration as a table: the worst rate of every kind of cell beside its band."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from ipllvm.calibration.cells import within_bands

_SHOWN = {
    "bounds": ("miss_low", "miss_high"),
    "at the margin": ("HOLDS", "VIOLATED"),
    "power": ("right", "wrong"),
    "family of 10": ("any_false_HOLDS", "any_false_VIOLATED"),
    "gate of a ratio": ("HOLDS", "VIOLATED"),
    "sequential, at the margin": ("HOLDS", "VIOLATED"),
    "sequential, gap": ("wrong", "used"),
    "clusters": ("HOLDS", "VIOLATED"),
    "graded": ("HOLDS", "VIOLATED"),
    "neighbours": ("HOLDS", "VIOLATED"),
    "few clusters": ("HOLDS", "VIOLATED"),
    "property gate": ("HOLDS", "VIOLATED"),
    "mean over benchmarks": ("HOLDS", "VIOLATED"),
    "guard at its edge": ("any_vacuous_HOLDS",),
    "random draws": ("HOLDS", "VIOLATED"),
    "planned looks": ("HOLDS", "VIOLATED", "used"),
    "sequential gate": ("HOLDS", "VIOLATED", "WORSE"),
    "advice followed": ("HOLDS", "VIOLATED"),
    "failing": ("HOLDS", "VIOLATED"),
    "monotone": ("lowered", "below_none", "turned"),
    "decides": ("right", "wrong"),
}


def lines(rows: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Kinds of cells, how many kept their bands, and the range of each rate in percent; then the failed."""
    kinds: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for name, row in rows.items():
        kinds[next(kind for kind in _SHOWN if name.startswith(kind))].append(row)
    yield f"{'cells of':<28}{'kept':>10}  rates, % (least to largest)"
    for kind, found in kinds.items():
        ranges = ", ".join(f"{rate} {_range(found, rate)}" for rate in _SHOWN[kind])
        yield f"{kind:<28}{sum(map(within_bands, found)):>4} of {len(found):<3}  {ranges}"
    for name, row in rows.items():
        if not within_bands(row):
            yield f"not kept: {name}: {'; '.join(row['again']['broken'])} in {row['again']['runs']} runs"


def _range(found: list[Mapping[str, Any]], rate: str) -> str:
    """Of the longer run where there were two."""
    rates = [100 * row.get("again", row)["rates"][rate] for row in found]
    return f"{min(rates):.1f}-{max(rates):.1f}"
