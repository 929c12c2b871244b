"""Clusters, against sums that are made one by one."""

import numpy as np
import pytest

from ipllvm.records import Contrast
from ipllvm.stats.clusters import cluster_sums, deviations, effective_clusters, independent, mean_size, spread
from ipllvm.tests.stats.contrasts import doubled, drawn, flips, retention, scattered, uneven

CONTRASTS = {"singles": flips(60, 5, 2), "alike": scattered(), "uneven": uneven(), "drawn": drawn(),
             "twice the range": doubled(), "graded": retention()}  # fmt: skip


@pytest.mark.parametrize("name", CONTRASTS)
def test_everything_about_clusters_is_a_sum_over_them(name: str) -> None:
    contrast = CONTRASTS[name]
    groups: dict[str, list[float]] = {}
    for value, cluster in zip(contrast.values, contrast.clusters, strict=True):
        groups.setdefault(cluster, []).append(float(value))
    rows = [groups[cluster] for cluster in sorted(groups)]
    totals, sizes = cluster_sums(contrast)
    assert totals.tolist() == pytest.approx([sum(row) for row in rows])
    assert sizes.tolist() == [len(row) for row in rows]
    mean, k = float(np.mean(contrast.values)), len(rows)
    off = [sum(row) - mean * len(row) for row in rows]
    assert deviations(totals, sizes) == pytest.approx(off)
    assert spread(totals, sizes) == pytest.approx(sum(each**2 for each in off) * k / (k - 1))
    assert effective_clusters(contrast) == pytest.approx(
        sum(each**2 for each in off) ** 2 / sum(each**4 for each in off)
    )
    assert independent(sizes) == pytest.approx(len(contrast.values) ** 2 / sum(len(row) ** 2 for row in rows))
    assert mean_size(sizes) == pytest.approx(sum(len(row) ** 2 for row in rows) / len(contrast.values))


def test_the_spread_of_single_samples_is_their_variance() -> None:
    values = np.array([0.5, -0.25, 0.75, 0.0, 1.0])
    assert spread(values, np.ones(5, int)) == pytest.approx(5 * np.var(values, ddof=1))
    assert spread(values[:2], np.ones(2, int)) == pytest.approx(2 * np.var(values[:2], ddof=1))
    assert spread(values[:1], np.ones(1, int)) == 0


def test_of_nothing_nothing_is_known() -> None:
    none = np.zeros(0, int)
    assert (independent(none), mean_size(none), effective_clusters(flips(0, 0))) == (0.0, 1.0, 0.0)


@pytest.mark.parametrize(("beyond", "refused"), [(5e-10, False), (1e-9, False), (1.2e-9, True), (1e-6, True)])
@pytest.mark.parametrize("side", [1, -1])
def test_a_value_may_exceed_its_bound_by_rounding_alone(beyond: float, refused: bool, side: int) -> None:
    contrast = Contrast("drop", side * np.array([0.0, 0.5 + beyond]), ("a", "b"), bound=0.5)
    if refused:
        with pytest.raises(ValueError, match=r"drop: a value is not a number in \[-0.5, 0.5\]"):
            cluster_sums(contrast)
    else:
        assert cluster_sums(contrast)[0][1] == contrast.values[1]
