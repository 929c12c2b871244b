"""Numbers of comparisons that are pinned: the range of a difference, its interval, its verdict."""

from dataclasses import replace

import numpy as np
import pytest

from ipllvm import claims
from ipllvm.gate import baseline
from ipllvm.gate.baseline import BaselineEntry, clean_claim
from ipllvm.gate.compare import change
from ipllvm.records import Claim, Contrast
from ipllvm.tests.reporting import reports

PERMUTATION = claims.load()["permutation"]
IMAGE_USE = claims.load()["image_use"]
CLEAN = clean_claim(2.0)
N = 600


def entry(claim: Claim, values: "np.ndarray") -> BaselineEntry:
    """What a baseline keeps of samples of their own clusters."""
    ids = tuple(f"s{i}" for i in range(len(values)))
    contrast = Contrast(claim.quantity, values.astype(float), ids, samples=ids)
    made = replace(reports.result(), claim=claim, paired=((claim, contrast),))
    (row,) = baseline.rows(made)
    return next(iter(baseline.of({}, [row]).entries.values()))


def first(count: int, value: float = 1.0) -> "np.ndarray":
    """So many samples with a value, the others with 0."""
    return np.where(np.arange(N) < count, value, 0.0)


GATES = {
    "nothing changes": (PERMUTATION, first(0), first(0), (0.0, -0.996, 0.996), "HOLDS"),
    "a tenth drops more": (PERMUTATION, first(0), first(60), (10.0, 8.030, 12.355), "VIOLATED"),
    "from gain to loss": (PERMUTATION, first(60, -1.0), first(60), (20.0, 16.095, 24.497), "VIOLATED"),
    "a little less use of the image": (IMAGE_USE, first(30), first(24), (1.0, 0.277, 2.189), "UNDECIDED"),
    "the clean score falls": (CLEAN, first(300), first(270), (5.0, 3.610, 6.775), "VIOLATED"),
}


@pytest.mark.parametrize("name", sorted(GATES))
def test_five_gates_have_these_numbers(name: str) -> None:
    claim, before, after, numbers, decision = GATES[name]
    found = change(entry(claim, before), entry(claim, after), "b")
    told = found.estimate.value, found.estimate.low, found.estimate.high
    assert told == pytest.approx(numbers, abs=0.001)
    assert found.verdict.decision == decision


@pytest.mark.parametrize(("claim", "bound"), [(PERMUTATION, 2.0), (IMAGE_USE, 2.0), (CLEAN, 1.0)])
def test_a_difference_of_differences_has_twice_the_range(claim: Claim, bound: float) -> None:
    assert baseline.difference(entry(claim, first(0)), entry(claim, first(9))).bound == bound
