"""The image matters first, then the text (paper section 3.7, Fig. 9 right).

Claims: in the lowest quarter of the layers noise on the image's positions costs more than noise on the
text's, and in the layers above it is the other way round. Statistic: the mean over samples of the score
under noise on the text minus that under noise on the image, averaged over those layers and over K
draws (strengths shared, as in layer_importance). Kind: observations; margin 0, an order and no size.
There are more image than text positions: the noise's energy is not made equal.
"""

from typing import TYPE_CHECKING

import pytest

from ipllvm.metrics.importance import lowest_quarter, more_lost
from ipllvm.metrics.performance_drop import gain, performance_drop
from ipllvm.metrics.weighted import drawn
from ipllvm.perturbations.noise import LayerNoise, amplitudes
from ipllvm.perturbations.substitution import Blank
from ipllvm.records import Target

if TYPE_CHECKING:
    from ipllvm.assessment import Evaluation

MODALITIES = (Target.IMAGE, Target.TEXT)


@pytest.mark.observation
def test_modality_importance(evaluation: "Evaluation") -> None:
    """Text-noise score minus image-noise score: above 0 in the lowest quarter, below 0 in the rest."""
    settings, layers = evaluation.settings, range(evaluation.model.layers())
    strengths = amplitudes(settings.draws, settings.seed)
    places = [(target, layer) for target in MODALITIES for layer in layers]
    noises = [
        LayerNoise(layer, settings.noise, s, target=target) for target, layer in places for s in strengths
    ]
    clean, blank, *scores = evaluation.run(Blank(), *noises, draws=1)
    k = len(strengths)
    noisy = {
        place: drawn(f"{place[0]} {place[1] + 1}", scores[i * k : (i + 1) * k])
        for i, place in enumerate(places)
    }
    quantity = "what noise on the {} positions of a layer's input costs (higher = more important)"
    lost = [
        evaluation.profile(
            target.value,
            quantity.format(target.value),
            "layer",
            {layer + 1.0: performance_drop(clean, noisy[target, layer]) for layer in layers},
        )
        for target in MODALITIES
    ]
    low = lowest_quarter(len(layers))
    for claim, part in (("image_first", layers[:low]), ("then_text", layers[low:])):
        image, text = [[noisy[target, layer] for layer in part] for target in MODALITIES]
        evaluation.check(
            claim,
            more_lost(claim, here=image, there=text),
            shown={
                "clean": clean,
                "blank": blank,
                "image": drawn("image", image),
                "text": drawn("text", text),
            },
            something_to_lose=gain(clean, blank),
            series=lost,
        )
