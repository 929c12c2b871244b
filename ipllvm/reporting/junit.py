"""A row of a report as flat properties of its test, for pytest's record_property and --junitxml."""

from ipllvm.reporting.schema import Row
from ipllvm.reporting.text import visible
from ipllvm.reporting.view import standing


def properties(row: Row) -> list[tuple[str, str]]:
    """Names and values, both plain text: what was measured on what, the numbers, the verdict.

    `row` comes from `schema.row` or from the results of a report. Every estimate gives NAME,
    NAME.low and NAME.high; the one that the claim speaks of also gives low, high, n, clusters,
    draws and n_error. What is not known is left out.
    """
    claim, verdict = row["claim"], row["verdict"]
    target = row["estimates"].get(claim["quantity"], {})
    found = {
        "property": row["property"],
        "model": _name(row["model"]),
        "benchmark": _name(row["benchmark"]),
        "claim": claim["name"],
        "margin": claim["margin"],
        **_bounds(row["estimates"]),
        **{name: target.get(name) for name in ("unit", "low", "high", "n", "clusters", "draws", "n_error")},
        **{name: verdict[name] for name in ("p_holds", "p_violated", "n_to_decide")},
        "sde": verdict["smallest_detectable_effect"],
        "verdict": standing(row),
        "reason": verdict["reason"],
        **{name: row[name] for name in ("trials", "seconds", "partial")},
        "errors": len(row["errors"]),
    }
    return [(visible(name), _text(value)) for name, value in found.items() if value not in (None, "")]


def _bounds(estimates: Row) -> Row:
    parts = {"": "value", ".low": "low", ".high": "high"}
    return {name + end: each[part] for name, each in estimates.items() for end, part in parts.items()}


def _name(info: Row | str) -> str:
    return info if isinstance(info, str) else str(info["name"])


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else visible(str(value))
