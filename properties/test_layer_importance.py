"""The lower layers of the language model matter most (paper section 3.7, Fig. 9 left).

Claim: of all that noise on the input of a single layer costs, summed over the layers, at least half
is lost in the lowest quarter of them. Statistic: the mean over samples of sum_Q e_l - 0.5 sum_all e_l,
e_l = clean score - score under noise at layer l, averaged over K draws; a draw's strength is one for
all samples and layers, its noise is fresh per (draw, layer, sample). Kind: observation; "most" is read
as half. Beside it stand the paper's importance (by the best draw, which is biased low by selection, by
the mean and by the worst), all K scores, and the quarter's share. Where noise brings more than half of
the layers to the blank-image score the map is saturated: nothing is decided, and the milder noise of
Keskar et al. is shown beside it. Nor is anything decided where noise at more than half of them is not shown
to leave more than a blank image.
"""

from functools import partial
from typing import TYPE_CHECKING

import pytest

from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.importance import quarter_share
from ipllvm.metrics.performance_drop import gain
from ipllvm.perturbations.noise import LayerNoise

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation
    from ipllvm.records import Scores, Series

HALF, MILDER = 0.5, "keskar"


@pytest.mark.observation
@pytest.mark.parameters("noise_kind")
def test_layer_importance(evaluation: "Evaluation") -> None:
    """What is lost in the lowest quarter minus half of all that is lost, at least 0."""
    from ipllvm.evaluation import importance
    from ipllvm.verdicts import series

    kind, layers = evaluation.parameter("noise_kind"), range(evaluation.model.layers())
    places = {f"layer {layer + 1}": partial(LayerNoise, layer, kind) for layer in layers}
    clean, blank, noisy = importance.under_noise(evaluation, places)
    saturated = importance.saturated(blank, noisy)
    other: list[Scores] = []
    if saturated and kind != MILDER:
        milder = {f"layer {layer + 1}": partial(LayerNoise, layer, MILDER) for layer in layers}
        *_, other = importance.under_noise(evaluation, milder)

    def curves() -> "list[Series]":
        found = [importance.by_layer("lost", clean, noisy), *importance.recorded(clean, noisy, "layer")]
        return [*found, *([importance.by_layer(f"lost_{MILDER}", clean, other)] if other else [])]

    share = importance.share_of_lowest_quarter(clean, noisy)
    evaluation.check(
        "layer_importance",
        importance.decisive(evaluation, "layer_importance", partial(quarter_share, clean, share=HALF), noisy),
        Shown(
            {"clean": clean, "blank": blank, "first_layer": noisy[0], "last_layer": noisy[-1]},
            beside={"share_of_lowest_quarter": series.percent("share_of_lowest_quarter", share)},
            series=curves,
        ),
        something_to_lose=gain(clean, blank),
        obstacle=saturated or importance.unclear(blank, noisy),
    )
