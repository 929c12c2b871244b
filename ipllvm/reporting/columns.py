"""The columns of a table of results: clean, blank, perturbed; of comparisons with a baseline the two runs."""

from collections.abc import Sequence
from typing import Final

from ipllvm.records import COMPARISON
from ipllvm.reporting.lines import Line, baseline, perturbed_heading

LEFT: Final = ("property", "benchmark", "verdict")
"""The columns that hold words."""


def groups(lines: Sequence[Line]) -> list[list[Line]]:
    """The comparisons with a baseline, then the model's own claims, as far as there are any."""
    compared = [line for line in lines if is_comparison(line)]
    own = [line for line in lines if not is_comparison(line)]
    return [group for group in (compared, own) if group]


def is_comparison(line: Line) -> bool:
    """Whether a result says how this model differs from that of a baseline."""
    return str(line.row["claim"]["name"]).startswith(COMPARISON)


def against(group: Sequence[Line]) -> str:
    """The baseline that all results of a group are compared with; empty where there are several, or none."""
    found = {baseline(line.row["claim"]) if is_comparison(line) else "" for line in group}
    return found.pop() if len(found) == 1 else ""


def heads(group: Sequence[Line]) -> tuple[str, ...]:
    """The names of the columns of results of one kind."""
    if is_comparison(group[0]):
        scores: tuple[str, ...] = ("before", "after", "worse by [low, high]")
    else:
        scores = ("clean", "blank", perturbed_heading(group), "Δ [low, high]")
    return ("property", "benchmark", *scores, "n", "margin", "mde", "verdict")


def short(group: Sequence[Line]) -> tuple[str, ...]:
    """The columns of a table where not all fit."""
    names = heads(group)
    few = ("before", "after") if is_comparison(group[0]) else ()
    change = next(name for name in names if name.endswith("[low, high]"))
    return ("property", "benchmark", *few, change, "margin", "verdict")


def shorter(group: Sequence[Line]) -> tuple[str, ...]:
    """Those of a comparison that is narrower still: a reason below it has the margin."""
    return tuple(name for name in short(group) if name != "margin" or not is_comparison(group[0]))


def cells(line: Line) -> list[str]:
    """The cells of a result, by `heads`."""
    scores = [line.before, line.after] if is_comparison(line) else [line.clean, line.blank, line.perturbed]
    return [line.property, line.benchmark, *scores, line.change, line.n, line.margin, line.mde, line.verdict]
