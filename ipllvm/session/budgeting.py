"""A gate as one of a train: at which level it alarms, and what is kept of it beside the baseline."""

from collections.abc import Mapping, Sequence
from typing import Any

from ipllvm.errors import UsageError
from ipllvm.records import COMPARISON
from ipllvm.session.comparisons import Reference
from ipllvm.session.options import Options

Rows = Sequence[dict[str, Any]]


NO_LEVEL = 1e-9
"""Where the record can't be read or written, so that nobody knows the level: no alarm stands."""


def share(reference: Reference, rows: Rows, options: Options) -> None:
    """Give the rows of the comparisons the level that the budget has for this gate, and take its place.

    Where that can't be done, `keep` says why.
    """
    from ipllvm.gate import budget
    from ipllvm.verdicts.release import LEVEL

    asked, gated = options.budget, [row for row in rows if row["claim"]["name"].startswith(COMPARISON)]
    if asked is None or not gated:
        return
    file, about = budget.file_of(reference.file), (_fingerprint(rows), budget.about(rows))
    try:
        level = budget.take_place(file, budget.digest(reference.content), asked, *about)
    except UsageError:
        level = NO_LEVEL
    for row in gated:
        row["settings"] = {**row["settings"], LEVEL: level}


def among(reference: Reference, options: Options) -> float:
    """Among how many comparisons of a gate what one of them shows against the model has to stand.

    More than there are where a budget leaves a smaller level; that of a checkpoint which is gated anew.
    """
    from ipllvm.gate import budget

    claims = [each.claim for each in reference.baseline.entries.values()]
    count = sum(options.fail_rule.decides(claim.kind, compared=True) for claim in claims)
    found = 1.0 if options.exit == "raw" else float(max(count, 1))
    if options.budget is None:
        return found
    entries = budget.load(budget.file_of(reference.file), budget.digest(reference.content))
    level = budget.level(options.budget, entries, "", "")
    return found * max(claim.alpha for claim in claims) / level


def keep(reference: Reference, rows: Rows, options: Options, started: str) -> list[str]:
    """Put this gate into the record beside the baseline; what a report says of it, if anything."""
    from ipllvm.gate import budget
    from ipllvm.records import Decision
    from ipllvm.verdicts import release

    asked = options.budget
    gated = [row for row in rows if row["claim"]["name"].startswith(COMPARISON)]
    if asked is None or not gated:
        return []
    file, level = budget.file_of(reference.file), float(gated[0]["settings"][release.LEVEL])
    answers = release.families(rows, (), **release.rules(options.as_row()))
    families = [each for each in answers if each.name == "no_regression"]
    alarm = any(each.answer.worse or each.answer.decision is Decision.VIOLATED for each in families)
    found = [row["verdict"]["p_worse"] for row in gated if row["verdict"]["p_worse"] is not None]
    made = budget.Entry(
        _fingerprint(rows),
        budget.about(rows),
        level,
        min(found, default=1.0),
        alarm,
        started,
        _evidence(rows),
    )
    entries = budget.keep(file, budget.digest(reference.content), made)
    told = budget.told(asked, entries, level)
    together = budget.evidence(entries, made.checkpoint)
    shown = ", ".join(f"{name} {value:.3g}" for name, value in sorted(together.items()))
    return [f"{told}; evidence of its sequential runs together: {shown}" if shown else told]


def _fingerprint(rows: Rows) -> str:
    return str(rows[0]["model"]["fingerprint"])


def _evidence(rows: Rows) -> Mapping[str, float]:
    """The e-values against each claim that a sequential run found."""
    found = {}
    for row in rows:
        target = row["estimates"].get(row["claim"]["quantity"]) or {}
        looked = (target.get("extra") or {}).get("sequential") or {}
        if looked.get("e_violated") is not None:
            found[f"{row['property']} {row['claim']['name']} {row['benchmark']['name']}"] = looked[
                "e_violated"
            ]
    return found
