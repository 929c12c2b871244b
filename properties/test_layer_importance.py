"""The lower layers of the language model matter most (paper section 3.7, Fig. 9 left).

Claim: of all that noise on the input of a single layer costs, summed over the layers, at least half
is lost in the lowest quarter of them. Statistic: the mean over samples of sum_Q e_l - 0.5 sum_all e_l,
e_l = clean score - score under noise at layer l, averaged over K draws; a draw's strength is one for
all samples and layers, its noise is fresh per (draw, layer, sample). Kind: observation; "most" is read
as half. Where noise brings more than half of the layers to the blank-image score, the map is saturated
and nothing is decided.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.metrics.importance import quarter_share
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.metrics.weighted import drawn
from ipllvm.perturbations.noise import LayerNoise, amplitudes
from ipllvm.perturbations.substitution import Blank

if TYPE_CHECKING:
    from ipllvm.assessment import Evaluation

HALF = 0.5


@pytest.mark.observation
def test_layer_importance(evaluation: "Evaluation") -> None:
    """What is lost in the lowest quarter minus half of all that is lost, at least 0."""
    settings, layers = evaluation.settings, range(evaluation.model.layers())
    strengths = amplitudes(settings.draws, settings.seed)
    noises = [LayerNoise(layer, settings.noise, strength) for layer in layers for strength in strengths]
    clean, blank, *scores = evaluation.run(Blank(), *noises, draws=1)
    noisy = [
        drawn(f"layer {layer + 1}", scores[layer * len(strengths) : (layer + 1) * len(strengths)])
        for layer in layers
    ]
    drops = {layer + 1.0: performance_drop(clean, each) for layer, each in enumerate(noisy)}
    lost = evaluation.profile("lost", "what noise at a layer costs (higher = more important)", "layer", drops)
    evaluation.check(
        "layer_importance",
        quarter_share(clean, noisy, HALF),
        shown={"clean": clean, "blank": blank, "first_layer": noisy[0], "last_layer": noisy[-1]},
        something_to_lose=gain(clean, blank),
        series=[lost],
        obstacle=evaluation.saturated(blank, noisy),
    )
