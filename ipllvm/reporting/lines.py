"""The results of a report as lines of a table, which all views share: order, cells, titles."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ipllvm.records import COMPARISON
from ipllvm.reporting.schema import Report, Row
from ipllvm.reporting.text import MISSING, interval, number, visible
from ipllvm.reporting.wording import WORST_FIRST, note, reason, standing, word

_KINDS: Final = ("requirement", "observation")


@dataclass(frozen=True, slots=True)
class Line:
    """One result as text; names are on one line and cut, but not yet escaped for any format.

    `before` and `after` are the scores of a comparison's two runs, n/a of other claims.
    `notable` says that a reader will ask for the reason: not HOLDS, or only alone.
    """

    model: str
    property: str
    benchmark: str
    clean: str
    blank: str
    perturbed: str
    before: str
    after: str
    change: str
    n: str
    margin: str
    mde: str
    verdict: str
    reason: str
    perturbation: str
    notable: bool
    row: Row


def lines(report: Report) -> list[Line]:
    """The results of `report`: requirements before observations, failures before the rest."""
    ordered = sorted(report["results"], key=_rank)
    names = {benchmark["id"]: benchmark["name"] for benchmark in report["benchmarks"]}
    claims = Counter((row["model"], row["test"]) for row in ordered)

    def name(row: Row) -> str:
        """A claim's name where its test has several, and of a comparison, which stands behind another."""
        claim = str(row["claim"]["name"])
        if claim.startswith(COMPARISON):
            return claim_title(row["claim"])
        return claim if claims[row["model"], row["test"]] > 1 else ""

    return [_line(row, names[row["benchmark"]], name(row)) for row in ordered]


def perturbed_heading(found: Sequence[Line]) -> str:
    """The heading of the perturbed score: its name where all rows have the same."""
    names = {line.perturbation for line in found}
    return names.pop() if len(names) == 1 else "perturbed"


def _rank(row: Row) -> tuple[int, int]:
    return _KINDS.index(row["claim"]["kind"]), WORST_FIRST.index(standing(row))


def _line(row: Row, benchmark: str, part: str) -> Line:
    """`part` is the name of the claim where a test makes several."""
    claim, estimates = row["claim"], row["estimates"]
    target = estimates.get(claim["quantity"])
    unit = target["unit"] if target else "points"
    other = _perturbation(row)
    sign = "≤" if claim["direction"] == "at_most" else "≥"
    return Line(
        model=visible(row["model"], 60),
        property=visible(titled(row["property"], part), 60),
        benchmark=visible(benchmark, 60),
        clean=_value(estimates.get("clean")),
        blank=_value(estimates.get("blank")),
        perturbed=_value(estimates.get(other)),
        before=_extra(target, "before"),
        after=_extra(target, "after"),
        change=_change(target),
        n=str(target["n"]) if target else "0",
        margin=f"{sign} {number(claim['margin'], unit)}",
        mde=number(row["verdict"]["minimum_detectable_effect"], unit),
        verdict=_verdict(row),
        reason=reason(row),
        perturbation=visible(other, 30),
        notable=standing(row) != "HOLDS" or bool(note(row)),
        row=row,
    )


def titled(name: str, part: str) -> str:
    """A property, and a part of it unless that is called the same.

    >>> titled("image_use", "clean score, against a"), titled("image_use", "image use, against a")
    ('image_use: clean score, against a', 'image_use, against a')
    """
    whole, comma, rest = part.replace("_", " ").partition(",")
    if whole == name.replace("_", " "):
        return f"{name}{comma}{rest}"
    return f"{name}: {part}" if part else name


def row_title(name: str, claim: Row) -> str:
    """A property in words, with its claim where that says more.

    >>> row_title("permutation_invariance", {"name": "permutation"}), row_title("order", {"name": "late"})
    ('permutation invariance', 'order: late')
    """
    words, part = visible(name, 60).replace("_", " "), claim_title(claim)
    return words if part in words else f"{words}: {part}"


def claim_title(claim: Row) -> str:
    """What a claim is called beside others of its property; of a comparison, against what.

    >>> claim_title({"name": "regression:clean_score", "source": "baseline release-1"})
    'clean score, against release-1'
    >>> claim_title({"name": "then_text", "source": "paper 3.7"})
    'then text'
    """
    name = visible(claim["name"], 60).removeprefix(COMPARISON).strip().replace("_", " ")
    return f"{name}, against {baseline(claim)}" if claim["name"].startswith(COMPARISON) else name


def baseline(claim: Row) -> str:
    """The baseline that a comparison was made with, without the folders it lies in."""
    source = visible(claim["source"], 300).removeprefix("baseline ")
    return source.rpartition("/")[2].removesuffix(".json") or source


LABEL = " = "
"""What the names of sub-scores hold, "clean, category = math"."""


def _perturbation(row: Row) -> str:
    """The name of the score under the perturbation: the first that is none of the fixed ones."""
    derived = ("_pairs", "_labelled", "_probability")
    fixed = ("clean", "blank", "noise_floor", "judge_noise", row["claim"]["quantity"])
    others = (
        name
        for name in row["estimates"]
        if name not in fixed and not name.endswith(derived) and LABEL not in name
    )
    return next(others, "perturbed")


def _value(estimate: Row | None) -> str:
    """A score, and how many of the answers behind it could not be read.

    >>> _value({"value": 93.5, "unit": "points", "extra": {"unread": 0.031}})
    '93.5 (3.1 % unread)'
    >>> _value({"value": 0.0, "unit": "points", "extra": {"unread": 1.0}})
    '0.0 (100 % unread)'
    """
    if estimate is None:
        return MISSING
    share = estimate["extra"].get("unread")
    percent = 100 * share if isinstance(share, float) else 0.0
    read = f" ({percent:{'.2g' if percent < 10 else '.0f'}} % unread)" if percent else ""
    return f"{number(estimate['value'], estimate['unit'])}{read}"


def _extra(target: Row | None, when: str) -> str:
    """The score of one of the two runs that a comparison is of."""
    found = (target or {}).get("extra", {}).get(when)
    return number(found) if isinstance(found, float) else MISSING


def _change(target: Row | None) -> str:
    if target is None or target["value"] is None:
        return MISSING
    return f"{_value(target)} {interval(target['low'], target['high'], target['unit'])}"


def _verdict(row: Row) -> str:
    return f"{word(row)} (partial)" if row["partial"] else word(row)
