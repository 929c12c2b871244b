"""Whether a model is fit for release as far as a run can tell, and as good as its baseline: one answer each.

Everything that speaks of a whole run reads it here: the rows' standing, the statements, the page's headline
and the exit status.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ipllvm.records import COMPARISON, Decision
from ipllvm.verdicts.answer import UNDECIDED, Member, RunAnswer, Standing, decide
from ipllvm.verdicts.failing import FailRule
from ipllvm.verdicts.statements import Statement
from ipllvm.verdicts.worse import POOLED

METHOD = "if all hold, all stand; else Holm's correction, as for what is violated or worse"
RAW = "every claim at its own level, without correction (--exit=raw)"
LEVEL = "alarm_level"
"""The setting of a comparison's row by which a budget over many gates shares out its level."""
_TEXTS = {
    "fit_for_release": {
        Decision.HOLDS: "Fit for release as far as this run tells: all {k} requirements hold.",
        Decision.UNDECIDED: "Not shown fit for release: {holds} of {k} requirements hold.",
        Decision.VIOLATED: "Not fit for release: {violated} of {k} requirements violated.",
    },
    "no_regression": {
        Decision.HOLDS: "As good as the baseline: none of {k} measures is worse by more than its margin.",
        Decision.UNDECIDED: "Not shown to be as good as the baseline: {holds} of {k} measures are.",
        Decision.WORSE: "Worse than the baseline: {worse} of {k} measures; more than a margin is not shown.",
        Decision.VIOLATED: "Worse than the baseline: {violated} of {k} measures by more than the margin.",
    },
}


@dataclass(frozen=True, slots=True)
class Family:
    """The claims of one model that are answered together; `rows` are their places, None of a lost test."""

    name: str
    model: str
    rows: tuple[int | None, ...]
    answer: RunAnswer


def families(
    rows: Sequence[Mapping[str, Any]],
    lost: Sequence[Mapping[str, Any]] = (),
    *,
    raw: bool = False,
    at_all: bool = False,
) -> list[Family]:
    """The requirements of each model, and what was gated against a baseline, each family with its answer.

    `rows` are those of the report (ipllvm/reporting/report.py), `lost` the tests that gave none: property,
    model, benchmark, primary; those with a `claim` are comparisons that could not be made. `raw` takes every
    claim at its own level; with `at_all` a comparison that is worse at all is WORSE (`rules`).
    """
    made = []
    keys = [(str(row["model"]["name"]), row["model"]["fingerprint"]) for row in rows]
    named = {name for name, _ in keys}
    models = dict.fromkeys(keys)
    models |= dict.fromkeys(
        (each["model"], "")
        for each in lost
        if (each["primary"] or each.get("claim")) and each["model"] not in named
    )
    for key in models:
        model, own = key[0], [i for i, each in enumerate(keys) if each == key and _asked(rows[i])]
        missed = [each for each in lost if each["model"] == model]
        members: dict[str, list[tuple[int | None, Member]]] = {
            "fit_for_release": [
                *((i, _member(rows[i])) for i in own if rows[i]["claim"]["primary"]),
                *((None, _missed(each)) for each in missed if each["primary"]),
            ],
            "no_regression": [
                *((i, _member(rows[i], at_all)) for i in own if _compared(rows[i])),
                *((None, _uncompared(each)) for each in missed if each.get("claim")),
            ],
        }
        for name, found in members.items():
            if found:
                answer = decide([member for _, member in found], raw)
                made.append(Family(name, model, tuple(place for place, _ in found), answer))
    return made


def standings(families: Sequence[Family]) -> dict[int, Standing]:
    """What the run says of each row that is in a family, by its place."""
    return {
        place: standing
        for family in families
        for place, standing in zip(family.rows, family.answer.standings, strict=True)
        if place is not None
    }


