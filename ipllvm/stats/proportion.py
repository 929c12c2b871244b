"""Intervals for a single proportion, such as the clean or the blank-image accuracy."""

from statsmodels.stats.proportion import proportion_confint


def proportion_interval(proportion: float, effective: float, alpha: float = 0.05) -> tuple[float, float]:
    """Bounds of a proportion in [0, 1], each valid at 1 - `alpha` on its own side.

    `effective` is the number of independent samples that the data are worth; it needn't be whole.
    Wilson 1927, with the effective size of Korn & Graubard 1998; at 0 and 1 the exact bound of
    Clopper & Pearson 1934. Without samples nothing is known: (0, 1).
    Raises ValueError where `proportion` isn't in [0, 1].

    >>> [round(x, 4) for x in proportion_interval(17 / 21, 21)]
    [0.6369, 0.9115]
    """
    if not 0 <= proportion <= 1:
        raise ValueError(f"not a proportion: {proportion}")
    if effective <= 0:
        return 0.0, 1.0
    method = "beta" if proportion in (0, 1) else "wilson"
    low, high = proportion_confint(proportion * effective, effective, alpha=2 * alpha, method=method)
    return max(float(low), 0.0), min(float(high), 1.0)
