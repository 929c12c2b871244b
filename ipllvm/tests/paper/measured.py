"""Rows of a report as the paper's page reads them, without a run."""

from typing import Any

from ipllvm.paper.measured import Measured
from ipllvm.reporting.schema import Row

Point = tuple[tuple[float, ...], float | None]


def estimate(value: float | None, low: float | None = None, high: float | None = None, n: int = 100) -> Row:
    """An estimate in points."""
    return {"value": value, "low": low, "high": high, "unit": "points", "n": n}


def series(name: str, points: list[Point], unit: str = "points") -> Row:
    """A curve, or a map where points have two places."""
    made = [{"at": list(at), "value": value, "low": value, "high": value} for at, value in points]
    return {
        "name": name,
        "unit": unit,
        "axes": ["a"] * len(points[0][0]),
        "points": made,
        "quantity": "score",
    }


def row(
    benchmark: str, estimates: dict[str, Row], *curves: Row, n: int = 100, total: int = 100, **settings: Any
) -> Row:
    """A result of one property."""
    data = {"name": benchmark, "n": n, "total": total}
    return {"benchmark": data, "estimates": estimates, "series": [*curves], "settings": settings}


def measured(found: dict[tuple[str, str, str], Row], **reasons: str) -> Measured:
    """What was found by property, model and benchmark; reasons by model, of permuted MMStar."""
    told = {("permutation_invariance", model, "mmstar"): why for model, why in reasons.items()}
    return Measured(found, told)
