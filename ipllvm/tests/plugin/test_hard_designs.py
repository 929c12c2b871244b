"""Designs that a plain test gets wrong, on planted models: a giant cluster, graded scores."""

from pathlib import Path
from typing import Any

import pytest

from ipllvm.benchmarks import planted
from ipllvm.scorers.nearby_choice import CREDIT
from ipllvm.tests.plugin.sessions import properties, session


def row(folder: Path, model: str, *arguments: str) -> dict[str, Any]:
    """What permutation of a planted model comes to."""
    folder.mkdir(exist_ok=True)
    chosen = ("-k", "permutation_invariance", f"--model=planted:{model}", "--device=cpu", "--draws=1")
    done = session(folder, *properties(*chosen, *arguments, "--report-only", "--no-store"))
    assert done.status == 0
    (found,) = done.report()["results"]
    return dict(found)


@pytest.mark.slow
def test_a_giant_cluster_leaves_little_to_say_and_its_singles_much(tmp_path: Path) -> None:
    """All 1,500 samples with 750 in one cluster are worth four clusters; 300 of 751 are worth 300."""
    whole = row(tmp_path / "whole", "invariant", "--benchmark=planted-giant", "--samples=all")
    assert (whole["verdict"]["decision"], whole["verdict"]["p_holds"] > 0.05) == ("UNDECIDED", True)
    part = row(tmp_path / "part", "invariant", "--benchmark=planted-giant", "--samples=300")
    assert part["verdict"]["decision"] == "HOLDS"


@pytest.mark.slow
@pytest.mark.parametrize(("broken", "decision"), [(0.0, "HOLDS"), (0.5, "VIOLATED")])
def test_graded_scores_are_decided_by_their_truth(tmp_path: Path, broken: float, decision: str) -> None:
    """A broken answer is any of the three wrong ones alike, each with its credit."""
    found = row(tmp_path, f"exact-drop,d={broken}", "--benchmark=planted-graded", "--samples=all")
    drop = found["estimates"]["performance_drop"]
    others = [[CREDIT[abs(p - q)] for q in range(4) if q != p] for p in range(4)]
    credit = sum(map(sum, others)) / 12
    assert found["verdict"]["decision"] == decision
    assert drop["low"] <= 100 * 0.9 * broken * (1 - credit) <= drop["high"]
    assert found["settings"]["scorer"] == "nearby_choice"


def test_the_giant_is_half_of_its_benchmark() -> None:
    samples = planted.giant(3).samples
    clusters = [sample.cluster for sample in samples]
    assert len(samples) == 1500 and len(set(clusters)) == 751
    assert clusters.count(clusters[0]) == 750
