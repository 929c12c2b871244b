"""Whether a model is fit for release as far as a run can tell: all of its requirements at once.

All hold where each one does by its own raw p-value: no correction for their number is needed (intersection-
union test, Berger 1982). That any is violated is a union, and needs Holm's correction over all of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ipllvm.records import Decision
from ipllvm.stats.multiplicity import holm
from ipllvm.verdicts.statements import Statement

METHOD = "all raw p-values at their own level; violations by Holm's correction"
_SIDES = ("p_holds", "p_violated")
_FAMILIES = {
    "fit_for_release": "Fit for release, as far as this run can tell: all {k} requirements hold.",
    "no_regression": "As good as the baseline: none of {k} measures is worse by more than its margin.",
}


@dataclass(frozen=True, slots=True)
class _Member:
    """One claim of a family: its raw p-values, 1 where nothing was decided, and the family's level."""

    name: str
    benchmark: str
    why: str
    p_holds: float
    p_violated: float
    alpha: float


def of(rows: Sequence[Mapping[str, Any]], lost: Sequence[Mapping[str, Any]] = ()) -> list[Statement]:
    """A statement over the requirements of each model, and one over those that were gated against a baseline.

    Of `lost`, the tests that gave no result, those with a `claim` are comparisons that could not be made.

    `rows` are those of the report (ipllvm/reporting/report.py), `lost` the tests that gave none: property,
    model, benchmark, primary. Of a single requirement its own verdict says it all.
    """
    made = []
    for model in dict.fromkeys(row["model"]["name"] for row in rows):
        own = [row for row in rows if row["model"]["name"] == model and row["claim"]["kind"] == "requirement"]
        missed = [_missed(each) for each in lost if each["model"] == model and each["primary"]]
        families = {
            "fit_for_release": [*[_member(row) for row in own if row["claim"]["primary"]], *missed],
            "no_regression": [
                *(_member(row) for row in own if row["claim"]["name"].startswith("regression:")),
                *(_uncompared(each) for each in lost if each["model"] == model and each.get("claim")),
            ],
        }
        made += [_stated(name, model, found) for name, found in families.items() if len(found) > 1]
    return made


def _member(row: Mapping[str, Any]) -> _Member:
    claim, verdict = row["claim"], row["verdict"]
    told = not row["partial"] and row["outcome"] != "error"
    p_holds, p_violated = (verdict[p] if told and verdict[p] is not None else 1.0 for p in _SIDES)
    alpha = claim["alpha"] * row["settings"].get("family_wise", 1)
    return _Member(
        claim["name"].removeprefix("regression:"),
        row["benchmark"]["name"],
        "undecided" if told else "not measured to the end",
        p_holds,
        p_violated,
        alpha,
    )


def _missed(test: Mapping[str, Any]) -> _Member:
    return _Member(test["property"], test["benchmark"], "could not be measured", 1.0, 1.0, 0.0)


def _uncompared(test: Mapping[str, Any]) -> _Member:
    return _Member(test["claim"], test["benchmark"], "could not be compared", 1.0, 1.0, 0.0)


def _stated(name: str, model: str, members: Sequence[_Member]) -> Statement:
    k, adjusted = len(members), holm([each.p_violated for each in members])
    surely = [(each, p) for each, p in zip(members, adjusted, strict=True) if p <= each.alpha]
    if surely:
        decision, p = Decision.VIOLATED, min(p for _, p in surely)
        told = ", ".join(f"{_words(each)} (p = {p:.2g})" for each, p in surely)
        reason = f"but violated, also after Holm's correction over {k}: {told}"
    else:
        p, open_ = max(each.p_holds for each in members), list(_open(members, adjusted))
        decision = Decision.UNDECIDED if open_ else Decision.HOLDS
        reason = f"but not shown: {', '.join(open_)}" if open_ else _all_hold(p)
    benchmarks = tuple(dict.fromkeys(each.benchmark for each in members if each.benchmark))
    text = _FAMILIES[name].format(k=k)
    return Statement(
        name, text, (model,), benchmarks, None, None, None, "", decision, reason, p, METHOD, "requirement"
    )


def _all_hold(p: float) -> str:
    return f"each at its own level (the largest p is {p:.2g}); for all at once that needs no correction"


def _open(members: Sequence[_Member], adjusted: Sequence[float]) -> Iterator[str]:
    """The claims that do not hold, each with why."""
    for each, p in zip(members, adjusted, strict=True):
        if each.p_holds <= each.alpha:
            continue
        alone = f"violated on its own, which may be chance among {len(members)}: Holm's p = {p:.2g}"
        yield f"{_words(each)} ({alone if each.p_violated <= each.alpha else each.why})"


def _words(member: _Member) -> str:
    return f"{member.name} on {member.benchmark}" if member.benchmark else member.name