def rules(options: Mapping[str, Any]) -> dict[str, bool]:
    """By which rules a run answers: the words of `families` and `of`, from the options in its report.

    >>> rules({"exit": "raw", "fail_on": "worse"})
    {'raw': True, 'at_all': True}
    """
    return {"raw": options.get("exit") == "raw", "at_all": FailRule.of(options).at_all}


def of(
    rows: Sequence[Mapping[str, Any]],
    lost: Sequence[Mapping[str, Any]] = (),
    *,
    raw: bool = False,
    at_all: bool = False,
) -> list[Statement]:
    """A statement for each family of more than one claim; of a single one its own verdict says it all."""
    found = families(rows, lost, raw=raw, at_all=at_all)
    return [_stated(family, RAW if raw else METHOD) for family in found if len(family.rows) > 1]


def _asked(row: Mapping[str, Any]) -> bool:
    return bool(row["claim"]["kind"] == "requirement")


def _compared(row: Mapping[str, Any]) -> bool:
    return bool(row["claim"]["name"].startswith(COMPARISON))


def _member(row: Mapping[str, Any], at_all: bool = False) -> Member:
    claim, verdict = row["claim"], row["verdict"]
    whole = not row["partial"] and row["outcome"] != "error"
    p_holds, p_violated, p_worse = (
        float(verdict[p]) if whole and verdict.get(p) is not None else 1.0
        for p in ("p_holds", "p_violated", "p_worse")
    )
    name = claim["name"].removeprefix(COMPARISON)
    alpha = claim["alpha"] * row["settings"].get("family_wise", 1)
    return Member(
        name=name,
        benchmark=row["benchmark"]["name"],
        why=UNDECIDED if whole else "not measured to the end",
        p_holds=p_holds,
        p_violated=p_violated,
        alpha=alpha,
        p_worse=p_worse,
        pooled=name == POOLED,
        at_all=at_all,
        scale=alpha / row["settings"].get(LEVEL, alpha),
    )


def _missed(test: Mapping[str, Any]) -> Member:
    return Member(test["property"], test["benchmark"], "could not be measured", 1.0, 1.0, 0.0)


def _uncompared(test: Mapping[str, Any]) -> Member:
    return Member(test["claim"], test["benchmark"], "could not be compared", 1.0, 1.0, 0.0)


def _stated(family: Family, method: str) -> Statement:
    answer, members = family.answer, [each.member for each in family.answer.standings]
    counts = {str(each).lower(): len(answer.of(each)) for each in Decision}
    text = _TEXTS[family.name][answer.decision].format(k=len(members), **counts)
    benchmarks = tuple(dict.fromkeys(each.benchmark for each in members if each.benchmark))
    reason, p = _reason(answer)
    return Statement(
        name=family.name,
        text=text,
        models=(family.model,),
        benchmarks=benchmarks,
        decision=answer.decision,
        reason=reason,
        p=p,
        method=method,
        kind="requirement",
    )


def _reason(answer: RunAnswer) -> tuple[str, float]:
    """Why the answer is what it is, and the p-value that decides it."""
    if answer.decision is Decision.HOLDS:
        p = max(each.member.p_holds for each in answer.standings)
        return (
            f"each at its own level (the largest p is {p:.2g}), which needs no correction where all hold",
            p,
        )
    if answer.decision is Decision.UNDECIDED:
        open_ = answer.of(Decision.UNDECIDED)
        return f"open: {', '.join(map(_open, open_))}", max(each.p_holds for each in open_)
    side = "p_violated" if answer.decision is Decision.VIOLATED else "p_worse"
    found = [(each.member, float(getattr(each, side))) for each in answer.of(answer.decision)]
    named = ", ".join(f"{member} (p = {p / member.scale:.2g})" for member, p in found)
    return named, min(p for _, p in found)


def _open(standing: Standing) -> str:
    alone = standing.member.alone is not Decision.UNDECIDED
    return f"{standing.member} ({standing.note if alone else standing.member.why})"
