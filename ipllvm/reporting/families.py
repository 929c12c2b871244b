"""What the whole run may say: Holm-adjusted p-values of the primary requirements of each model."""

from collections.abc import Sequence

from ipllvm.records import Decision
from ipllvm.reporting.schema import Row


def families(results: Sequence[Row], not_measured: Sequence[Row]) -> list[Row]:
    """One entry a model: k claims, and each with its p-values adjusted in two families (Holm 1979).

    The families are all `p_holds` and all `p_violated`; each keeps its own alpha. `results` are
    entries of a report. A primary requirement that could not be measured counts, with p = 1.
    """
    models = dict.fromkeys(entry["model"] for entry in [*results, *not_measured] if entry["model"])
    made = (
        _family(
            model,
            [entry for entry in results if entry["model"] == model and _is_member(entry)],
            sum(entry["model"] == model and entry["primary"] for entry in not_measured),
        )
        for model in models
    )
    return [family for family in made if family["k"]]


def _is_member(entry: Row) -> bool:
    return bool(entry["claim"]["kind"] == "requirement" and entry["claim"]["primary"])


def _family(model: str, members: Sequence[Row], lost: int) -> Row:
    from ipllvm.stats import multiplicity

    rest = [1.0] * lost
    holds = [_p(entry, "p_holds") for entry in members] + rest
    violated = [_p(entry, "p_violated") for entry in members] + rest
    adjusted = multiplicity.families(holds, violated)
    claims = [
        _member(entry, p_holds, p_violated)
        for entry, p_holds, p_violated in zip(members, adjusted.holds, adjusted.violated, strict=False)
    ]
    return {"model": model, "k": len(members) + lost, "claims": claims}


def _p(entry: Row, name: str) -> float:
    p = entry["verdict"][name]
    return 1.0 if p is None else float(p)


def _alpha(entry: Row) -> float | None:
    """The level of the family: a claim's own, before --family-wise shared it."""
    alpha = entry["claim"]["alpha"]
    return None if alpha is None else float(alpha * entry["settings"].get("family_wise", 1))


def _member(entry: Row, p_holds: float, p_violated: float) -> Row:
    decision, alpha = entry["verdict"]["decision"], _alpha(entry)
    adjusted = {Decision.HOLDS: p_holds, Decision.VIOLATED: p_violated}.get(decision, 0.0)
    return {
        "test": entry["test"],
        "property": entry["property"],
        "benchmark": entry["benchmark"],
        "p_holds": p_holds,
        "p_violated": p_violated,
        "stands": bool(alpha is None or adjusted <= alpha),
    }
