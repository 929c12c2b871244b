"""Guards that a verdict leans on, each with the law or the number that a slip would break."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipllvm.metrics.influence import ratio_change
from ipllvm.records import Claim, Contrast, Decision, Verdict
from ipllvm.stats import student
from ipllvm.stats.clusters import effective_clusters
from ipllvm.verdicts import release, sequential
from ipllvm.verdicts.decide import decide, withheld

CLAIM = Claim("permutation", "performance_drop", "at_most", 2.0, "requirement", "paper", "costs little")
SHARE = 0.5

p_values = st.floats(0, 1)
verdicts = st.builds(
    Verdict,
    decision=st.sampled_from(Decision),
    reason=st.text(max_size=9),
    p_holds=p_values,
    p_violated=p_values,
    p_worse=st.none() | p_values,
)


@given(verdicts)
def test_what_is_withheld_counts_as_nothing_known(verdict: Verdict) -> None:
    """With its small p-value it would hold in the family of its model, whatever it says itself."""
    kept = withheld(verdict, "the captions could not be drawn")
    assert (kept.decision, kept.p_holds, kept.p_violated) == (Decision.UNDECIDED, 1.0, 1.0)
    assert kept.reason == "the captions could not be drawn"


def row(verdict: Verdict) -> dict[str, object]:
    """What a family reads of a row of the report."""
    about = {"name": "m", "fingerprint": "f"}
    claim = {"name": "permutation", "kind": "requirement", "primary": True, "alpha": 0.05}
    told = {name: getattr(verdict, name) for name in ("decision", "p_holds", "p_violated", "p_worse")}
    whole = {"partial": False, "outcome": "passed", "settings": {}}
    return {"model": about, "benchmark": {"name": "b"}, "claim": claim, "verdict": told, **whole}


def test_a_withheld_verdict_is_open_in_its_family() -> None:
    held = Verdict(Decision.HOLDS, "", 0.001, 1.0)
    for verdict, decision in ((held, "HOLDS"), (withheld(held, "no"), "UNDECIDED")):
        (family,) = release.families([row(verdict)])
        assert family.answer.decision == decision


def test_looks_and_the_last_one_share_one_level() -> None:
    assert sequential.LOOKING + sequential.FINAL == 1 and 0 < sequential.FINAL < sequential.LOOKING


def spread(clusters: int, moved: int) -> Contrast:
    """A contrast of which so many clusters move and the others do not."""
    values = np.where(np.arange(clusters) < moved, 1.0, 0.0)
    return Contrast("drop", values, tuple(map(str, range(clusters))), weighted=True)


@pytest.mark.parametrize(("moved", "information", "enough"), [(18, 19.7, False), (19, 20.9, True)])
def test_a_t_needs_twenty_clusters_that_inform(moved: int, information: float, enough: bool) -> None:
    found = spread(400, moved)
    assert effective_clusters(found) == pytest.approx(information, abs=0.1)
    assert student.enough(found) is enough and student.uninformed(found) is not enough


@pytest.mark.parametrize(("clusters", "enough"), [(29, False), (30, True)])
def test_a_t_needs_thirty_clusters(clusters: int, enough: bool) -> None:
    assert student.enough(spread(clusters, 15)) is enough


def claimed(above: "np.ndarray", below: "np.ndarray") -> Contrast:
    """A claim that above / below is at least a half, on samples of their own."""
    ids = tuple(map(str, range(len(above))))
    over = Contrast("below", below, ids, samples=ids, weighted=True)
    values = above - SHARE * below
    return Contrast("kept", values, ids, bound=1.0, samples=ids, weighted=True, over=over, share=SHARE)


def test_how_far_a_sample_can_move_a_ratio_by_hand() -> None:
    """Ratios 1 and 0.75 of a denominator of 0.8: (1 + |R - 1/2|) / 0.8 each, and the difference of both."""
    below = np.where(np.arange(100) < 80, 1.0, 0.0)
    old, new = claimed(below, below), claimed(np.where(np.arange(100) < 60, 1.0, 0.0), below)
    found = ratio_change("worse", -1.0, old, new)
    assert float(found.values.mean()) == pytest.approx(0.25)
    assert found.bound == pytest.approx((1 + 0.5) / 0.8 + (1 + 0.25) / 0.8 + 0.25)


def missing(lost: int, kept: int, n_error: int) -> Contrast:
    """So many samples that lost of those that were measured, and others that were not."""
    values = np.where(np.arange(kept) < lost, 1.0, 0.0)
    return Contrast("drop", values, tuple(map(str, range(kept))), n_error=n_error)


@pytest.mark.parametrize(
    ("contrast", "tips"),
    [
        (missing(4, 300, 4), True),
        (missing(4, 300, 0), False),
        (missing(2, 300, 2), False),
        (missing(10, 300, 3), False),
        (missing(10, 300, 0), False),
        (missing(9, 300, 12), True),
    ],
)
def test_samples_without_a_score_may_tip_it(contrast: Contrast, tips: bool) -> None:
    """Below the margin all of them may lose, above it none: then no number of samples decides."""
    verdict = decide(contrast, replace(CLAIM, margin=2.0))
    assert verdict.decision is Decision.UNDECIDED
    assert ("could tip it either way" in verdict.reason) is tips
    assert not tips or verdict.n_to_decide is None
