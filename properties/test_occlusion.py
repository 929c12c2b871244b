"""LLVMs are robust to occlusion (paper section 3.5, Fig. 6).

Claim: with half of the image's cells in black, at random, at least half of what seeing is worth is
left. Statistic: the mean over samples of (s_50 - s_blank) - 0.5 (s_clean - s_blank), with s averaged
over draws; a fresh mask per (seed, sample, draw), nested over the ratios. The curves of random,
salient and non-salient drops from 0 to 0.9 and the normalised area under each stand beside it. Kind:
requirement; the paper prints curves and no margin, a half is this project's reading of "robust".
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.metrics.curves import kept_share, normalised_area
from ipllvm.metrics.performance_drop import gain
from ipllvm.perturbations.occlusion import RandomDrop, SalientDrop
from ipllvm.perturbations.substitution import Blank

if TYPE_CHECKING:
    from ipllvm.assessment import Evaluation
    from ipllvm.records import Perturbation

RATIOS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
HALF = 0.5


@pytest.mark.requirement
def test_occlusion(evaluation: "Evaluation") -> None:
    """What is kept at half the image minus half of what can be lost, at least 0."""
    maps = evaluation.saliency
    modes: dict[str, list[Perturbation]] = {
        "random": [RandomDrop(ratio) for ratio in RATIOS],
        "salient": [SalientDrop(ratio, provider=maps) for ratio in RATIOS],
        "non_salient": [SalientDrop(ratio, lowest=True, provider=maps) for ratio in RATIOS],
    }
    clean, blank, *dropped = evaluation.run(Blank(), *(drop for drops in modes.values() for drop in drops))
    curves = {
        mode: {0.0: clean, **dict(zip(RATIOS, dropped[i * len(RATIOS) :], strict=False))}
        for i, mode in enumerate(modes)
    }
    quantity = "score with that share of the image in black (higher = more robust)"
    evaluation.check(
        "occlusion",
        kept_share(clean, blank, curves["random"][HALF], HALF),
        shown={"clean": clean, "blank": blank, **{f"{m}_50": curve[HALF] for m, curve in curves.items()}},
        something_to_lose=gain(clean, blank),
        series=[evaluation.curve(mode, quantity, "ratio", curve) for mode, curve in curves.items()],
        beside={f"area_{mode}": normalised_area(curve, 0.0) for mode, curve in curves.items()},
    )
