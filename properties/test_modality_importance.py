"""The image matters first, then the text (paper section 3.7, Fig. 9 right).

Claims: in the lowest quarter of the layers noise on the image's positions costs more than noise on the
text's, and in the layers above it is the other way round. Statistic: the mean over samples of the score
under noise on the text minus that under noise on the image, averaged over those layers and over K
draws (strengths shared, as in layer_importance). Kind: observations; margin 0, an order and no size.
Beside it stand the image's share, I_I / (I_I + I_T), where there is anything to share, and the layer at
which its lead is first lost. There are more image than text positions: the energy is not made equal.
"""

from functools import partial
from typing import TYPE_CHECKING

import pytest

from ipllvm.evaluation.shown import Shown
from ipllvm.metrics.importance import crossing, lowest_quarter, more_lost
from ipllvm.metrics.performance_drop import gain
from ipllvm.metrics.weighted import drawn
from ipllvm.perturbations.noise import LayerNoise
from ipllvm.records import Target
from ipllvm.sampling import generator

if TYPE_CHECKING:
    from ipllvm.evaluation.evaluation import Evaluation
    from ipllvm.records import Perturbation, Series

TARGETS = (Target.IMAGE, Target.TEXT)


@pytest.mark.observation
@pytest.mark.claims("image_first", "then_text")
@pytest.mark.parameters("noise_kind")
def test_modality_importance(evaluation: "Evaluation") -> None:
    """Text-noise score minus image-noise score: above 0 in the lowest quarter, below 0 in the rest."""
    from ipllvm.evaluation import importance

    settings, count = evaluation.settings, evaluation.model.layers()
    places = {
        f"{target} {layer + 1}": partial(LayerNoise, layer, evaluation.parameter("noise_kind"), target=target)
        for target in TARGETS
        for layer in range(count)
    }
    clean, blank, noisy = importance.under_noise(evaluation, places)
    image, text = noisy[:count], noisy[count:]
    leads = [more_lost("lead", here=[i], there=[t]) for i, t in zip(image, text, strict=True)]

    def curves() -> "list[Series]":
        return [
            importance.by_layer("lost_image", clean, image),
            importance.by_layer("lost_text", clean, text),
            importance.image_share(clean, image, text),
        ]

    low = lowest_quarter(count)
    claims = {"image_first": range(low), "then_text": range(low, count)}
    for claim, layers in claims.items():
        part = slice(layers.start, layers.stop)
        parts = {"image": drawn("image", image[part]), "text": drawn("text", text[part])}
        evaluation.check(
            claim,
            importance.decisive(evaluation, claim, partial(more_lost, claim), image[part], text[part]),
            Shown(
                {"clean": clean, "blank": blank, **parts},
                series=curves,
                noted={"crossing": str(crossing(leads, generator(settings.seed, "crossing")))},
                about=partial(_is_at, layers),
            ),
            something_to_lose=gain(clean, blank),
        )


def _is_at(layers: range, perturbation: "Perturbation") -> bool:
    return isinstance(perturbation, LayerNoise) and perturbation.layer in layers
