"""The page says what the numbers say."""

from functools import cache

import numpy as np
import pytest
from PIL import Image

from ipllvm.metrics.alignment import Alignment
from ipllvm.paper.real.aligning import pairs, shuffled
from ipllvm.paper.real.measuring import COARSER, ITSELF, MODES, PHOTOGRAPH, ScoreKey
from ipllvm.paper.real.page import Results, Spent, difference, markdown
from ipllvm.paper.real.photographs import Photograph
from ipllvm.records import Scores

N = 20
PHOTOGRAPHS = [
    Photograph(f"p{n}", Image.effect_noise((28, 28), 60 + n).convert("RGB"), f"thing {n}") for n in range(N)
]


def scores(share: float) -> Scores:
    """Of five crops of each photograph the first `share` of all are found."""
    crops = [(f"p{n}", f"p{n} {c}") for c in range(5) for n in range(N)]
    values = np.array([float(place < share * len(crops)) for place in range(len(crops))])
    return Scores("s", tuple(c for _, c in crops), tuple(p for p, _ in crops), values[:, None])


def results(vit: float, cnn: float) -> Results:
    found = {
        ScoreKey(name, what, mode, at): scores(1.0 if at == 0 else share)
        for name, share in (("V", vit), ("C", cnn))
        for what in (PHOTOGRAPH, ITSELF)
        for mode in (*MODES, "shuffled", COARSER)
        for at in ((0.0, 14.0) if mode in ("shuffled", COARSER) else (0.0, 0.5))
    }
    return Results(PHOTOGRAPHS, ("V", "C"), found, {"as they are": aligned()}, 1e-6, 2, Spent(70.0, 3.0))


@cache
def aligned() -> dict[tuple[str, str], Alignment]:
    """Two that are the same and one that has nothing to do with them."""
    rng = np.random.default_rng(3)
    stack = rng.standard_normal((N, 2, 8))
    return pairs({"V": stack, "C": stack, "words": rng.standard_normal((N, 3, 8))})


def test_a_gap_is_said_with_its_interval_and_none_is_not() -> None:
    apart, alike = markdown(results(0.9, 0.3)), markdown(results(0.5, 0.5))
    assert apart.count(": V finds it more often.") == 10 and "can't be told apart" not in apart
    assert alike.count(": the two can't be told apart.") == 10
    assert markdown(results(0.3, 0.9)).count(": C finds it more often.") == 10
    assert "| 0.5 | 90.0 [" in apart and "| 14 x 14 | 90.0 [" in apart
    assert "- Half in black, random, cells of 14 x 14, the photograph itself: V minus C" in apart
    assert "| 16 x 16, as above | 90.0 [" in apart
    assert "**20 photographs only**: whole, made square, and 3 crops of each" in apart


def test_a_page_says_what_it_took_and_what_an_earlier_run_had_left() -> None:
    assert "`python -m ipllvm.paper.real`, 70 s, 3 s of the processor)" in markdown(results(0.9, 0.3))
    assert str(Spent(70.0, 3.0, 1920)).endswith("; 1,920 pictures came from a run that was stopped")


def test_differences_are_crop_by_crop() -> None:
    found = difference(results(0.9, 0.3), PHOTOGRAPH, "random", 0.5)
    assert found.value == pytest.approx(60.0) and found.low < 60 < found.high


def test_tables_are_whole() -> None:
    tables = [block for block in markdown(results(0.9, 0.3)).split("\n\n") if block.startswith("|")]
    assert len(tables) == 13
    for block in tables:
        rows = block.split("\n")
        assert len({row.count("|") for row in rows}) == 1 and len(rows) >= 4


def test_what_is_alike_is_aligned_and_what_is_not_is_not() -> None:
    found = aligned()
    assert found["V", "C"].observed == 1.0 and found["V", "C"].p < 0.01
    assert found["V", "words"].p > 0.05


def test_shuffled_photographs_keep_name_and_caption_and_pixels() -> None:
    changed = shuffled(PHOTOGRAPHS, grid=14)
    for one, other in zip(PHOTOGRAPHS, changed, strict=True):
        assert (one.name, one.caption) == (other.name, other.caption)
        assert one.picture.tobytes() != other.picture.tobytes()
        assert sorted(one.picture.tobytes()) == sorted(other.picture.tobytes())
