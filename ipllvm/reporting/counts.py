"""What a report says of how much was measured must agree too: samples, clusters, trials, right answers."""

import math
import re
from collections.abc import Iterator
from typing import Final

from ipllvm.records.values import POINTS
from ipllvm.reporting.schema import Row
from ipllvm.reporting.text import number, visible

CLOSE: Final = 1e-6
"""By which share of itself a number may differ that is computed from others."""
WHOLE: Final = ("exact_match", "label", "multiple_choice", "yes_no")
"""Rules by which an answer is right or not."""
REUSED: Final = re.compile(r"([\d,]+) of ([\d,]+) outcomes\b")
ASKED: Final = re.compile(r"([\d,]+) of ([\d,]+) questions\b")


def contradictions(row: Row, data: Row) -> Iterator[str]:
    """What of a result's numbers of samples and trials can't be true at once, a line each."""
    for name, found in row["estimates"].items():
        yield from _worth(visible(name), found)
    clean, scorer = row["estimates"].get("clean"), row["settings"].get("scorer")
    if clean is not None:
        if scorer in WHOLE and clean["draws"] == 1:
            yield from _right(clean)
        if row["trials"] < clean["n"]:
            yield f"{row['trials']:,} trials gave {clean['n']:,} clean answers"
    reused, asked = (str(row["settings"].get(name, "")) for name in ("reused", "asked"))
    if (words := REUSED.match(reused)) and _whole(words[2]) != row["trials"]:
        yield f"{row['trials']:,} trials, of which it says {visible(words[0])} were there already"
    if (words := ASKED.match(asked)) and _whole(words[2]) != data["n"]:
        yield f"{data['n']:,} samples, of which it says {visible(words[0])} were asked"


def _worth(name: str, found: Row) -> Iterator[str]:
    """The samples are as many as they are worth, times the design effect; clusters are no more than they."""
    deff, effective = (found["extra"].get(each) for each in ("deff", "n_effective"))
    if found["clusters"] > found["n"]:
        yield f"{name} is of {found['n']:,} samples in {found['clusters']:,} clusters"
    if not isinstance(deff, int | float) or not isinstance(effective, int | float) or not effective:
        return
    if not math.isclose(deff * effective, found["n"], rel_tol=CLOSE):
        words = f"worth {number(effective)} at a design effect of {deff:.3g}"
        yield f"{name} is of {found['n']:,} samples, {words}"


def _right(clean: Row) -> Iterator[str]:
    """So many samples can have so many points: a whole number of them is right."""
    right = (clean["value"] or 0.0) * clean["n"] / POINTS
    if abs(right - round(right)) > CLOSE * max(clean["n"], 1):
        score = f"clean is {number(clean['value'])}"
        yield f"{score}, which {clean['n']:,} answers, each right or not, can't give"


def _whole(text: str) -> int:
    return int(text.replace(",", "")[:18])
