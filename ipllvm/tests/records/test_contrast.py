"""Contrasts pair by sample id and come back from builtins as they were; claims know their side."""

import json
from dataclasses import replace

import numpy as np
import pytest

from ipllvm import claims
from ipllvm.records import Claim, Contrast, Failed

BELOW = Contrast("below", np.array([0.5, 1.0]), ("a", "b"), samples=("s", "t"), weighted=True)
WHOLE = Contrast(
    "drop", np.array([1.0, 0.0]), ("a", "b"), 2.0, 0.5, 2, 1, ("s", "t"), over=BELOW, share=0.9,
    crossed=np.array([[1.0, 1.0], [0.0, 0.0]]),
)  # fmt: skip


@pytest.mark.parametrize("contrast", [BELOW, WHOLE], ids=["plain", "ratio of crossed draws"])
def test_builtins_give_back_the_contrast(contrast: Contrast) -> None:
    sent = json.loads(json.dumps(contrast.to_builtins()))
    back = Contrast.of_builtins(sent)
    assert json.dumps(back.to_builtins()) == json.dumps(contrast.to_builtins())
    assert (back.samples, back.clusters, back.share) == (contrast.samples, contrast.clusters, contrast.share)
    assert np.array_equal(back.values, contrast.values) and back.together == contrast.together


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(TypeError, match="moon"):
        Contrast.of_builtins({**BELOW.to_builtins(), "moon": 1})


def test_pairs_are_by_sample_and_not_by_place() -> None:
    other = Contrast("again", np.zeros(3), ("x",) * 3, samples=("t", "u", "s"))
    assert WHOLE.paired_with(other) == ([0, 1], [2, 0])
    assert other.paired_with(WHOLE) == ([0, 2], [1, 0])


@pytest.mark.parametrize("claim", claims.load().values(), ids=lambda claim: claim.name)
def test_a_claim_knows_its_side(claim: Claim) -> None:
    assert claim.sign == {"at_most": 1, "at_least": -1}[claim.direction]
    assert claim.signed_margin == pytest.approx(claim.sign * claim.margin / 100)
    assert claim.words == f"{claim.direction.replace('_', ' ')} {claim.margin:g} points"


def test_a_part_has_its_part_of_all_that_goes_with_the_values() -> None:
    below = Contrast("below", np.arange(4.0), tuple("abcd"), samples=tuple("wxyz"))
    whole = Contrast(
        "drop", np.arange(4.0), tuple("abcd"), samples=tuple("wxyz"), n_error=2,
        failed=(Failed("s", "a"), Failed("t", "e")),
        crossed=np.arange(12.0).reshape(4, 3), over=below, signed=False,
    )  # fmt: skip
    part = whole.only(np.array([True, False, False, True]))
    assert part.crossed is not None and part.crossed.tolist() == [[0, 1, 2], [9, 10, 11]]
    assert part.over is not None and part.over.values.tolist() == [0, 3] == part.values.tolist()
    assert (part.clusters, part.samples, part.over.samples) == (("a", "d"), ("w", "z"), ("w", "z"))
    assert (part.n_error, part.failed, part.signed) == (0, (), False)
    assert len(replace(whole, samples=(), over=None).only(np.zeros(4, bool)).values) == 0


@pytest.mark.parametrize("interval", [(-0.5, 0.5), (-0.5, -0.1), (0.2, 0.3)])
def test_only_what_can_not_be_negative_is_cut_at_0(interval: tuple[float, float]) -> None:
    drop = Contrast("drop", np.zeros(2), ("a", "b"))
    assert drop.inside(interval) == interval
    low, high = interval
    assert replace(drop, signed=False).inside(interval) == (max(low, 0), max(high, 0))
