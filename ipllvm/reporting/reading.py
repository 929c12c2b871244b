"""What a result means, in a sentence for somebody who decides about a release."""

from collections import Counter
from collections.abc import Sequence

from ipllvm.reporting.lines import Line
from ipllvm.reporting.quantities import meaning
from ipllvm.reporting.schema import Row
from ipllvm.reporting.text import number, visible
from ipllvm.reporting.wording import BEYOND, WORST_FIRST, count_of, standing
from ipllvm.verdicts.failing import NOT_MEASURED


def reading(row: Row) -> str:
    """One result in plain words: what was measured, and what is allowed; its verdict says what follows."""
    claim, target = row["claim"], row["estimates"].get(row["claim"]["quantity"])
    if standing(row) == NOT_MEASURED or target is None or target["value"] is None:
        return "Nothing can be said: it could not be measured."
    unit = "points" if target["unit"] == "points" else visible(target["unit"], 20)
    measured = meaning(claim).measured(target["value"], unit)
    return f"{measured}; {_bound(row, target)}."


def summary(lines: Sequence[Line]) -> str:
    """Where a claim holds and where not, over benchmarks and models."""
    claim = lines[0].row["claim"]
    requirement = claim["kind"] == "requirement"
    how = "as claimed on" if claim["source"].startswith(BEYOND) else "as in the paper on"
    found = Counter(standing(line.row) for line in lines)
    words = {
        "HOLDS": "holds on" if requirement else how,
        "VIOLATED": "violated on" if requirement else f"not {how}",
        "WORSE": "worse than the baseline on",
        "UNDECIDED": "undecided on",
        NOT_MEASURED: "could not be measured on",
    }
    parts = [f"{words[name]} {found[name]}" for name in WORST_FIRST if found[name]]
    parts[0] = parts[0][0].upper() + parts[0][1:]
    noun = "benchmark" if len({line.row["model"] for line in lines}) == 1 else "pair"
    of = "" if noun == "benchmark" else " of benchmark and model"
    return f"{', '.join(parts)} of {count_of(len(lines), noun)}{of}."


def _bound(row: Row, target: Row) -> str:
    """The bounds that speak to the margin, and the margin."""
    claim = row["claim"]
    low, high, margin = (_number(x) for x in (target["low"], target["high"], claim["margin"]))
    asked = f"at most {margin}" if claim["direction"] == "at_most" else f"at least {margin}"
    asked = f"{asked} {'is required' if claim['kind'] == 'requirement' else 'is the finding'}"
    noun = meaning(claim).noun if (target["value"] or 0.0) < 0 else ""
    of = f" {noun}" if noun else ""
    below = (claim["direction"] == "at_most") == (standing(row) == "HOLDS")
    if standing(row) in ("UNDECIDED", "WORSE"):
        return f"the interval reaches from {low} to {high}{of}, {asked}"
    sure = f"{100 * (1 - claim['alpha']):g} %"
    if opposite := _opposite(row, target["value"], target["high" if below else "low"], below):
        return f"with {sure} confidence {opposite}"
    return f"with {sure} confidence {f'no more than {high}' if below else f'no less than {low}'}{of}, {asked}"


def _opposite(row: Row, value: float, bound: float | None, below: bool) -> str:
    """A bound on the other side of 0, where what was measured has words of its own there; else empty."""
    claim, meant = row["claim"], meaning(row["claim"])
    if value >= 0 or bound is None or bound >= 0 or not meant.below or number(bound) == number(0.0):
        return ""
    words = ("is required", "is allowed") if claim["kind"] == "requirement" else ("is the finding",) * 2
    if claim["margin"] == 0 and claim["direction"] == "at_least":
        asked = f"none {words[1]}"
    elif meant.noun:
        asked = f"{claim['direction'].replace('_', ' ')} {number(claim['margin'])} {meant.noun} {words[0]}"
    else:
        return ""
    return f"{'no less' if below else 'no more'} than {number(-bound)}, {asked}"


def _number(value: float | None) -> str:
    return "anything" if value is None else number(value)
